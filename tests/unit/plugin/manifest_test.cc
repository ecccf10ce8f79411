// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/manifest.h"

#include <nlohmann/json.hpp>

#include "tests/support/matchers.h"

namespace dsw {
namespace {

using nlohmann::json;

json Good() {
  return json::parse(R"({
    "abi": [0, 1], "host_min": 1, "id": "org.example.acme", "version": "1.2.3",
    "vendor": "Acme", "license": "MIT", "future": true,
    "providers": [
      {"kind": "embedder", "id": "acme",
       "models": [{"id": "small", "dimensions": 256, "max_input_tokens": 512}, {"id": "any"}]},
      {"kind": "sink", "id": "acme"}]})");
}

TEST(ManifestTest, ReadsEveryMember) {
  ASSERT_OK_AND_ASSIGN(const Manifest manifest, ParseManifest(Good().dump()));
  EXPECT_EQ(manifest.abi_major, 0u);
  EXPECT_EQ(manifest.abi_minor, 1u);
  EXPECT_EQ(manifest.host_min, 1u);
  EXPECT_EQ(manifest.id, "org.example.acme");
  EXPECT_EQ(manifest.version, "1.2.3");
  EXPECT_EQ(manifest.vendor, "Acme");
  EXPECT_EQ(manifest.license, "MIT");
  ASSERT_EQ(manifest.providers.size(), 2u);
  EXPECT_EQ(manifest.providers[0].kind, ProviderKind::kEmbedder);
  ASSERT_EQ(manifest.providers[0].models.size(), 2u);
  EXPECT_EQ(manifest.providers[0].models[0].dimensions, 256u);
  EXPECT_EQ(manifest.providers[0].models[0].max_input_tokens, 512u);
  EXPECT_EQ(manifest.providers[0].models[1].dimensions, 0u);
  EXPECT_EQ(manifest.providers[1].kind, ProviderKind::kSink);
}

TEST(ManifestTest, NeedsAreFilesAndNet) {
  json manifest = Good();
  manifest["needs"] = {"files", "net"};
  ASSERT_OK_AND_ASSIGN(const Manifest read, ParseManifest(manifest.dump()));
  EXPECT_THAT(read.needs, testing::ElementsAre("files", "net"));
  for (const json& wrong : {json("files"), json::array({"root"}), json::array({1})}) {
    manifest["needs"] = wrong;
    EXPECT_FAIL(ParseManifest(manifest.dump()), Code::kInvalid, "\"needs\"");
  }
}

TEST(ManifestTest, RefusesWhatIsNotAnObject) {
  EXPECT_FAIL(ParseManifest(""), Code::kInvalid, "not a JSON object");
  EXPECT_FAIL(ParseManifest("[1]"), Code::kInvalid, "not a JSON object");
  EXPECT_FAIL(ParseManifest("{\"id\": "), Code::kInvalid, "not a JSON object");
  EXPECT_FAIL(ParseManifest("\xFF\xFE"), Code::kInvalid, "not a JSON object");
}

TEST(ManifestTest, NamesTheMemberThatIsWrong) {
  for (const char* member : {"abi", "id", "version", "vendor", "license", "providers"}) {
    json manifest = Good();
    manifest.erase(member);
    EXPECT_FAIL(ParseManifest(manifest.dump()), Code::kInvalid, '"' + std::string(member) + '"');
    manifest[member] = 7;
    EXPECT_FAIL(ParseManifest(manifest.dump()), Code::kInvalid, '"' + std::string(member) + '"');
  }
  json manifest = Good();
  manifest["host_min"] = -1;
  EXPECT_FAIL(ParseManifest(manifest.dump()), Code::kInvalid, "\"host_min\"");
  manifest = Good();
  manifest["abi"] = {0, 1, 2};
  EXPECT_FAIL(ParseManifest(manifest.dump()), Code::kInvalid, "[major, minor]");
  manifest = Good();
  manifest["providers"] = json::array();
  EXPECT_FAIL(ParseManifest(manifest.dump()), Code::kInvalid, "\"providers\" is empty");
  manifest["providers"] = {"acme"};
  EXPECT_FAIL(ParseManifest(manifest.dump()), Code::kInvalid, "array of objects");
}

TEST(ManifestTest, RefusesUnusableProviders) {
  json manifest = Good();
  manifest["providers"][0]["kind"] = "oracle";
  EXPECT_FAIL(ParseManifest(manifest.dump()), Code::kInvalid, "oracle");
  manifest = Good();
  manifest["providers"][0]["id"] = "Acme Inc";
  EXPECT_FAIL(ParseManifest(manifest.dump()), Code::kInvalid, "Acme Inc");
  manifest = Good();
  manifest["providers"][1]["kind"] = "embedder";
  EXPECT_FAIL(ParseManifest(manifest.dump()), Code::kInvalid, "twice");
}

}  // namespace
}  // namespace dsw
