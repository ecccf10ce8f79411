// SPDX-License-Identifier: Apache-2.0
//
// One instance of the embedder whose plugin the test program links.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <dsw/plugin.hpp>

#include "tests/support/fake_plugin_host.h"

namespace dsw {

/// The plugin's first provider.
inline const dsw_provider& ProviderUnderTest(const dsw_host* host) {
  const dsw_plugin* plugin = nullptr;
  dsw_error error{};
  dsw_plugin_entry_v0(host, &plugin, &error);
  return *plugin->providers[0];
}

/// Made from settings; `created` and `error` say whether that worked.
class EmbedderUnderTest {
 public:
  EmbedderUnderTest(const FakePluginHost& host, std::string_view config_json)
      : provider_(ProviderUnderTest(host.host())) {
    error.struct_size = sizeof error;
    dsw_instance_params params{};
    params.struct_size = sizeof params;
    params.host = host.host();
    params.config_json = Str(config_json);
    created = provider_.create(nullptr, &params, &instance_, &error);
  }
  EmbedderUnderTest(const EmbedderUnderTest&) = delete;
  EmbedderUnderTest& operator=(const EmbedderUnderTest&) = delete;
  ~EmbedderUnderTest() {
    if (instance_ != nullptr) provider_.destroy(instance_);
  }

  EmbedOutcome Embed(const std::vector<std::string>& texts,
                     std::uint32_t input_type = DSW_INPUT_DOCUMENT, std::uint32_t dimensions = 0) {
    return CallEmbed(*provider_.embedder, instance_, texts, input_type, dimensions);
  }

  dsw_model_facts Describe() {
    dsw_model_facts facts{};
    facts.struct_size = sizeof facts;
    const dsw_call call{};
    provider_.embedder->describe(instance_, &call, &facts, &error);
    return facts;
  }

  dsw_status created = DSW_OK;
  dsw_error error{};

 private:
  const dsw_provider& provider_;
  void* instance_ = nullptr;
};

}  // namespace dsw
