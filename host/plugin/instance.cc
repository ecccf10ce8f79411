// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/instance.h"

#include <utility>

#include "host/base/log.h"
#include "host/plugin/errors.h"
#include "host/plugin/running_calls.h"
#include "host/plugin/text.h"

namespace dsw {

bool IsRemote(const dsw_provider& provider) {
  return DSW_HAS(&provider, flags) && (provider.flags & DSW_PROVIDER_REMOTE) != 0;
}

PluginInstance::PluginInstance(const LoadedProvider& provider, InstanceScope scope)
    : plugin_(provider.plugin),
      provider_(provider.table),
      scope_(std::move(scope)),
      guard_(provider.id, provider.table->max_concurrency, &scope_) {}

Result<std::unique_ptr<PluginInstance>> PluginInstance::Create(const LoadedProvider& provider,
                                                               std::string_view config_json,
                                                               InstanceScope scope) {
  std::unique_ptr<PluginInstance> instance(new PluginInstance(provider, std::move(scope)));
  const dsw_instance_params params{.struct_size = sizeof params,
                                   .flags = 0,
                                   .host = provider.plugin->host,
                                   .instance_id = StrOf(provider.id),
                                   .config_json = StrOf(config_json)};
  const RunningCalls::Entry entry(provider.id, "create");
  RETURN_IF_ERROR(RunPluginCode(provider.id, [&](dsw_error* error) {
    return provider.table->create(provider.plugin->state, &params, &instance->handle_, error);
  }));
  if (instance->handle_ == nullptr) {
    return Fail(Misbehaviour(provider.id, "created an instance without setting it"));
  }
  ++provider.plugin->instances;
  return instance;
}

PluginInstance::~PluginInstance() {
  if (handle_ == nullptr) return;
  const RunningCalls::Entry entry(provider_id(), "destroy");
  const Status status = RunPluginCode(provider_id(), [this](dsw_error*) {
    provider_->destroy(handle_);
    return DSW_OK;
  });
  if (!status) Log(LogLevel::kWarn, "plugin", status.error().message);
  --plugin_->instances;
}

}  // namespace dsw
