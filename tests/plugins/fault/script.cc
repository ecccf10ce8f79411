// SPDX-License-Identifier: Apache-2.0
#include "script.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <map>
#include <mutex>
#include <sstream>

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <unistd.h>

namespace fault {
namespace {

using nlohmann::json;

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

dsw_status CategoryOf(const std::string& name) {
  static const std::map<std::string, dsw_status> kCategories = {
      {"internal", DSW_E_INTERNAL},
      {"invalid_request", DSW_E_INVALID_REQUEST},
      {"auth", DSW_E_AUTH},
      {"not_found", DSW_E_NOT_FOUND},
      {"unavailable", DSW_E_UNAVAILABLE},
      {"bad_response", DSW_E_BAD_RESPONSE},
  };
  const auto found = kCategories.find(name);
  if (found == kCategories.end()) throw dsw::Failure(DSW_E_INTERNAL, "script: category " + name);
  return found->second;
}

std::vector<Rule> ReadRules() {
  std::ifstream file(Directory() + "/script.json");
  std::ostringstream text;
  text << file.rdbuf();
  if (text.str().empty()) return {};
  std::vector<Rule> rules;
  const json document = json::parse(text.str());
  for (const json& object : document.at("rules")) {
    Rule rule;
    rule.id = object.at("id").get<std::string>();
    rule.at = object.at("at").get<std::string>();
    rule.what = object.at("do").get<std::string>();
    rule.text = object.value("text", "");
    rule.worker = object.value("worker", "");
    rule.after = object.value("after", 0);
    rule.times = object.value("times", -1);
    rule.ms = object.value("ms", std::int64_t{0});
    rule.ms_per_text = object.value("ms_per_text", std::int64_t{0});
    rule.serial = object.value("serial", false);
    rule.category = CategoryOf(object.value("category", "unavailable"));
    rule.http_status = object.value("http_status", 0);
    rule.message = object.value("message", "told to fail");
    rules.push_back(rule);
  }
  return rules;
}

bool Matches(const Rule& rule, std::string_view step, const Texts& texts) {
  if (rule.at != step) return false;
  if (!rule.worker.empty() && rule.worker != Variable("DSW_FAULT_WORKER")) return false;
  return rule.text.empty() || std::any_of(texts.begin(), texts.end(), [&](std::string_view text) {
           return text.find(rule.text) != std::string_view::npos;
         });
}

/// Takes the rule's next number; false once they are used up.
bool Claim(const Rule& rule) {
  const bool endless = rule.times < 0;
  if (endless && rule.after == 0) return true;
  const std::int64_t end = endless ? rule.after : std::int64_t{rule.after} + rule.times;
  const std::string prefix = Directory() + "/fired/" + rule.id + ".";
  for (std::int64_t number = 0; number < end; ++number) {
    const int file = open((prefix + std::to_string(number)).c_str(),
                          O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (file < 0) continue;
    const std::string pid = std::to_string(getpid()) + "\n";
    const bool written = write(file, pid.data(), pid.size()) > 0;
    close(file);
    return written && number >= rule.after;
  }
  return endless;
}

/// Waits in small steps until `until` says so; throws when the call is cancelled or too late.
template <class Condition>
void WaitFor(const dsw_host& host, const dsw_call& call, Condition until) {
  while (!until()) {
    pollfd cancel{call.cancel_fd, POLLIN, 0};
    poll(&cancel, 1, 5);
    dsw::CheckCall(host, call);
  }
}

void Sleep(const dsw_host& host, const dsw_call& call, std::int64_t ms) {
  const std::uint64_t end = host.now_mono_ns(&host) + static_cast<std::uint64_t>(ms) * 1'000'000u;
  WaitFor(host, call, [&] { return host.now_mono_ns(&host) >= end; });
}

/// True when the caller has to do it.
bool Do(const Rule& rule, const dsw_host& host, const dsw_call& call, std::size_t texts) {
  if (rule.what == "die") raise(SIGKILL);
  if (rule.what == "abort") std::abort();
  // To the own thread: it would run on for a moment if another one took the signal.
  if (rule.what == "stop") raise(SIGSTOP);
  if (rule.what == "hold") {
    const std::string release = Directory() + "/release-" + rule.id;
    WaitFor(host, call, [&] { return access(release.c_str(), F_OK) == 0; });
  }
  if (rule.what == "sleep") {
    static std::timed_mutex one_at_a_time;
    std::unique_lock turn(one_at_a_time, std::defer_lock);
    if (rule.serial) {
      WaitFor(host, call, [&] { return turn.try_lock_for(std::chrono::milliseconds(1)); });
    }
    Sleep(host, call, rule.ms + rule.ms_per_text * static_cast<std::int64_t>(texts));
  }
  if (rule.what == "fail") {
    throw dsw::Failure(rule.category, rule.message).HttpStatus(rule.http_status);
  }
  return rule.what == "nan" || rule.what == "refuse";
}

}  // namespace

std::string Directory() {
  const std::string directory = Variable("DSW_FAULT_DIR");
  if (directory.empty()) throw dsw::Failure(DSW_E_INVALID_CONFIG, "DSW_FAULT_DIR is not set");
  return directory;
}

std::vector<Rule> Act(const dsw_host& host, const dsw_call& call, std::string_view step,
                      const Texts& texts) {
  std::vector<Rule> left;
  for (const Rule& rule : ReadRules()) {
    if (!Matches(rule, step, texts) || !Claim(rule)) continue;
    if (Do(rule, host, call, texts.size())) left.push_back(rule);
  }
  return left;
}

void Append(const std::string& name, std::string_view text) {
  const std::string path = Directory() + "/" + name;
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  const bool written =
      file >= 0 && write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (file >= 0) close(file);
  if (!written) throw dsw::Failure(DSW_E_INTERNAL, "cannot append to " + path);
}

}  // namespace fault
