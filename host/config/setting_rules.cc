// SPDX-License-Identifier: Apache-2.0
#include "host/config/setting_rules.h"

#include <cctype>
#include <utility>

#include "host/config/credentials.h"
#include "host/config/log_filter.h"
#include "host/config/values.h"

namespace dsw::rules {

using std::chrono::milliseconds;
using std::chrono::seconds;

Rule Integer(std::int64_t Settings::*member, std::int64_t least, std::int64_t most) {
  return {fmt::format("{} to {}", least, most),
          [=](Settings& settings, std::string_view text) -> Result<std::string> {
            ASSIGN_OR_RETURN(settings.*member, ParseInteger(text, least, most));
            return fmt::format("{}", settings.*member);
          }};
}

Rule IntegerOrAuto(std::int64_t Settings::*member, std::int64_t least, std::int64_t most) {
  return {fmt::format("auto, or {} to {}", least, most),
          [=](Settings& settings, std::string_view text) -> Result<std::string> {
            settings.*member = 0;
            if (text == "auto") return std::string(text);
            ASSIGN_OR_RETURN(settings.*member, ParseInteger(text, least, most));
            return fmt::format("{}", settings.*member);
          }};
}

Rule Flag(bool Settings::*member) {
  return {"true or false", [=](Settings& settings, std::string_view text) -> Result<std::string> {
            ASSIGN_OR_RETURN(settings.*member, ParseBool(text));
            return std::string(settings.*member ? "true" : "false");
          }};
}

Rule Duration(milliseconds Settings::*member, milliseconds unit, milliseconds least,
              milliseconds most) {
  return {fmt::format("{}; {} to {}, units ms, s, m, h", unit == seconds(1) ? "seconds" : "ms",
                      FormatDuration(least), FormatDuration(most)),
          [=](Settings& settings, std::string_view text) -> Result<std::string> {
            ASSIGN_OR_RETURN(settings.*member, ParseDuration(text, unit, least, most));
            return std::string(text);
          }};
}

Rule Durations(std::vector<milliseconds> Settings::*member, milliseconds least, milliseconds most) {
  return {fmt::format("list of seconds; each {} to {}, units ms, s, m, h", FormatDuration(least),
                      FormatDuration(most)),
          [=](Settings& settings, std::string_view text) -> Result<std::string> {
            std::vector<milliseconds> durations;
            for (const std::string_view part : SplitList(text, ',')) {
              ASSIGN_OR_RETURN(const milliseconds duration,
                               ParseDuration(part, seconds(1), least, most));
              durations.push_back(duration);
            }
            if (durations.empty()) return Fail(Code::kInvalid, "expected at least one duration");
            settings.*member = std::move(durations);
            return std::string(text);
          }};
}

Rule Text(std::string Settings::*member, std::string_view what) {
  return {std::string(what), [=](Settings& settings, std::string_view text) -> Result<std::string> {
            settings.*member = text;
            return std::string(text);
          }};
}

Rule Grants() {
  return {"plugin:files and plugin:net, separated by commas",
          [](Settings& settings, std::string_view text) -> Result<std::string> {
            settings.plugin_grants.clear();
            for (const std::string_view part : SplitList(text, ',')) {
              const std::size_t colon = std::min(part.rfind(':'), part.size());
              const std::string_view right = part.substr(std::min(colon + 1, part.size()));
              if (colon == 0 || (right != "files" && right != "net")) {
                return Fail(Code::kInvalid,
                            "expected a plugin's id, a colon, and files or net, as in "
                            "org.example.acme:net");
              }
              settings.plugin_grants[std::string(part.substr(0, colon))].emplace(right);
            }
            return std::string(text);
          }};
}

Rule Name(std::string Settings::*member, std::string_view characters, std::string_view what) {
  return {std::string(what), [=](Settings& settings, std::string_view text) -> Result<std::string> {
            if (text.find_first_not_of(characters) != std::string_view::npos) {
              return Fail(Code::kInvalid, fmt::format("expected {}", what));
            }
            settings.*member = text;
            return std::string(text);
          }};
}

Rule Address(std::string Settings::*member, std::vector<std::string_view> schemes) {
  return {fmt::format("{}://…", fmt::join(schemes, "://… or ")),
          [=](Settings& settings, std::string_view text) -> Result<std::string> {
            RETURN_IF_ERROR(CheckUrls(text, schemes));
            settings.*member = text;
            return std::string(text);
          }};
}

Rule Database(std::string Settings::*member) {
  return {"postgresql://… or key=value pairs",
          [=](Settings& settings, std::string_view text) -> Result<std::string> {
            const bool pairs = text.find("://") == std::string_view::npos &&
                               text.find('=') != std::string_view::npos;
            if (!pairs && !CheckUrls(text, {"postgresql", "postgres"})) {
              return Fail(Code::kInvalid,
                          "expected postgresql://user@host/database, or pairs as in "
                          "host=localhost dbname=semantic_explorer");
            }
            settings.*member = text;
            return std::string(text);
          }};
}

Rule ProviderKey(const char* provider) {
  return {"a key, env:NAME or file:/path",
          [=](Settings& settings, std::string_view text) -> Result<std::string> {
            settings.provider_keys[provider] = Secret(std::string(text));
            return std::string(text);
          }};
}

Rule HexKey(Secret Settings::*member) {
  return {"64 hexadecimal digits",
          [=](Settings& settings, std::string_view text) -> Result<std::string> {
            RememberSecret(text);
            const bool hex = std::all_of(text.begin(), text.end(),
                                         [](unsigned char c) { return std::isxdigit(c) != 0; });
            if (!hex || text.size() != 64) {
              return Fail(Code::kInvalid, "expected 64 hexadecimal digits");
            }
            settings.*member = Secret(std::string(text));
            return std::string(text);
          }};
}

Rule Egress(EgressList EgressRules::*member) {
  return {"hosts, *.domains, addresses, ranges or *, each with :port if need be",
          [=](Settings& settings, std::string_view text) -> Result<std::string> {
            ASSIGN_OR_RETURN(settings.egress.*member, ParseEgressList(text));
            return std::string(text);
          }};
}

Rule LogLevels() {
  return {"level or component=level, in a list",
          [](Settings& settings, std::string_view text) -> Result<std::string> {
            ASSIGN_OR_RETURN(settings.log_filter, ParseLogFilter(text));
            return std::string(text);
          }};
}

bool SameWord(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  });
}

}  // namespace dsw::rules
