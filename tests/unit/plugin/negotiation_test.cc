// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/negotiation.h"

#include "host/plugin/text.h"
#include "tests/support/matchers.h"
#include "tests/unit/plugin/fake_tables.h"

namespace dsw {
namespace {

/// A plugin that is as it should be, for tests to spoil.
class NegotiationTest : public testing::Test {
 protected:
  NegotiationTest() {
    manifest_.abi_major = DSW_ABI_MAJOR;
    manifest_.abi_minor = DSW_ABI_MINOR;
    manifest_.id = "org.example.acme";
    manifest_.version = "1.0.0";
    manifest_.providers = {{.kind = ProviderKind::kEmbedder, .id = "fake", .models = {}}};

    ops_.struct_size = sizeof ops_;
    ops_.embed = [](void*, const dsw_call*, const dsw_embed_request*, const dsw_embed_out*,
                    dsw_error*) { return dsw_status{DSW_OK}; };
    ops_.describe = [](void*, const dsw_call*, dsw_model_facts*, dsw_error*) {
      return dsw_status{DSW_OK};
    };
    model_.struct_size = sizeof model_;
    provider_.models = &models_;
    provider_.model_count = 1;
    provider_.embedder = &ops_;
    plugin_.struct_size = sizeof plugin_;
    plugin_.abi_minor = DSW_ABI_MINOR;
    plugin_.id = StrOf("org.example.acme");
    plugin_.version = StrOf("1.0.0");
    plugin_.providers = &providers_;
    plugin_.provider_count = 1;
  }

  Manifest manifest_;
  dsw_embedder_ops ops_{};
  dsw_model model_{};
  const dsw_model* models_ = &model_;
  dsw_provider provider_ = FakeProvider(DSW_KIND_EMBEDDER);
  const dsw_provider* providers_ = &provider_;
  dsw_plugin plugin_{};
};

TEST_F(NegotiationTest, AcceptsAPluginOfThisVersion) {
  EXPECT_OK(CheckAbi(manifest_));
  EXPECT_OK(CheckTable(&plugin_));
  EXPECT_OK(CheckAgreement(manifest_, plugin_));
}

TEST_F(NegotiationTest, AcceptsTablesThatANewerHeaderMadeLarger) {
  manifest_.abi_minor = plugin_.abi_minor = DSW_ABI_MINOR + 7;
  plugin_.struct_size += 64;
  provider_.struct_size += 64;
  ops_.struct_size += 64;
  EXPECT_OK(CheckAbi(manifest_));
  EXPECT_OK(CheckTable(&plugin_));
  EXPECT_OK(CheckAgreement(manifest_, plugin_));
}

TEST_F(NegotiationTest, RefusesAPluginThatNeedsANewerHost) {
  manifest_.host_min = DSW_ABI_MINOR + 1;
  EXPECT_FAIL(CheckAbi(manifest_), Code::kInvalid, "needs a worker with ABI 0.4 or newer");
}

TEST_F(NegotiationTest, RefusesAnotherMajor) {
  manifest_.abi_major = DSW_ABI_MAJOR + 1;
  EXPECT_FAIL(CheckAbi(manifest_), Code::kInvalid, "was built for ABI 1.3");
}

TEST_F(NegotiationTest, RefusesTablesThatAreTooSmall) {
  EXPECT_FAIL(CheckTable(nullptr), Code::kInvalid, "without setting it");
  ops_.struct_size = 4;
  EXPECT_FAIL(CheckTable(&plugin_), Code::kInvalid, "dsw_embedder_ops.struct_size is 4");
  model_.struct_size = 5;
  EXPECT_FAIL(CheckTable(&plugin_), Code::kInvalid, "dsw_model.struct_size is 5");
  provider_.struct_size = 6;
  EXPECT_FAIL(CheckTable(&plugin_), Code::kInvalid, "dsw_provider.struct_size is 6");
  plugin_.struct_size = 0;
  EXPECT_FAIL(CheckTable(&plugin_), Code::kInvalid, "dsw_plugin.struct_size is 0");
}

TEST_F(NegotiationTest, NamesTheMemberThatIsMissing) {
  ops_.describe = nullptr;
  EXPECT_FAIL(CheckTable(&plugin_), Code::kInvalid, "embedder.describe");
  provider_.embedder = nullptr;
  EXPECT_FAIL(CheckTable(&plugin_), Code::kInvalid, "embedder of provider \"fake\" is NULL");
  provider_.kind = DSW_KIND_SINK;
  EXPECT_FAIL(CheckTable(&plugin_), Code::kInvalid, "sink of provider \"fake\" is NULL");
  provider_.kind = 9;
  EXPECT_FAIL(CheckTable(&plugin_), Code::kInvalid, "unknown kind 9");
  models_ = nullptr;
  EXPECT_FAIL(CheckTable(&plugin_), Code::kInvalid, "a model");
  provider_.create = nullptr;
  EXPECT_FAIL(CheckTable(&plugin_), Code::kInvalid, "create");
  provider_.id = {nullptr, 3};
  EXPECT_FAIL(CheckTable(&plugin_), Code::kInvalid, "no id");
  providers_ = nullptr;
  EXPECT_FAIL(CheckTable(&plugin_), Code::kInvalid, "a provider is NULL");
  plugin_.provider_count = 0;
  EXPECT_FAIL(CheckTable(&plugin_), Code::kInvalid, "no provider");
}

TEST_F(NegotiationTest, RefusesASinkWithoutAnOperation) {
  dsw_sink_ops sink{};
  sink.struct_size = sizeof sink;
  provider_.kind = DSW_KIND_SINK;
  provider_.sink = &sink;
  EXPECT_FAIL(CheckTable(&plugin_), Code::kInvalid, "sink.ensure_collection");
}

TEST_F(NegotiationTest, SaysWhereManifestAndTableDisagree) {
  plugin_.host_minor_min = 1;
  EXPECT_FAIL(CheckAgreement(manifest_, plugin_), Code::kInvalid, "the oldest host is 0");
  plugin_.abi_minor = 0;
  EXPECT_FAIL(CheckAgreement(manifest_, plugin_), Code::kInvalid, "the ABI's minor version");
  plugin_.version = StrOf("2.0.0");
  EXPECT_FAIL(CheckAgreement(manifest_, plugin_), Code::kInvalid,
              "the version is 1.0.0 in the manifest and 2.0.0 in the table");
  plugin_.id = StrOf("org.example.other");
  EXPECT_FAIL(CheckAgreement(manifest_, plugin_), Code::kInvalid, "the id is org.example.acme");
}

TEST_F(NegotiationTest, ComparesProvidersByKindAndId) {
  manifest_.providers[0].kind = ProviderKind::kSink;
  EXPECT_FAIL(CheckAgreement(manifest_, plugin_), Code::kInvalid, "the sink \"fake\"");
  manifest_.providers.push_back({.kind = ProviderKind::kEmbedder, .id = "fake", .models = {}});
  EXPECT_FAIL(CheckAgreement(manifest_, plugin_), Code::kInvalid, "the number of providers is 2");
}

}  // namespace
}  // namespace dsw
