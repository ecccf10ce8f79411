// SPDX-License-Identifier: Apache-2.0
//
// A complete embedder in C++17: how often each byte occurs in a text, as a vector of 256 numbers.
// Copy this folder to start a provider of your own.
//
//     cmake -B build && cmake --build build
//     cp build/echo_cpp.so /usr/lib/worker-datasets/plugins/
//     worker-datasets plugins
//
// Settings: "model" ("bytes", the only one) and "fold_case" (true or false).
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include <dsw/plugin.hpp>

namespace {

constexpr std::uint32_t kDimensions = 256;

struct Settings {
  std::string model = "bytes";
  bool fold_case = false;
};

/// Every key is checked, so that a mistyped one does not go unnoticed.
Settings ParseSettings(std::string_view config) {
  const auto document = nlohmann::json::parse(config, nullptr, false);
  if (!document.is_object()) throw dsw::Failure(DSW_E_INVALID_CONFIG, "not a JSON object");
  Settings settings;
  for (const auto& [key, value] : document.items()) {
    if (key == "model" && value.is_string()) {
      settings.model = value.get<std::string>();
    } else if (key == "fold_case" && value.is_boolean()) {
      settings.fold_case = value.get<bool>();
    } else {
      throw dsw::Failure(DSW_E_INVALID_CONFIG, "/" + key + ": unknown key or wrong type");
    }
  }
  return settings;
}

/// One instance per configuration. Embed() may run in several threads at once.
class Echo {
 public:
  Echo(const dsw_host& host, std::string_view config)
      : host_(host), settings_(ParseSettings(config)) {}

  void Describe(const dsw_call&, dsw_model_facts& facts) {
    CheckModel();
    facts.dimensions = kDimensions;
  }

  void Embed(const dsw_call& call, const dsw_embed_request& request, const dsw_embed_out& out) {
    CheckModel();
    float* const rows =
        out.alloc(&out, static_cast<std::uint32_t>(request.text_count), kDimensions);
    if (rows == nullptr) {
      throw dsw::Failure(DSW_E_CONFLICT, "the host wants vectors of another size");
    }
    for (std::size_t i = 0; i < request.text_count; ++i) {
      dsw::CheckCall(host_, call);
      CountBytes(dsw::View(request.texts[i]), rows + i * kDimensions);
    }
  }

 private:
  void CheckModel() const {
    if (settings_.model != "bytes") {
      throw dsw::Failure(DSW_E_NOT_FOUND, "unknown model \"" + settings_.model + '"');
    }
  }

  void CountBytes(std::string_view text, float* row) const {
    for (const char c : text) {
      const bool upper = c >= 'A' && c <= 'Z';
      const int folded = settings_.fold_case && upper ? c - 'A' + 'a' : c;
      row[static_cast<unsigned char>(folded)] += 1;
    }
    double squares = 0;
    for (std::uint32_t i = 0; i < kDimensions; ++i) squares += double{row[i]} * row[i];
    if (squares == 0) return;
    const auto scale = static_cast<float>(1 / std::sqrt(squares));
    for (std::uint32_t i = 0; i < kDimensions; ++i) row[i] *= scale;
  }

  const dsw_host& host_;
  const Settings settings_;
};

using Table = dsw::Embedder<Echo>;

constexpr dsw_model MakeModel() {
  dsw_model model{};
  model.struct_size = sizeof model;
  model.dimensions = kDimensions;
  model.id = DSW_STR("bytes");
  return model;
}
constexpr dsw_model kBytes = MakeModel();
constexpr const dsw_model* kModels[] = {&kBytes};

constexpr dsw_provider MakeProvider() {
  dsw_provider provider{};
  provider.struct_size = sizeof provider;
  provider.kind = DSW_KIND_EMBEDDER;
  provider.id = DSW_STR("echo-cpp");
  provider.title = DSW_STR("Byte frequencies");
  provider.models = kModels;
  provider.model_count = std::size(kModels);
  provider.create = &Table::Create;
  provider.destroy = &Table::Destroy;
  provider.embedder = &Table::kOps;
  return provider;
}
constexpr dsw_provider kProvider = MakeProvider();
constexpr const dsw_provider* kProviders[] = {&kProvider};

constexpr dsw_plugin kPlugin = {sizeof(dsw_plugin),
                                DSW_ABI_MINOR,
                                /*host_minor_min=*/0,
                                0,
                                DSW_STR("org.example.echo-cpp"),
                                DSW_STR("1.0.0"),
                                DSW_STR("Example"),
                                DSW_STR("Apache-2.0"),
                                kProviders,
                                std::size(kProviders),
                                /*init=*/nullptr,
                                /*shutdown=*/nullptr};

}  // namespace

dsw_status dsw_plugin_entry_v0(const dsw_host*, const dsw_plugin** out, dsw_error*) {
  *out = &kPlugin;
  return DSW_OK;
}
