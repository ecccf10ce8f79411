// SPDX-License-Identifier: Apache-2.0
//
// An embedder or sink made by a plugin from one configuration.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <dsw/plugin.h>

#include "host/base/result.h"
#include "host/plugin/call_guard.h"
#include "host/plugin/instance_scope.h"
#include "host/plugin/loader.h"

namespace dsw {

/// The provider's calls go to a network service.
bool IsRemote(const dsw_provider& provider);

/// Owns the plugin's instance. Thread-safe.
class PluginInstance {
 public:
  /// kInvalid for a configuration that the provider refuses.
  static Result<std::unique_ptr<PluginInstance>> Create(const LoadedProvider& provider,
                                                        std::string_view config_json,
                                                        InstanceScope scope = {});
  PluginInstance(const PluginInstance&) = delete;
  PluginInstance& operator=(const PluginInstance&) = delete;
  ~PluginInstance();

  const std::string& provider_id() const { return guard_.who(); }
  const dsw_provider& provider() const { return *provider_; }
  void* handle() const { return handle_; }
  const InstanceScope& scope() const { return scope_; }
  CallGuard& guard() { return guard_; }

 private:
  PluginInstance(const LoadedProvider& provider, InstanceScope scope);

  const std::shared_ptr<LoadedPlugin> plugin_;
  const dsw_provider* const provider_;
  const InstanceScope scope_;
  CallGuard guard_;
  void* handle_ = nullptr;
};

}  // namespace dsw
