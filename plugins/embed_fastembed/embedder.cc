// SPDX-License-Identifier: Apache-2.0
// Between the ABI and Model: configuration, waiting for a core, deadlines, results.
#include "plugins/embed_fastembed/embedder.h"

#include <string>
#include <vector>

namespace dsw::fastembed {
namespace {

constexpr std::uint32_t kCriticalFlags = 0xFFFF;

void CheckDimensions(std::size_t wanted, std::size_t got) {
  if (wanted == 0 || got == 0 || wanted == got) return;
  throw Failure(DSW_E_INVALID_REQUEST, "the model gives " + std::to_string(got) +
                                           " dimensions and no other number, asked for were " +
                                           std::to_string(wanted));
}

/// As CheckCall, for a call that has lost `waited_ns` of its time in the queue for a core.
void CheckCallAfterWait(const dsw_host& host, const dsw_call& call, std::uint64_t waited_ns) {
  if (DSW_CAN(&call, cancelled) && call.cancelled(&call) != 0) {
    throw Failure(DSW_E_CANCELLED, "cancelled by the host");
  }
  if (call.deadline_mono_ns == 0) return;
  if (host.now_mono_ns(&host) >= call.deadline_mono_ns + waited_ns) {
    throw Failure(
        DSW_E_TIMEOUT,
        "the call's deadline passed while it computed; allow it more time, or fewer texts");
  }
}

}  // namespace

FastEmbedder::FastEmbedder(Shared& shared, const dsw_host& host, std::string_view config_json)
    : shared_(shared), host_(host), config_(ParseConfig(config_json)) {}

const FastEmbedder::Loaded& FastEmbedder::Load() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (loaded_.model == nullptr) {
    auto model = shared_.models.Get(config_, host_);
    loaded_.options = model->Complete(config_);
    loaded_.model = std::move(model);
  }
  return loaded_;
}

void FastEmbedder::Embed(const dsw_call& call, const dsw_embed_request& request,
                         const dsw_embed_out& out) {
  if ((request.flags & kCriticalFlags) != 0) {
    throw Failure(DSW_E_UNSUPPORTED, "a flag of the request is unknown to this provider");
  }
  CheckCall(host_, call);
  const Loaded& loaded = Load();
  CheckDimensions(request.dimensions, loaded.model->dimensions());

  // A deadline is there to end calls that hang. One that waits behind others does not, and would
  // only join the end of the queue again.
  const std::uint64_t arrived = host_.now_mono_ns(&host_);
  const auto waited = [&] { return host_.now_mono_ns(&host_) - arrived; };
  const Slots::Holder slot =
      shared_.slots.Acquire(config_.threads, [&] { CheckCallAfterWait(host_, call, waited()); });
  const auto check = [&, in_queue = waited()] { CheckCallAfterWait(host_, call, in_queue); };

  std::vector<std::string_view> texts;
  texts.reserve(request.text_count);
  for (std::size_t i = 0; i < request.text_count; ++i) texts.push_back(View(request.texts[i]));

  Model::Sink sink;
  sink.matrix = [&](std::size_t dimensions) {
    CheckDimensions(request.dimensions, dimensions);
    float* matrix = out.alloc(&out, static_cast<std::uint32_t>(texts.size()),
                              static_cast<std::uint32_t>(dimensions));
    if (matrix == nullptr) {
      throw Failure(DSW_E_CONFLICT, "vectors of " + std::to_string(dimensions) +
                                        " dimensions are not what the host expects of " +
                                        config_.model);
    }
    return matrix;
  };
  sink.truncated = [&](std::size_t text) {
    if (DSW_CAN(&out, item_truncated)) {
      out.item_truncated(&out, static_cast<std::uint32_t>(text));
    }
  };
  const std::int64_t tokens = loaded.model->Embed(texts, loaded.options, sink, check);

  dsw_usage usage{};
  usage.struct_size = sizeof usage;
  usage.prompt_tokens = tokens;
  usage.total_tokens = tokens;
  out.usage(&out, &usage);
}

void FastEmbedder::Describe(const dsw_call& call, dsw_model_facts& facts) {
  CheckCall(host_, call);
  const Loaded& loaded = Load();
  facts.dimensions = static_cast<std::uint32_t>(loaded.model->dimensions());
  facts.max_tokens = static_cast<std::uint32_t>(loaded.options.max_length);
  facts.max_batch = loaded.model->max_batch();
}

}  // namespace dsw::fastembed
