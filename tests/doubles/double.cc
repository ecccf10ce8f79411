// SPDX-License-Identifier: Apache-2.0
#include "tests/doubles/double.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace dsw::doubles {
namespace {

constexpr char kCountersPath[] = "/_double/counters";

template <class Value, std::size_t kCount>
Value Named(const std::pair<std::string_view, Value> (&values)[kCount], std::string_view name) {
  for (const auto& [own, value] : values) {
    if (own == name) return value;
  }
  throw std::invalid_argument("unknown: " + std::string(name));
}

Request ToRequest(const ReceivedRequest& received) {
  Request request;
  request.method = received.method;
  request.path = received.query.empty() ? received.path : received.path + '?' + received.query;
  request.headers = received.headers;
  request.body = received.body;
  request.at = received.arrived;
  return request;
}

HttpReply::Fate FateOf(Fault fault) {
  switch (fault) {
    case Fault::kNone:
      return HttpReply::Fate::kWhole;
    case Fault::kReset:
      return HttpReply::Fate::kReset;
    case Fault::kResetMidBody:
      return HttpReply::Fate::kResetBody;
    case Fault::kCutBody:
      return HttpReply::Fate::kCutBody;
    case Fault::kHang:
      return HttpReply::Fate::kHang;
  }
  throw std::logic_error("unknown fault");
}

/// An answer's body with what is to be released once it was sent.
struct Sent {
  std::string body;
  std::shared_ptr<void> held;
  std::shared_ptr<void> under_way;
};

}  // namespace

Double::Double(std::string_view api, Options options, DoubleOptions where)
    : api_name_(api),
      api_(MakeApi(api, options)),
      journal_(where.capture),
      server_([this](const ReceivedRequest& received) { return Handle(received); },
              [&] {
                RawHttpServerOptions server;
                server.record = false;
                server.certificate_file = where.certificate_file;
                server.key_file = where.key_file;
                server.early = [this](const ReceivedRequest& head, std::uint64_t bytes) {
                  return HandleEarly(head, bytes);
                };
                return server;
              }(),
              where.port) {}

void Double::Add(Rule rule) {
  const std::lock_guard lock(mutex_);
  rules_.push_back({std::move(rule)});
}

void Double::FailNext(std::string_view canned) {
  Rule rule;
  rule.reply = CannedReply(api_name_, canned);
  Add(std::move(rule));
}

void Double::QuirkNext(Quirk quirk) {
  Rule rule;
  rule.quirk = quirk;
  Add(std::move(rule));
}

void Double::QuirkAlways(Quirk quirk) {
  Rule rule;
  rule.quirk = quirk;
  rule.times = 0;
  Add(std::move(rule));
}

std::optional<Rule> Double::Match(const Request& request, bool early) {
  const std::lock_guard lock(mutex_);
  for (auto active = rules_.begin(); active != rules_.end(); ++active) {
    const Rule& rule = active->rule;
    if (rule.early != early || rule.method != request.method ||
        request.body.find(rule.contains) == std::string::npos) {
      continue;
    }
    ++active->matched;
    if (active->matched < rule.first) continue;
    if (rule.times == 0) return rule;
    const bool last = active->matched + 1 >= rule.first + rule.times;
    Rule matched = rule;
    if (last) rules_.erase(active);
    return matched;
  }
  return std::nullopt;
}

HttpReply Double::Handle(const ReceivedRequest& received) {
  if (received.path == kCountersPath) {
    HttpReply reply;
    reply.headers = {{"content-type", "application/json"}};
    reply.body = ToJson(counters());
    return reply;
  }
  std::shared_ptr<void> under_way = journal_.Begin();
  const Request request = ToRequest(received);
  const std::optional<Rule> rule = Match(request, /*early=*/false);
  const bool scripted = rule && rule->reply;
  Reply reply = scripted ? *rule->reply : api_->Answer(request, rule ? rule->quirk : Quirk::kNone);
  if (rule) {
    reply.delay += rule->delay;
    if (rule->fault != Fault::kNone) reply.fault = rule->fault;
  }
  return Finish(request, std::move(reply), scripted, std::move(under_way));
}

std::optional<HttpReply> Double::HandleEarly(const ReceivedRequest& head, std::uint64_t bytes) {
  const Request request = ToRequest(head);
  const std::optional<Rule> rule = Match(request, /*early=*/true);
  std::optional<Reply> reply = rule ? rule->reply : api_->Early(bytes);
  if (!reply) return std::nullopt;
  return Finish(request, *std::move(reply), rule.has_value(), journal_.Begin());
}

HttpReply Double::Finish(const Request& request, Reply reply, bool scripted,
                         std::shared_ptr<void> under_way) {
  // What was not received was not embedded, as far as duplicates go.
  if (reply.fault != Fault::kNone) {
    reply.texts.clear();
    reply.items = 0;
  }
  journal_.Add(api_name_, request, reply, scripted);
  HttpReply answer;
  answer.status = reply.status;
  answer.headers = std::move(reply.headers);
  answer.delay = reply.delay;
  answer.chunked = reply.chunked;
  answer.fate = FateOf(reply.fault);
  answer.sent = reply.body.size() / 2;
  const auto sent = std::make_shared<Sent>(
      Sent{std::move(reply.body), std::move(reply.held), std::move(under_way)});
  answer.shared_body = std::shared_ptr<const std::string>(sent, &sent->body);
  return answer;
}

Quirk QuirkOf(std::string_view name) {
  static constexpr std::pair<std::string_view, Quirk> kQuirks[] = {
      {"none", Quirk::kNone},
      {"shuffled", Quirk::kShuffled},
      {"base64-ignored", Quirk::kBase64Ignored},
      {"empty-data", Quirk::kEmptyData},
      {"one-missing", Quirk::kOneMissing},
      {"nan", Quirk::kNan},
      {"wrong-dims", Quirk::kWrongDims},
      {"uneven-dims", Quirk::kUnevenDims},
      {"zero-vector", Quirk::kZeroVector},
      {"index-all-zero", Quirk::kIndexAllZero},
      {"index-twice", Quirk::kIndexTwice},
      {"no-index", Quirk::kNoIndex},
      {"no-usage", Quirk::kNoUsage},
      {"bare-list", Quirk::kBareList},
  };
  return Named(kQuirks, name);
}

Fault FaultOf(std::string_view name) {
  static constexpr std::pair<std::string_view, Fault> kFaults[] = {
      {"none", Fault::kNone},
      {"reset", Fault::kReset},
      {"reset-mid-body", Fault::kResetMidBody},
      {"cut-body", Fault::kCutBody},
      {"hang", Fault::kHang},
  };
  return Named(kFaults, name);
}

}  // namespace dsw::doubles
