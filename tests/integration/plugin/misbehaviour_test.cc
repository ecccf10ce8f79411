// SPDX-License-Identifier: Apache-2.0
//
// What the host makes of a real plugin that breaks the contract in its calls.
#include <future>

#include "host/plugin/catalog.h"
#include "tests/integration/plugin/hostile_plugins.h"
#include "tests/integration/plugin/load_modes.h"
#include "tests/integration/plugin/plugin_directory.h"
#include "tests/support/matchers.h"

namespace dsw {
namespace {

class MisbehaviourTest : public testing::TestWithParam<Isolation> {
 protected:
  MisbehaviourTest() { directory_.Add(Hostile("hostile")); }

  Result<std::shared_ptr<Embedder>> Open(const std::string& behaviour) {
    if (!plugins_) {
      plugins_.emplace(std::array{directory_.path()}, OptionsFor(GetParam()));
      catalog_.emplace(*plugins_, CatalogOptions{});
    }
    EmbedderConfig config;
    config.provider = "hostile";
    config.model = behaviour;
    return catalog_->OpenEmbedder(config);
  }

  Result<Vectors> Embed(const std::string& behaviour, const CallContext& context = {}) {
    ASSIGN_OR_RETURN(const std::shared_ptr<Embedder> embedder, Open(behaviour));
    RETURN_IF_ERROR(embedder->Describe(context));
    return embedder->Embed(context, texts_, InputType::kDocument);
  }

  const PluginDirectory directory_;
  std::optional<LoadedPlugins> plugins_;
  std::optional<LoadedCatalog> catalog_;
  const std::vector<std::string_view> texts_{"one", "two"};
};

TEST_P(MisbehaviourTest, LeavesAWellBehavedCallAlone) {
  EXPECT_OK(Embed("well"));
}

TEST_P(MisbehaviourTest, IsReportedAsWhatItIs) {
  const std::map<std::string, std::string> reports = {
      {"throws", "threw an exception: thrown across the boundary"},
      {"throws_int", "threw an exception of unknown type"},
      {"no_alloc", "succeeded without asking for the result's memory"},
      {"alloc_twice", "asked twice for the result's memory"},
      {"wrong_rows", "returned 3 vectors for 2 texts"},
      {"wrong_dimensions", "returned vectors of 5 dimensions from a model of 4"},
      {"index_outside", "truncated text 2 of 2"},
      {"short_usage", "reported a consumption that cannot be read"},
      {"unknown_status", "returned the unknown status 77"},
      {"lies_about_category", "returned status 7 with an error of category 5"},
      {"lies_about_cancel", "reported a cancellation that nobody asked for"},
      {"absurd_dimensions", "described a model of 4000000000 dimensions"},
      {"throws_in_create", "threw an exception"},
      {"null_instance", "created an instance without setting it"},
  };
  for (const auto& [behaviour, report] : reports) {
    EXPECT_FAIL(Embed(behaviour), Code::kInternal, "plugin misbehaved: hostile " + report)
        << behaviour;
  }
  EXPECT_OK(Embed("well")) << "the process and the plugin live on";
}

TEST_P(MisbehaviourTest, EndsAHangingCallByCancelling) {
  std::stop_source stop;
  CallContext context;
  context.cancel = stop.get_token();
  auto call = std::async(std::launch::async, [&] { return Embed("hangs", context); });
  stop.request_stop();
  EXPECT_FAIL(call.get(), Code::kCancelled);
}

INSTANTIATE_TEST_SUITE_P(Modes, MisbehaviourTest, BothModes(), ModeOf);

}  // namespace
}  // namespace dsw
