// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/plugin_file.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gnu/libc-version.h>
#include <openssl/evp.h>
#include <sys/stat.h>

#include <dsw/plugin.h>

#include "host/plugin/elf_file.h"
#include "host/plugin/file_stamp.h"
#include "host/plugin/sealed_copy.h"

namespace dsw {
namespace {

constexpr std::size_t kLargestFile = std::size_t{1} << 30;

Status CheckUnchanged(const PluginFile& file) {
  struct stat now {};
  if (stat(file.file.path.c_str(), &now) != 0) {
    return Fail(Code::kInvalid, "cannot be read: " + std::generic_category().message(errno));
  }
  if (StampOf(now) != StampOf(file.file.facts)) {
    return Fail(Code::kInvalid, "was replaced after it was checked; start again");
  }
  return {};
}

bool LeadsOut(const std::filesystem::path& directory, const std::filesystem::path& file) {
  std::error_code error;
  const std::filesystem::path from = std::filesystem::canonical(directory, error);
  const auto end = std::mismatch(from.begin(), from.end(), file.begin(), file.end());
  return error || end.first != from.end();
}

bool LooksBesideItself(std::string_view image) {
  const Result<ElfFile> elf = ParseElf(image);
  return elf && (elf->run_path.find("$ORIGIN") != std::string::npos ||
                 elf->run_path.find("${ORIGIN}") != std::string::npos);
}

}  // namespace

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

Result<PluginFile> ReadPluginFile(const std::filesystem::path& directory, const std::string& name) {
  PluginFile plugin;
  ASSIGN_OR_RETURN(plugin.file, OpenGuarded(directory / name));
  ASSIGN_OR_RETURN(plugin.image, ReadAll(plugin.file, kLargestFile));
  plugin.sha256 = Sha256Hex(plugin.image);
  GuardedFile& file = plugin.file;
  if (file.exposure == Exposure::kNone && LeadsOut(directory, file.path)) {
    file.exposure = Exposure::kPartly;
    file.exposed = fmt::format("is a link out of its directory, to {}; put the file itself there",
                               file.path.string());
  }
  return plugin;
}

Result<LoadSource> HoldForLoading(PluginFile file, bool exact) {
  const bool in_place = file.file.immutable || LooksBesideItself(file.image);
  if (!in_place) {
    ASSIGN_OR_RETURN(const SealedCopy copy, Seal(file.image, file.sha256, file.file.path.string()));
    return LoadSource{.fd = copy.fd, .load_path = copy.path, .sealed = true};
  }
  if (exact && !file.file.immutable) {
    return Fail(Code::kInvalid,
                "looks for libraries beside itself ($ORIGIN) and so has to be loaded in its place, "
                "where others than root can change it; let root own it and every directory above "
                "it, writable for nobody else");
  }
  RETURN_IF_ERROR(CheckUnchanged(file));
  return LoadSource{
      .fd = file.file.fd.Release(), .load_path = file.file.path.string(), .sealed = false};
}

Result<Manifest> ReadManifest(std::string_view image) {
  ASSIGN_OR_RETURN(const ElfFile elf, ParseElf(image));
  if (!elf.native) {
    return Fail(Code::kInvalid, fmt::format("is built for {}, this machine is {}", elf.architecture,
                                            NativeArchitecture()));
  }
  if (!elf.shared_object) return Fail(Code::kInvalid, "is an ELF file but not a shared object");
  if (NewerVersion(elf.glibc, gnu_get_libc_version())) {
    return Fail(Code::kInvalid, fmt::format("needs GLIBC_{}, this machine has {}; build it on the "
                                            "oldest system that it is to run on",
                                            elf.glibc, gnu_get_libc_version()));
  }
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
