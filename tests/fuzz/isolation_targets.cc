// SPDX-License-Identifier: Apache-2.0
//
// What of the host reads the words of a plugin's process.
#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <dsw/plugin.h>

#include "host/isolation/callbacks.h"
#include "host/isolation/remote_outcome.h"
#include "host/isolation/remote_table.h"
#include "host/isolation/wire_writer.h"
#include "tests/fuzz/targets.h"

namespace dsw {
namespace {

bool Terminated(const char* text, std::size_t size) {
  return std::memchr(text, '\0', size) != nullptr;
}

void Tables(std::string_view input) {
  wire::Reader reader(input);
  RemoteOutcome outcome;
  if (!outcome.Read(reader)) return;
  Must(Terminated(outcome.error.message, sizeof outcome.error.message), "a message ends");
  Must(Terminated(outcome.error.code, sizeof outcome.error.code), "a code ends");
  const auto table = RemoteTable::Read(reader.rest());
  if (!table || (*table)->table() == nullptr) return;
  const dsw_plugin& plugin = *(*table)->table();
  Must(plugin.struct_size <= sizeof plugin, "a table is no larger than it is");
  for (std::size_t i = 0; plugin.providers != nullptr && i < plugin.provider_count; ++i) {
    const dsw_provider* const provider = plugin.providers[i];
    Must(provider == nullptr || provider->struct_size <= sizeof *provider, "nor is a provider");
  }
}

/// The receivers of a call, which look at all that they get.
struct Receiver {
  std::vector<float> matrix;
  std::size_t bytes = 0;

  void Look(const dsw_str& text) {
    bytes += static_cast<std::size_t>(std::count(text.ptr, text.ptr + text.len, 'x'));
  }
};

void Messages(std::string_view input) {
  if (input.empty()) return;
  static const std::unique_ptr<Slot> slot = *Slot::Create();
  slot->ClosePeer();
  slot->Begin();
  Receiver receiver;
  dsw_host host{};
  host.log = [](const dsw_host*, const dsw_call*, std::int32_t, const dsw_str* message,
                const dsw_kv*, std::size_t) {
    Must(message->len == 0 || message->ptr != nullptr, "a message is there");
  };
  host.get_extension = [](const dsw_host*, const char*, std::size_t) -> const void* {
    return nullptr;
  };
  dsw_embed_out embed{};
  embed.ctx = &receiver;
  embed.alloc = [](const dsw_embed_out*, std::uint32_t, std::uint32_t) -> float* {
    return nullptr;
  };
  embed.item_error = [](const dsw_embed_out*, std::uint32_t, const dsw_error* error) {
    Must(error == nullptr || Terminated(error->message, sizeof error->message), "a message ends");
  };
  embed.item_truncated = [](const dsw_embed_out*, std::uint32_t) {};
  embed.usage = [](const dsw_embed_out*, const dsw_usage*) {};
  dsw_search_out search{};
  search.ctx = &receiver;
  search.hit = [](const dsw_search_out* out, const dsw_hit* hit) {
    if (hit == nullptr) return;
    static_cast<Receiver*>(out->ctx)->Look(hit->id);
    static_cast<Receiver*>(out->ctx)->Look(hit->payload);
  };
  Callbacks callbacks(host, nullptr, {.embed = &embed, .search = &search});
  wire::Reader reader(input.substr(1));
  (void)callbacks.Serve(*slot, static_cast<wire::Kind>(input.front()), reader);
}

template <typename Fill>
std::string Written(const Fill& fill) {
  std::string memory(4096, '\0');
  wire::Writer writer(memory.data(), memory.size());
  fill(writer);
  memory.resize(writer.size());
  return memory;
}

const std::string& OutcomeSeed() {
  static const std::string seed = Written([](wire::Writer& writer) {
    dsw_error error{};
    error.struct_size = sizeof error;
    writer.U32(1);
    writer.I32(DSW_E_AUTH);
    writer.Sized(&error);
  });
  return seed;
}

const std::string& HitSeed() {
  static const std::string seed = Written([](wire::Writer& writer) {
    const char kind = static_cast<char>(wire::Kind::kHit);
    writer.Bytes(&kind, 1);
    writer.U32(1);
    writer.U32(sizeof(dsw_hit));
    writer.Text("id");
    writer.Text("{}");
    writer.F64(1);
  });
  return seed;
}

}  // namespace

std::vector<FuzzTarget> IsolationTargets() {
  return {{"process_table", &Tables, {OutcomeSeed()}},
          {"process_messages", &Messages, {HitSeed()}}};
}

}  // namespace dsw
