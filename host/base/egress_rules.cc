// SPDX-License-Identifier: Apache-2.0
#include "host/base/egress_rules.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "host/base/ascii.h"
#include "host/base/origin.h"

namespace dsw {
namespace {

constexpr std::size_t kLongestList = 64 * 1024;
constexpr std::size_t kMostRules = 1024;
constexpr std::size_t kLongestName = 253;
constexpr int kMappedBits = 96;
constexpr std::string_view kMetadataName = "metadata.google.internal";

using Kind = EgressRule::Kind;

bool IsName(std::string_view name) {
  constexpr std::string_view kCharacters = "abcdefghijklmnopqrstuvwxyz0123456789-_.";
  return !name.empty() && name.size() <= kLongestName && name.front() != '.' &&
         name.back() != '.' && name.find("..") == name.npos &&
         name.find_first_not_of(kCharacters) == name.npos;
}

bool ReadPort(std::string_view text, std::uint16_t& port) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port != 0;
}

/// "443" or "8000-8999".
bool ReadPorts(std::string_view text, EgressRule& rule) {
  const std::size_t dash = text.find('-');
  if (!ReadPort(text.substr(0, dash), rule.first_port)) return false;
  rule.last_port = rule.first_port;
  if (dash != text.npos && !ReadPort(text.substr(dash + 1), rule.last_port)) return false;
  return rule.first_port <= rule.last_port;
}

/// Whose ports are cut off.
bool ReadWhat(std::string_view text, EgressRule& rule) {
  if (text == "*") {
    rule.kind = Kind::kAll;
    return true;
  }
  if (const std::optional<IpRange> range = ParseIpRange(text)) {
    rule.kind = Kind::kRange;
    rule.range = *range;
    const IpAddress inner = Unwrapped(range->first);
    if (inner.v4 && ParseIpRange("::ffff:0:0/96")->Contains(range->first) &&
        range->bits >= kMappedBits) {
      rule.range = {.first = inner, .bits = range->bits - kMappedBits};
    }
    return true;
  }
  const bool domain = text.starts_with("*.");
  const std::string name = PlainName(domain ? text.substr(2) : text);
  // What resolvers read as an address shall be written as one.
  if (!IsName(name) || LiteralAddress(name)) return false;
  const std::string_view last = std::string_view(name).substr(name.rfind('.') + 1);
  if (last.find_first_not_of("0123456789") == last.npos) return false;
  rule.kind = domain ? Kind::kDomain : Kind::kHost;
  rule.name = domain ? "." + name : name;
  return true;
}

bool ReadRule(std::string_view text, EgressRule& rule) {
  rule.text = text;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == text.npos || text.substr(1, end).find(':') == text.npos) return false;
    const std::string_view rest = text.substr(end + 1);
    if (!rest.empty() && (rest.front() != ':' || !ReadPorts(rest.substr(1), rule))) return false;
    return ReadWhat(text.substr(1, end - 1), rule) && rule.kind == Kind::kRange;
  }
  const std::size_t colon = text.find(':');
  const bool has_ports = colon != text.npos && colon == text.rfind(':');
  if (has_ports && !ReadPorts(text.substr(colon + 1), rule)) return false;
  return ReadWhat(has_ports ? text.substr(0, colon) : text, rule);
}

/// Who is asked about, in the forms that rules are compared with.
struct Subject {
  std::string name{};                    ///< Empty for an address.
  std::optional<IpAddress> address{};    ///< That it stands for.
  std::optional<IpAddress> connected{};  ///< As the connection has it.
  std::uint16_t port = 0;
};

bool ForPort(const EgressRule& rule, const Subject& subject) {
  return rule.first_port <= subject.port && subject.port <= rule.last_port;
}

bool Covers(const EgressRule& rule, const Subject& subject) {
  if (!ForPort(rule, subject)) return false;
  switch (rule.kind) {
    case Kind::kAll:
      return true;
    case Kind::kHost:
      return subject.name == rule.name;
    case Kind::kDomain:
      return subject.name.size() > rule.name.size() && subject.name.ends_with(rule.name);
    case Kind::kRange:
      return subject.address && rule.range.Contains(*subject.address);
  }
  return false;
}

bool CoversConnected(const EgressRule& rule, const Subject& subject) {
  return rule.kind == Kind::kRange && ForPort(rule, subject) && subject.connected &&
         rule.range.Contains(*subject.connected);
}

/// By a rule of its own.
bool Names(const EgressRule& rule, const Subject& subject) {
  const bool exact = rule.kind == Kind::kHost || (rule.kind == Kind::kRange && rule.range.bits > 0);
  return exact && Covers(rule, subject);
}

bool IsForbidden(const Subject& subject) {
  static const std::vector<IpRange> ranges = [] {
    std::vector<IpRange> made;
    for (const char* text :
         {"169.254.0.0/16", "fe80::/10", "fd00:ec2::254", "100.100.100.200", "0.0.0.0", "::"}) {
      made.push_back(*ParseIpRange(text));
    }
    return made;
  }();
  if (subject.name == kMetadataName) return true;
  return subject.address && std::any_of(ranges.begin(), ranges.end(), [&](const IpRange& range) {
           return range.Contains(*subject.address);
         });
}

Subject SubjectOf(const EgressTarget& target, const std::optional<IpAddress>& address) {
  Subject subject{.port = target.port};
  subject.connected = address ? address : LiteralAddress(target.host);
  if (subject.connected) subject.address = Unwrapped(*subject.connected);
  if (!LiteralAddress(target.host)) subject.name = PlainName(target.host);
  return subject;
}

std::string Denied(const Subject& subject, std::string_view why) {
  std::string who = subject.name;
  if (subject.connected) {
    who = FormatIpAddress(*subject.connected);
    if (!subject.name.empty()) who += fmt::format(" ({})", subject.name);
  }
  return fmt::format("requests to {}, port {}, are denied: {}", who, subject.port, why);
}

/// `final`: the address, if it is not known, will not be.
std::optional<std::string> Judge(const EgressRules& rules, const Subject& subject, bool own,
                                 bool final) {
  for (const EgressRule& rule : rules.deny) {
    if (Covers(rule, subject) || CoversConnected(rule, subject)) {
      return Denied(subject, fmt::format("`{}` in the worker's EGRESS_DENY forbids it", rule.text));
    }
  }
  const auto any = [&](auto fits) {
    return std::any_of(rules.allow.begin(), rules.allow.end(), fits);
  };
  if (IsForbidden(subject) && !any([&](const EgressRule& rule) { return Names(rule, subject); })) {
    return Denied(subject,
                  "addresses of links and of metadata services are forbidden by themselves; an "
                  "operator can name it in EGRESS_ALLOW");
  }
  if (own || rules.allow.empty()) return std::nullopt;
  if (any([&](const EgressRule& rule) { return Covers(rule, subject); })) return std::nullopt;
  if (!final && !subject.address &&
      any([](const EgressRule& rule) { return rule.kind == Kind::kRange; })) {
    return std::nullopt;
  }
  return Denied(subject,
                "the worker's EGRESS_ALLOW does not name it; an operator can add it there");
}

}  // namespace

Result<EgressList> ParseEgressList(std::string_view text) {
  if (text.size() > kLongestList) {
    return Fail(Code::kInvalid, fmt::format("expected at most {} bytes", kLongestList));
  }
  EgressList list;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    const std::string_view part = Trim(text.substr(0, comma));
    text.remove_prefix(comma == text.npos ? text.size() : comma + 1);
    if (part.empty()) continue;
    EgressRule rule;
    if (!ReadRule(part, rule)) {
      return Fail(Code::kInvalid,
                  fmt::format("`{}` is no rule: expected a host (api.example.org), names below one "
                              "(*.example.org), an address or a range from its first address "
                              "(10.0.0.0/8, fd00::/8) or *, each with :port or :port-port behind "
                              "it if need be, and IPv6 in brackets then ([fd00::/8]:443)",
                              part));
    }
    list.push_back(std::move(rule));
    if (list.size() > kMostRules) {
      return Fail(Code::kInvalid, fmt::format("expected at most {} rules", kMostRules));
    }
  }
  return list;
}

std::optional<std::string> EgressRules::Refuse(const EgressTarget& target) const {
  return Judge(*this, SubjectOf(target, std::nullopt), target.own, /*final=*/false);
}

std::optional<std::string> EgressRules::Refuse(const EgressTarget& target,
                                               const IpAddress& address) const {
  return Judge(*this, SubjectOf(target, address), target.own, /*final=*/true);
}

std::optional<std::string> EgressRules::RefuseThroughProxy(const EgressTarget& target) const {
  return Judge(*this, SubjectOf(target, std::nullopt), target.own, /*final=*/true);
}

}  // namespace dsw
