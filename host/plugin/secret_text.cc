// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/secret_text.h"

#include <fmt/format.h>

#include "host/base/utf8.h"

namespace dsw {
namespace {

constexpr std::string_view kOpen = "{{secret:";
constexpr std::string_view kClose = "}}";

}  // namespace

std::string SecretPlaceholder(std::string_view name) {
  return fmt::format("{}{}{}", kOpen, name, kClose);
}

Result<std::string> ExpandSecrets(std::string_view text,
                                  const std::map<std::string, Secret, std::less<>>& secrets) {
  std::string expanded;
  for (;;) {
    const std::size_t open = text.find(kOpen);
    const std::size_t close = open == std::string_view::npos ? open : text.find(kClose, open);
    if (close == std::string_view::npos) return expanded.append(text);
    const std::size_t name_at = open + kOpen.size();
    const std::string_view name = text.substr(name_at, close - name_at);
    const auto secret = secrets.find(name);
    if (secret == secrets.end()) {
      return Fail(Code::kInvalid,
                  fmt::format("the settings have no secret \"{}\"", CleanUtf8(name)));
    }
    expanded.append(text.substr(0, open)).append(secret->second.Reveal());
    text.remove_prefix(close + kClose.size());
  }
}

}  // namespace dsw
