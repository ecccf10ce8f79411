// SPDX-License-Identifier: Apache-2.0
//
// Embedders "fault" and, as a service, "fault-remote": vectors that tell text and maker, faults as
// the script says. Writes down the fingerprint of each text, in the files `sent` when a call begins
// and `embedded` when it has been served: what an upstream would charge for.
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>
#include <unistd.h>

#include <dsw/plugin.hpp>

#include "script.h"
#include "vectors.h"

namespace fault {
namespace {

using nlohmann::json;

class FaultEmbedder {
 public:
  FaultEmbedder(const dsw_host& host, std::string_view config) : host_(host) {
    const json document = json::parse(config, nullptr, false);
    if (!document.is_object()) throw dsw::Failure(DSW_E_INVALID_CONFIG, "not a JSON object");
    model_ = document.value("model", "hash-8");
    maker_ = document.value("maker", "");
  }

  void Describe(const dsw_call& call, dsw_model_facts& facts) {
    Act(host_, call, "describe");
    facts.dimensions = Dimensions(model_);
    if (facts.dimensions == 0) throw dsw::Failure(DSW_E_NOT_FOUND, "unknown model " + model_);
  }

  void Embed(const dsw_call& call, const dsw_embed_request& request, const dsw_embed_out& out) {
    Texts texts;
    std::vector<std::uint64_t> prints;
    for (std::size_t i = 0; i < request.text_count; ++i) {
      texts.push_back(dsw::View(request.texts[i]));
      prints.push_back(Fingerprint(maker_, model_, texts.back()));
    }
    WriteDown("sent", prints);
    const std::vector<Rule> rules = Act(host_, call, "before_embed", texts);
    const std::uint32_t dimensions = Dimensions(model_);
    float* const rows = out.alloc(&out, static_cast<std::uint32_t>(texts.size()), dimensions);
    if (rows == nullptr) throw dsw::Failure(DSW_E_CONFLICT, "the host refused the matrix");
    for (std::size_t i = 0; i < texts.size(); ++i) {
      float* const row = rows + i * dimensions;
      const bool told = Spoil(rules, texts[i], static_cast<std::uint32_t>(i), row, out);
      if (!told) FillRow(prints[i], row, dimensions);
    }
    const auto tokens = static_cast<std::int64_t>(texts.size());
    const dsw_usage usage{sizeof usage, 1, tokens, tokens};
    out.usage(&out, &usage);
    WriteDown("embedded", prints);
    Act(host_, call, "after_embed", texts);
  }

 private:
  static bool Spoil(const std::vector<Rule>& rules, std::string_view text, std::uint32_t index,
                    float* row, const dsw_embed_out& out) {
    for (const Rule& rule : rules) {
      if (text.find(rule.text) == std::string_view::npos) continue;
      if (rule.what == "nan") {
        row[0] = std::numeric_limits<float>::quiet_NaN();
      } else {
        const dsw::Failure failure(DSW_E_INVALID_REQUEST, rule.message);
        out.item_error(&out, index, &failure.error());
      }
      return true;
    }
    return false;
  }

  static void WriteDown(const std::string& file, const std::vector<std::uint64_t>& prints) {
    const std::string end = " " + std::to_string(getpid()) + "\n";
    std::string lines;
    for (const std::uint64_t print : prints) lines += std::to_string(print) + end;
    Append(file, lines);
  }

  const dsw_host& host_;
  std::string model_;
  std::string maker_;
};

using Table = dsw::Embedder<FaultEmbedder>;

constexpr dsw_provider MakeProvider(std::string_view id, std::uint32_t flags) {
  dsw_provider provider{};
  provider.struct_size = sizeof provider;
  provider.kind = DSW_KIND_EMBEDDER;
  provider.id = {id.data(), id.size()};
  provider.title = DSW_STR("Hashes with faults, for tests");
  provider.create = &Table::Create;
  provider.destroy = &Table::Destroy;
  provider.embedder = &Table::kOps;
  provider.flags = flags;
  if (flags != 0) provider.default_base_url = DSW_STR("http://127.0.0.1:1");
  return provider;
}

constexpr dsw_provider kLocal = MakeProvider("fault", 0);
constexpr dsw_provider kRemote = MakeProvider("fault-remote", DSW_PROVIDER_REMOTE);
constexpr const dsw_provider* kProviders[] = {&kLocal, &kRemote};
constexpr dsw_plugin kPlugin{sizeof(dsw_plugin),
                             DSW_ABI_MINOR,
                             0,
                             0,
                             DSW_STR("io.dsw.embed-fault"),
                             DSW_STR("1.0.0"),
                             DSW_STR("Datasets worker"),
                             DSW_STR("Apache-2.0"),
                             kProviders,
                             2,
                             nullptr,
                             nullptr};

}  // namespace
}  // namespace fault

extern "C" dsw_status dsw_plugin_entry_v0(const dsw_host*, const dsw_plugin** out, dsw_error*) {
  *out = &fault::kPlugin;
  return DSW_OK;
}
