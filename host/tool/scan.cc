// SPDX-License-Identifier: Apache-2.0
#include "host/tool/scan.h"

#include <cerrno>
#include <fstream>
#include <sstream>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <sys/stat.h>

namespace dsw {

namespace fs = std::filesystem;

Result<fs::path> ResolveDirectory(const fs::path& directory) {
  std::error_code error;
  const fs::path resolved = fs::canonical(directory, error);
  if (error) return Fail(Code::kNotFound, directory.string() + ": " + error.message());
  if (!fs::is_directory(resolved, error)) {
    return Fail(Code::kInvalid, directory.string() + ": is not a directory");
  }
  return resolved;
}

Result<std::string> ReadWholeFile(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream content;
  if (!in || !(content << in.rdbuf())) {
    return Fail(Code::kNotFound, path.string() + ": cannot be read");
  }
  return std::move(content).str();
}

Status ReplaceFile(const fs::path& path, std::string_view content) {
  const fs::path fresh = path.string() + ".tmp";
  const auto failed = [&](int error) {
    return Fail(Code::kUnavailable, fmt::format("{}: cannot be written: {}", path.string(),
                                                std::generic_category().message(error)));
  };
  std::ofstream out(fresh, std::ios::binary | std::ios::trunc);
  out << content;
  out.close();
  if (!out || chmod(fresh.c_str(), 0644) != 0) return failed(errno);
  std::error_code error;
  fs::rename(fresh, path, error);
  if (error) return failed(error.value());
  return {};
}

}  // namespace dsw
