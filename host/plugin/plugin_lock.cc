// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/plugin_lock.h"

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace dsw {
namespace {

constexpr std::size_t kFields = 6;
constexpr std::string_view kHeader =
    "# sha256 file id version mode grants\n"
    "# mode: inproc, isolated or any; grants: a list with commas, or -\n";

bool IsBlank(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

/// Printable and without blanks, so that it survives being written and read again.
bool IsField(std::string_view text) {
  return !text.empty() && std::none_of(text.begin(), text.end(),
                                       [](unsigned char c) { return c <= ' ' || c == 0x7F; });
}

std::vector<std::string_view> Fields(std::string_view line) {
  std::vector<std::string_view> fields;
  while (true) {
    const auto* start = std::find_if_not(line.begin(), line.end(), IsBlank);
    line.remove_prefix(static_cast<std::size_t>(start - line.begin()));
    if (line.empty()) return fields;
    const auto* end = std::find_if(line.begin(), line.end(), IsBlank);
    fields.push_back(line.substr(0, static_cast<std::size_t>(end - line.begin())));
    line.remove_prefix(fields.back().size());
  }
}

std::optional<PluginMode> ModeOf(std::string_view name) {
  for (const PluginMode mode : {PluginMode::kAny, PluginMode::kInProcess, PluginMode::kIsolated}) {
    if (ModeName(mode) == name) return mode;
  }
  return std::nullopt;
}

Result<std::vector<std::string>> ParseGrants(std::string_view text) {
  std::vector<std::string> grants;
  if (text == "-") return grants;
  while (true) {
    const std::size_t comma = text.find(',');
    const std::string_view grant = text.substr(0, comma);
    if (grant.empty() || grant == "-") {
      return Fail(Code::kInvalid, "the grants are not a list with commas, or -");
    }
    grants.emplace_back(grant);
    if (comma == std::string_view::npos) return grants;
    text.remove_prefix(comma + 1);
  }
}

Result<LockEntry> ParseEntry(const std::vector<std::string_view>& fields) {
  if (fields.size() != kFields) {
    return Fail(Code::kInvalid, fmt::format("{} fields where {} are expected: sha256 file id "
                                            "version mode grants",
                                            fields.size(), kFields));
  }
  if (!IsSha256(fields[0])) {
    return Fail(Code::kInvalid, "the first field is not 64 lower-case hexadecimal digits");
  }
  for (const std::string_view field : fields) {
    if (!IsField(field)) return Fail(Code::kInvalid, "a field has characters that are not text");
  }
  if (fields[1].find('/') != std::string_view::npos) {
    return Fail(Code::kInvalid, "the file is not one of the directory itself: it has a slash");
  }
  const std::optional<PluginMode> mode = ModeOf(fields[4]);
  if (!mode) return Fail(Code::kInvalid, "the mode is not inproc, isolated or any");
  ASSIGN_OR_RETURN(std::vector<std::string> grants, ParseGrants(fields[5]));
  return LockEntry{.sha256 = std::string(fields[0]),
                   .file = std::string(fields[1]),
                   .id = std::string(fields[2]),
                   .version = std::string(fields[3]),
                   .mode = *mode,
                   .grants = std::move(grants)};
}

}  // namespace

std::string_view ModeName(PluginMode mode) {
  switch (mode) {
    case PluginMode::kInProcess:
      return "inproc";
    case PluginMode::kIsolated:
      return "isolated";
    case PluginMode::kAny:
      break;
  }
  return "any";
}

const LockEntry* PluginLock::Find(std::string_view file) const {
  const auto found = std::find_if(entries.begin(), entries.end(),
                                  [&](const LockEntry& entry) { return entry.file == file; });
  return found == entries.end() ? nullptr : &*found;
}

Result<PluginLock> ParsePluginLock(std::string_view text) {
  PluginLock lock;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const std::vector<std::string_view> fields = Fields(line);
    if (fields.empty() || fields[0].front() == '#') continue;
    Result<LockEntry> entry = ParseEntry(fields);
    if (entry && lock.Find(entry->file) != nullptr) {
      entry = Fail(Code::kInvalid, fmt::format("{} is listed twice", entry->file));
    }
    if (!entry) return Fail(std::move(entry).error().Context(fmt::format("line {}", number)));
    lock.entries.push_back(*std::move(entry));
  }
  return lock;
}

Result<std::string> FormatPluginLock(const PluginLock& lock) {
  std::string text(kHeader);
  for (const LockEntry& entry : lock.entries) {
    std::string grants = fmt::format("{}", fmt::join(entry.grants, ","));
    if (grants.empty()) grants = "-";
    for (const std::string_view field :
         std::array<std::string_view, 4>{entry.file, entry.id, entry.version, grants}) {
      if (!IsField(field)) {
        return Fail(Code::kInvalid, fmt::format("{}: \"{}\" is empty or has blanks in it, so a "
                                                "lock cannot list it",
                                                entry.file, field));
      }
    }
    text += fmt::format("{} {} {} {} {} {}\n", entry.sha256, entry.file, entry.id, entry.version,
                        ModeName(entry.mode), grants);
  }
  return text;
}

bool IsSha256(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace dsw
