// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/embedder_plugin.h"

#include <array>
#include <bit>
#include <mutex>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "host/plugin/errors.h"
#include "host/plugin/text.h"
#include "host/plugin/vector_settings.h"

namespace dsw {
namespace {

/// More than any model has; a larger number is garbage.
constexpr std::uint32_t kMostDimensions = 1u << 20;

/// Takes what one embed call hands back. The plugin may use it from several threads until the call
/// returns; after that it belongs to the caller.
class Receiver {
 public:
  Receiver(std::size_t texts, std::uint32_t dimensions) : texts_(texts), dimensions_(dimensions) {
    vectors_.item_errors.resize(texts);
    vectors_.truncated.resize(texts);
  }

  dsw_embed_out Table() {
    return {.struct_size = sizeof(dsw_embed_out),
            .reserved0 = 0,
            .ctx = this,
            .alloc = &Alloc,
            .item_error = &ItemError,
            .item_truncated = &ItemTruncated,
            .usage = &Usage};
  }

  /// What the plugin did against the contract; empty for nothing.
  const std::string& violation() const { return violation_; }

  /// The result of a call that succeeded; fails with what is wrong with it.
  Result<Vectors> Take(std::string_view who) {
    if (!allocated_) violation_ = "succeeded without asking for the result's memory";
    if (!violation_.empty()) return Fail(Misbehaviour(who, violation_));
    const Error not_finite{.code = Code::kBadResponse,
                           .message = fmt::format("{}: returned a vector that is not finite", who)};
    std::size_t failed = 0;
    for (std::size_t i = 0; i < texts_; ++i) {
      if (vectors_.item_errors[i] || AllFinite(vectors_.matrix.row(i))) continue;
      vectors_.item_errors[i] = not_finite;
      ++failed;
    }
    // It is not the texts when it is all of them.
    if (failed > 0 && failed == texts_) return Fail(not_finite);
    return std::move(vectors_);
  }

 private:
  static Receiver& Of(const dsw_embed_out* out) { return *static_cast<Receiver*>(out->ctx); }

  static bool AllFinite(std::span<const float> row) {
    // Added to a number that is not finite, and to no other, it reaches the sign.
    constexpr std::uint32_t kMagnitude = 0x7FFFFFFF;
    constexpr std::uint32_t kLowestExponent = 0x00800000;
    const auto marked = [](float value) {
      return (std::bit_cast<std::uint32_t>(value) & kMagnitude) + kLowestExponent;
    };
    // Without a branch per value, and in blocks that compilers turn into vector code.
    constexpr std::size_t kBlock = 4;
    std::array<std::uint32_t, kBlock> marks{};
    std::size_t i = 0;
    for (; i + kBlock <= row.size(); i += kBlock) {
      for (std::size_t j = 0; j < kBlock; ++j) marks[j] |= marked(row[i + j]);
    }
    for (; i < row.size(); ++i) marks[0] |= marked(row[i]);
    std::uint32_t any = 0;
    for (const std::uint32_t mark : marks) any |= mark;
    return any >> 31 == 0;
  }

  void Violate(std::string what) {
    if (violation_.empty()) violation_ = std::move(what);
  }

  static float* Alloc(const dsw_embed_out* out, std::uint32_t rows,
                      std::uint32_t dimensions) noexcept {
    Receiver& self = Of(out);
    const std::lock_guard lock(self.mutex_);
    if (self.allocated_) {
      self.Violate("asked twice for the result's memory");
    } else if (rows != self.texts_) {
      self.Violate(fmt::format("returned {} vectors for {} texts", rows, self.texts_));
    } else if (dimensions == 0 || dimensions > kMostDimensions) {
      self.Violate(fmt::format("returned vectors of {} dimensions", dimensions));
    } else if (self.dimensions_ != 0 && dimensions != self.dimensions_) {
      self.Violate(fmt::format("returned vectors of {} dimensions from a model of {}", dimensions,
                               self.dimensions_));
    } else {
      self.allocated_ = true;
      self.vectors_.matrix = Matrix(rows, dimensions);
      return self.vectors_.matrix.data();
    }
    return nullptr;
  }

  static void ItemError(const dsw_embed_out* out, std::uint32_t index,
                        const dsw_error* error) noexcept {
    Receiver& self = Of(out);
    const std::lock_guard lock(self.mutex_);
    if (index >= self.texts_ || error == nullptr || !DSW_HAS(error, message)) {
      self.Violate(fmt::format("reported a failure of text {} that cannot be read", index));
      return;
    }
    self.vectors_.item_errors[index] = ErrorFrom("text", error->category, *error);
  }

  static void ItemTruncated(const dsw_embed_out* out, std::uint32_t index) noexcept {
    Receiver& self = Of(out);
    const std::lock_guard lock(self.mutex_);
    if (index >= self.texts_) {
      self.Violate(fmt::format("truncated text {} of {}", index, self.texts_));
      return;
    }
    self.vectors_.truncated[index] = true;
  }

  static void Usage(const dsw_embed_out* out, const dsw_usage* usage) noexcept {
    Receiver& self = Of(out);
    const std::lock_guard lock(self.mutex_);
    if (usage == nullptr || !DSW_HAS(usage, total_tokens)) {
      self.Violate("reported a consumption that cannot be read");
      return;
    }
    const std::int64_t tokens =
        usage->total_tokens >= 0 ? usage->total_tokens : usage->prompt_tokens;
    if (tokens >= 0) self.vectors_.tokens = tokens;
  }

  const std::size_t texts_;
  const std::uint32_t dimensions_;
  std::mutex mutex_;
  bool allocated_ = false;
  std::string violation_;
  Vectors vectors_;
};

std::vector<dsw_str> Borrow(std::span<const std::string_view> texts) {
  std::vector<dsw_str> borrowed;
  borrowed.reserve(texts.size());
  for (const std::string_view text : texts) borrowed.push_back(StrOf(text));
  return borrowed;
}

}  // namespace

EmbedderPlugin::EmbedderPlugin(std::unique_ptr<PluginInstance> instance)
    : instance_(std::move(instance)), max_batch_(instance_->provider().max_batch) {}

Embedder::Limits EmbedderPlugin::limits() const {
  return {.max_batch = max_batch_.load(), .max_bytes = instance_->provider().max_request_bytes};
}

bool EmbedderPlugin::remote() const {
  return IsRemote(instance_->provider());
}

std::optional<std::vector<std::string>> EmbedderPlugin::vector_settings() const {
  const dsw_provider& provider = instance_->provider();
  return DSW_HAS(&provider, config_schema) ? VectorSettings(ViewOf(provider.config_schema))
                                           : std::nullopt;
}

Result<ModelFacts> EmbedderPlugin::Describe(const CallContext& context) {
  dsw_model_facts facts{};
  facts.struct_size = sizeof facts;
  RETURN_IF_ERROR(
      instance_->guard().Call("describe", context, [&](const dsw_call* call, dsw_error* error) {
        return instance_->provider().embedder->describe(instance_->handle(), call, &facts, error);
      }));
  if (facts.dimensions > kMostDimensions) {
    return Fail(Misbehaviour(provider(),
                             fmt::format("described a model of {} dimensions", facts.dimensions)));
  }
  const std::uint32_t max_batch =
      facts.max_batch != 0 ? facts.max_batch : instance_->provider().max_batch;
  max_batch_ = max_batch;
  if (facts.dimensions != 0) dimensions_ = facts.dimensions;
  return ModelFacts{.dimensions = dimensions_.load(),
                    .max_tokens = facts.max_tokens,
                    .max_batch = max_batch,
                    .max_request_tokens = facts.max_request_tokens,
                    .bytes_per_token = facts.bytes_per_token != 0 ? facts.bytes_per_token : 4,
                    .max_request_bytes = facts.max_request_bytes,
                    .requests_per_minute = facts.requests_per_minute,
                    .inputs_per_minute = facts.inputs_per_minute,
                    .tokens_per_minute = facts.tokens_per_minute,
                    .max_concurrency = facts.max_concurrency};
}

Result<Vectors> EmbedderPlugin::Embed(const CallContext& context,
                                      std::span<const std::string_view> texts, InputType type) {
  if (texts.empty()) return Vectors{};
  const std::uint32_t max_batch = max_batch_.load();
  if (max_batch != 0 && texts.size() > max_batch) {
    return Fail(Code::kTooLarge, fmt::format("{}: {} texts in one call, at most {} are possible",
                                             provider(), texts.size(), max_batch));
  }
  const std::vector<dsw_str> borrowed = Borrow(texts);
  const dsw_embed_request request{.struct_size = sizeof request,
                                  .flags = 0,
                                  .texts = borrowed.data(),
                                  .text_count = borrowed.size(),
                                  .input_type = type == InputType::kQuery
                                                    ? std::uint32_t{DSW_INPUT_QUERY}
                                                    : std::uint32_t{DSW_INPUT_DOCUMENT},
                                  .dimensions = 0};
  Receiver receiver(texts.size(), dimensions_.load());
  const dsw_embed_out out = receiver.Table();
  const Status status =
      instance_->guard().Call("embed", context, [&](const dsw_call* call, dsw_error* error) {
        return instance_->provider().embedder->embed(instance_->handle(), call, &request, &out,
                                                     error);
      });
  // A plugin whose request for memory was turned down fails because of that.
  if (!receiver.violation().empty() && (status || status.error().code != Code::kCancelled)) {
    return Fail(Misbehaviour(provider(), receiver.violation()));
  }
  RETURN_IF_ERROR(status);
  ASSIGN_OR_RETURN(Vectors vectors, receiver.Take(provider()));
  dimensions_ = static_cast<std::uint32_t>(vectors.matrix.dimensions());
  return vectors;
}

}  // namespace dsw
