// SPDX-License-Identifier: Apache-2.0
#include "host/app/plugin_control.h"

#include <cstdio>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "host/app/commands.h"

namespace dsw {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kStatusPath = "/plugins";
constexpr std::string_view kReloadPath = "/plugins/reload";
constexpr std::string_view kReleasePath = "/plugins/release";

Json StatusJson(const LoadedPlugins& plugins) {
  Json list = Json::array();
  for (const PluginProcess& process : plugins.Processes()) {
    const ProcessStatus& status = process.status;
    list.push_back({{"file", process.file},
                    {"id", process.id},
                    {"sha256", process.sha256},
                    {"state", StateName(status.state)},
                    {"pid", status.pid},
                    {"memory_bytes", status.memory},
                    {"restarts", status.restarts},
                    {"last_death", status.last_death}});
  }
  return {{"plugins", std::move(list)}};
}

std::string TextOf(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// What the worker that these settings belong to answers.
Result<Json> Ask(const Settings& settings, const HttpQuestion& question) {
  const HttpServerOptions where{.address = settings.metrics_address,
                                .port = static_cast<int>(settings.metrics_port)};
  if (where.port == 0) {
    return Fail(Code::kInvalid,
                "METRICS_PORT is 0: set it to the port of the worker that is meant");
  }
  Result<std::string> answer = AskServer(where, question);
  if (!answer) {
    return Fail(std::move(answer.error()).Context("no worker could be asked on this machine"));
  }
  const Json json = Json::parse(*answer, nullptr, false);
  if (json.is_discarded()) return Fail(Code::kInternal, "the worker's answer is no JSON");
  return json;
}

void PrintStatus(const Json& answer) {
  for (const Json& plugin : answer.at("plugins")) {
    const std::string file = plugin.at("file");
    fmt::print("{}  {}  {}", file.substr(file.rfind('/') + 1), plugin.at("id").get<std::string>(),
               plugin.at("state").get<std::string>());
    if (plugin.at("pid") != -1) fmt::print(" as process {}", plugin.at("pid").get<int>());
    fmt::print(", {} MiB, {} restarts\n", plugin.at("memory_bytes").get<std::uint64_t>() >> 20,
               plugin.at("restarts").get<std::uint64_t>());
    fmt::print("  sha256 {}\n", plugin.at("sha256").get<std::string>());
    const std::string death = plugin.at("last_death");
    if (!death.empty()) fmt::print("  last: {}\n", death);
  }
  if (answer.at("plugins").empty()) fmt::print("no plugin has a process of its own\n");
}

}  // namespace

std::string_view StateName(ProcessStatus::State state) {
  switch (state) {
    case ProcessStatus::State::kRunning:
      return "running";
    case ProcessStatus::State::kDown:
      return "down";
    case ProcessStatus::State::kQuarantined:
      return "quarantined";
  }
  return "down";
}

std::vector<PluginProcessState> ProcessStates(const LoadedPlugins& plugins) {
  std::vector<PluginProcessState> states;
  for (const PluginProcess& process : plugins.Processes()) {
    states.push_back({.plugin = process.id,
                      .state = std::string(StateName(process.status.state)),
                      .restarts = process.status.restarts,
                      .memory_bytes = process.status.memory});
  }
  return states;
}

std::vector<HttpAction> PluginActions(const LoadedPlugins& plugins, std::function<bool()> reload) {
  return {{.path = std::string(kStatusPath),
           .changes = false,
           .run = [&plugins](const std::string&) -> Result<std::string> {
             return TextOf(StatusJson(plugins));
           }},
          {.path = std::string(kReloadPath),
           .changes = true,
           .run = [reload = std::move(reload)](const std::string&) -> Result<std::string> {
             return TextOf({{"changed", reload()}});
           }},
          {.path = std::string(kReleasePath),
           .changes = true,
           .run = [&plugins](const std::string& sha256) -> Result<std::string> {
             const std::size_t released = plugins.Release(sha256);
             if (released > 0) return TextOf({{"released", released}});
             return Fail(Code::kNotFound, "no plugin whose sha256 begins so is quarantined");
           }}};
}

Status PluginStatus(const Settings& settings, bool json) {
  ASSIGN_OR_RETURN(const Json answer, Ask(settings, {.path = std::string(kStatusPath)}));
  if (json) {
    fmt::print("{}\n", answer.dump(2, ' ', false, Json::error_handler_t::replace));
  } else {
    PrintStatus(answer);
  }
  return {};
}

Status ReloadPlugins(const Settings& settings) {
  ASSIGN_OR_RETURN(const Json answer,
                   Ask(settings, {.path = std::string(kReloadPath), .changes = true}));
  fmt::print("{}\n", answer.at("changed").get<bool>()
                         ? "plugins were loaded again; `worker-datasets plugins status` shows them"
                         : "nothing has changed that can take effect in a running worker");
  return {};
}

Status ReleasePlugin(const Settings& settings, const std::string& sha256) {
  ASSIGN_OR_RETURN(
      const Json answer,
      Ask(settings, {.path = std::string(kReleasePath), .changes = true, .argument = sha256}));
  fmt::print("{} released\n", answer.at("released").get<std::size_t>());
  return {};
}

}  // namespace dsw
