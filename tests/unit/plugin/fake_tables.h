// SPDX-License-Identifier: Apache-2.0
//
// Tables of a plugin that lives in the test program.
#pragma once

#include <memory>
#include <string_view>

#include <dsw/plugin.h>

#include "host/plugin/host_services.h"
#include "host/plugin/loader.h"
#include "host/plugin/text.h"

namespace dsw {

inline dsw_provider FakeProvider(std::uint32_t kind) {
  dsw_provider provider{};
  provider.struct_size = sizeof provider;
  provider.kind = kind;
  provider.id = StrOf("fake");
  provider.create = [](void* plugin, const dsw_instance_params*, void** instance, dsw_error*) {
    *instance = plugin;
    return dsw_status{DSW_OK};
  };
  provider.destroy = [](void*) {};
  return provider;
}

/// `provider`, whose instances are `instance`, as if it had been loaded.
inline LoadedProvider Loaded(const dsw_provider& provider, void* instance) {
  LoadedProvider loaded;
  loaded.plugin = std::make_shared<LoadedPlugin>();
  loaded.plugin->file = "fake.so";
  loaded.plugin->host = HostServicesFor("fake.so");
  loaded.plugin->state = instance;
  loaded.table = &provider;
  loaded.id = std::string(ViewOf(provider.id));
  return loaded;
}

}  // namespace dsw
