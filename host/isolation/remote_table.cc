// SPDX-License-Identifier: Apache-2.0
#include "host/isolation/remote_table.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "host/isolation/forward_embedder.h"
#include "host/isolation/forward_sink.h"
#include "host/isolation/isolated_plugin.h"
#include "host/isolation/wire.h"
#include "host/isolation/wire_reader.h"

namespace dsw {
namespace {

template <std::size_t Position>
dsw_status Create(void* plugin, const dsw_instance_params* params, void** instance,
                  dsw_error* error) {
  return static_cast<IsolatedPlugin*>(plugin)->Create(Position, *params, instance, error);
}

template <std::size_t... Positions>
constexpr auto MakeCreates(std::index_sequence<Positions...>) {
  return std::array<decltype(dsw_provider::create), sizeof...(Positions)>{&Create<Positions>...};
}
/// A provider is told apart by the function that makes its instances.
constexpr auto kCreates = MakeCreates(std::make_index_sequence<wire::kMostProviders>());

void Destroy(void* instance) {
  IsolatedPlugin::Destroy(instance);
}

void Shutdown(void* plugin) {
  static_cast<IsolatedPlugin*>(plugin)->ShutDown();
}

class Table final : public RemoteTable {
 public:
  explicit Table(std::string_view content) : content_(content), reader_(content_) {}

  const dsw_plugin* table() const override { return present_ ? &plugin_ : nullptr; }
  bool has_init() const override { return has_init_; }

  Status Read() {
    ReadPlugin();
    if (!problem_.empty()) return Fail(Code::kInvalid, problem_);
    if (reader_.bad()) return Fail(Code::kInvalid, "its table cannot be read");
    return {};
  }

 private:
  struct Provider {
    dsw_provider table{};
    dsw_embedder_ops embedder{};
    dsw_sink_ops sink{};
    std::deque<dsw_model> models{};
    std::vector<const dsw_model*> model_pointers{};
  };

  /// Presence and size; whether the members up to `least` follow. A larger struct than this build
  /// knows is one of the size that it knows.
  template <typename Struct>
  bool ReadHead(Struct& value, std::size_t least, bool& present) {
    present = Present();
    if (!present) return false;
    const std::uint32_t size = reader_.U32();
    value.struct_size = std::min<std::uint32_t>(size, sizeof value);
    return size >= least;
  }
  bool Present() { return reader_.U32() != 0; }
  dsw_str Str() {
    const std::string_view text = reader_.Text();
    return {text.data(), text.size()};
  }
  /// Leaves out a function that the plugin does not have.
  template <typename Function>
  void Keep(Function& function) {
    if (!Present()) function = nullptr;
  }

  void ReadPlugin() {
    if (!ReadHead(plugin_, offsetof(dsw_plugin, shutdown) + sizeof(void*), present_)) return;
    plugin_.abi_minor = reader_.U32();
    plugin_.host_minor_min = reader_.U32();
    plugin_.id = Str();
    plugin_.version = Str();
    plugin_.vendor = Str();
    plugin_.license = Str();
    has_init_ = Present();
    plugin_.shutdown = &Shutdown;
    Keep(plugin_.shutdown);
    const bool has_providers = Present();
    plugin_.provider_count = reader_.U64();
    if (!has_providers) return;
    if (plugin_.provider_count > wire::kMostProviders) {
      problem_ = fmt::format("offers {} providers, a process of its own can have at most {}",
                             plugin_.provider_count, wire::kMostProviders);
      return;
    }
    for (std::size_t i = 0; i < plugin_.provider_count && problem_.empty(); ++i) ReadProvider(i);
    plugin_.providers = provider_pointers_.data();
  }

  void ReadProvider(std::size_t position) {
    Provider& provider = providers_.emplace_back();
    dsw_provider& table = provider.table;
    bool present = false;
    const bool whole =
        ReadHead(table, offsetof(dsw_provider, get_extension) + sizeof(void*), present);
    provider_pointers_.push_back(present ? &table : nullptr);
    if (!whole) return;
    table.kind = reader_.U32();
    table.id = Str();
    table.title = Str();
    ReadModels(provider);
    table.max_batch = reader_.U32();
    table.max_concurrency = reader_.U32();
    table.max_request_bytes = reader_.U64();
    table.create = kCreates.at(position);
    Keep(table.create);
    table.destroy = &Destroy;
    Keep(table.destroy);
    ReadEmbedder(provider);
    ReadSink(provider);
    table.get_extension = &RemoteExtension;
    Keep(table.get_extension);
    if (table.kind != DSW_KIND_SINK) table.get_extension = nullptr;
    table.default_base_url = Str();
    table.config_schema = Str();
    table.flags = reader_.U32();
  }

  void ReadModels(Provider& provider) {
    const bool has_models = Present();
    provider.table.model_count = reader_.U64();
    if (!has_models) return;
    if (provider.table.model_count > wire::kMostModels) {
      problem_ = fmt::format("lists {} models, a process of its own can have at most {}",
                             provider.table.model_count, wire::kMostModels);
      return;
    }
    constexpr std::size_t kFirst = offsetof(dsw_model, max_request_tokens) + sizeof(std::uint32_t);
    for (std::size_t i = 0; i < provider.table.model_count; ++i) {
      dsw_model& model = provider.models.emplace_back();
      bool present = false;
      if (ReadHead(model, kFirst, present)) {
        model.dimensions = reader_.U32();
        model.max_tokens = reader_.U32();
        model.min_dimensions = reader_.U32();
        model.id = Str();
        model.max_batch = reader_.U32();
        model.max_request_tokens = reader_.U32();
        model.price = reader_.U64();
      }
      provider.model_pointers.push_back(present ? &model : nullptr);
    }
    provider.model_pointers.push_back(nullptr);
    provider.table.models = provider.model_pointers.data();
  }

  void ReadEmbedder(Provider& provider) {
    bool present = false;
    provider.embedder = RemoteEmbedderOps();
    dsw_embedder_ops& ops = provider.embedder;
    if (ReadHead(ops, offsetof(dsw_embedder_ops, health) + sizeof(void*), present)) {
      Keep(ops.embed);
      Keep(ops.describe);
      Keep(ops.health);
    }
    provider.table.embedder = present ? &ops : nullptr;
  }

  void ReadSink(Provider& provider) {
    bool present = false;
    provider.sink = RemoteSinkOps();
    dsw_sink_ops& ops = provider.sink;
    if (ReadHead(ops, offsetof(dsw_sink_ops, health) + sizeof(void*), present)) {
      Keep(ops.ensure_collection);
      Keep(ops.upsert);
      Keep(ops.remove);
      Keep(ops.count);
      Keep(ops.health);
    }
    provider.table.sink = present ? &ops : nullptr;
  }

  const std::string content_;
  wire::Reader reader_;
  bool present_ = false;
  bool has_init_ = false;
  std::string problem_;
  dsw_plugin plugin_{};
  std::deque<Provider> providers_;  // Whose elements stay where they are.
  std::vector<const dsw_provider*> provider_pointers_;
};

}  // namespace

Result<std::unique_ptr<RemoteTable>> RemoteTable::Read(std::string_view content) {
  auto table = std::make_unique<Table>(content);
  RETURN_IF_ERROR(table->Read());
  return table;
}

}  // namespace dsw
