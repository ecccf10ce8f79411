// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/plugin_file.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <dsw/plugin.h>

#include "host/plugin/elf_file.h"
#include "host/plugin/file_descriptor.h"

namespace dsw {
namespace {

constexpr off_t kLargestFile = off_t{1} << 30;
constexpr mode_t kWritableByOthers = S_IWGRP | S_IWOTH;

tl::unexpected<Error> Unreadable(int error) {
  return Fail(Code::kInvalid, "cannot be read: " + std::generic_category().message(error));
}

Status CheckMode(std::string_view what, const std::filesystem::path& path,
                 const struct stat& facts) {
  if ((facts.st_mode & kWritableByOthers) == 0) return {};
  return Fail(Code::kInvalid,
              fmt::format("{} can be changed by others (mode {:04o}); run: chmod go-w {}", what,
                          facts.st_mode & 07777u, path.string()));
}

Result<std::string> ReadAll(int fd, std::size_t size) {
  std::string image(size, '\0');
  std::size_t at = 0;
  while (at < size) {
    const ssize_t count = read(fd, image.data() + at, size - at);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Unreadable(errno);
    if (count == 0) return Fail(Code::kInvalid, "changed while it was read");
    at += static_cast<std::size_t>(count);
  }
  return image;
}

std::string Sha256Hex(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1) {
    return "";
  }
  std::string hex;
  for (unsigned int i = 0; i < size; ++i) hex += fmt::format("{:02x}", digest.at(i));
  return hex;
}

}  // namespace

Result<PluginFile> ReadPluginFile(const std::filesystem::path& path) {
  struct stat directory {};
  if (stat(path.parent_path().c_str(), &directory) != 0) return Unreadable(errno);
  // Non-blocking, so that a named pipe does not hold up the scan.
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat facts {};
  if (file.get() < 0 || fstat(file.get(), &facts) != 0) return Unreadable(errno);
  if (!S_ISREG(facts.st_mode)) return Fail(Code::kInvalid, "is not a regular file");
  if (facts.st_size > kLargestFile) return Fail(Code::kInvalid, "is larger than 1 GiB");

  RETURN_IF_ERROR(CheckMode("the file", path, facts));
  RETURN_IF_ERROR(CheckMode("its directory", path.parent_path(), directory));

  PluginFile result;
  ASSIGN_OR_RETURN(result.image, ReadAll(file.get(), static_cast<std::size_t>(facts.st_size)));
  result.sha256 = Sha256Hex(result.image);
  return result;
}

Result<Manifest> ReadManifest(std::string_view image) {
  ASSIGN_OR_RETURN(const ElfFile elf, ParseElf(image));
  if (!elf.native) {
    return Fail(Code::kInvalid, fmt::format("is built for {}, this machine is {}", elf.architecture,
                                            NativeArchitecture()));
  }
  if (!elf.shared_object) return Fail(Code::kInvalid, "is an ELF file but not a shared object");
  const auto& entries = elf.entry_symbols;
  if (std::find(entries.begin(), entries.end(), DSW_ENTRY_SYMBOL) == entries.end()) {
    if (entries.empty()) {
      return Fail(Code::kInvalid, "is not a plugin: it has no symbol " DSW_ENTRY_SYMBOL);
    }
    return Fail(Code::kInvalid,
                fmt::format("is a plugin for another version of the ABI: it has {}, this worker "
                            "needs " DSW_ENTRY_SYMBOL,
                            fmt::join(entries, ", ")));
  }
  if (elf.note.empty()) {
    return Fail(Code::kInvalid,
                "has no manifest (section .note.dsw); build it with dsw_add_plugin() or put "
                "DSW_PLUGIN_MANIFEST() of <dsw/note.h> into its source");
  }
  return ParseManifest(elf.note);
}

}  // namespace dsw
