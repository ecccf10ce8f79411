// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/embed_batch.h"

#include <cstring>
#include <deque>
#include <span>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "host/base/log.h"
#include "host/domain/cut_text.h"
#include "host/pipeline/embed_call.h"
#include "host/pipeline/long_text.h"

namespace dsw {
namespace {

using Inputs = std::vector<Input>;
using InputSpan = std::span<const Input>;

ChunkPosition PositionOf(const Chunk& chunk) {
  return {chunk.item->item_id, chunk.index};
}

bool HasText(const Chunk& chunk) {
  return chunk.text.find_first_not_of(" \t\r\n\f\v") != std::string::npos;
}

/// Rows whose chunk did not fail, moved together.
Matrix Compact(const Vectors& vectors, std::size_t rows) {
  Matrix compact(rows, vectors.matrix.dimensions());
  std::size_t next = 0;
  for (std::size_t i = 0; i < vectors.matrix.rows(); ++i) {
    if (vectors.item_errors[i]) continue;
    const std::span<const float> row = vectors.matrix.row(i);
    std::memcpy(compact.data() + next * row.size(), row.data(), row.size_bytes());
    ++next;
  }
  return compact;
}

/// One batch on its way. Belongs to one thread.
class BatchEmbedder {
 public:
  BatchEmbedder(const Batch& batch, TargetRun& run)
      : batch_(batch), run_(run), truncate_(run.target().embedder.truncate) {}

  Result<EmbeddedBatch> Run();

 private:
  /// Everything that may be sent, as it may be sent.
  Status Prepare();
  /// As many of the inputs as fit into a call.
  InputSpan Fitting(InputSpan inputs) const;
  void Later(InputSpan inputs);

  Result<Vectors> Call(InputSpan inputs) {
    return EmbedInputs(inputs, batch_.number, run_, trouble_);
  }
  Status Take(InputSpan inputs, Vectors vectors);

  /// Each makes of inputs that failed what may succeed later, or fails a chunk.
  Status Recover(InputSpan inputs, const Error& error);
  Status Smaller(InputSpan inputs, const Error& error);
  Status Refused(InputSpan inputs, const Error& error);
  Status Isolate(InputSpan inputs, Error error);
  Status TooLong(const Input& input, const Error& error);
  Status FailChunk(const Chunk& chunk, std::string reason);
  void Halve(InputSpan inputs);

  const Batch& batch_;
  TargetRun& run_;
  const Truncate truncate_;
  std::deque<Inputs> todo_;  ///< Never empty inputs.
  Trouble trouble_;
  EmbeddedBatch result_;
};

Result<EmbeddedBatch> BatchEmbedder::Run() {
  RETURN_IF_ERROR(Prepare());
  while (!todo_.empty()) {
    const Inputs inputs = std::move(todo_.front());
    todo_.pop_front();
    const InputSpan now = Fitting(inputs);
    Later(InputSpan(inputs).subspan(now.size()));
    Result<Vectors> vectors = Call(now);
    RETURN_IF_ERROR(vectors ? Take(now, *std::move(vectors)) : Recover(now, vectors.error()));
  }
  return std::move(result_);
}

Status BatchEmbedder::Prepare() {
  const std::size_t most = MostInputBytes(run_.target().embedder, run_.facts());
  Inputs inputs;
  inputs.reserve(batch_.chunks.size());
  for (const Chunk& chunk : batch_.chunks) {
    const bool over = most > 0 && chunk.text.size() > most;
    if (!HasText(chunk)) {
      RETURN_IF_ERROR(FailChunk(chunk, "the chunk has no text"));
    } else if (over && truncate_ == Truncate::kNone) {
      RETURN_IF_ERROR(FailChunk(
          chunk,
          fmt::format("the chunk has {} bytes, about {} tokens, more than max_input_tokens {}",
                      chunk.text.size(), chunk.text.size() / run_.facts().bytes_per_token,
                      run_.target().embedder.max_input_tokens)));
    } else {
      inputs.push_back({&chunk, over ? CutText(chunk.text, most, truncate_) : chunk.text});
    }
  }
  Later(inputs);
  return {};
}

InputSpan BatchEmbedder::Fitting(InputSpan inputs) const {
  BatchMeter meter(run_.CallLimits());
  while (meter.chunks() < inputs.size() && meter.Add(inputs[meter.chunks()].text.size())) {
  }
  return inputs.first(meter.chunks());
}

void BatchEmbedder::Later(InputSpan inputs) {
  if (!inputs.empty()) todo_.emplace_front(inputs.begin(), inputs.end());
}

Status BatchEmbedder::Take(InputSpan inputs, Vectors vectors) {
  EmbeddedPiece piece;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const std::optional<Error>& error = vectors.item_errors[i];
    if (error && error->code == Code::kInputTooLong) {
      RETURN_IF_ERROR(TooLong(inputs[i], *error));
    } else if (error) {
      RETURN_IF_ERROR(FailChunk(*inputs[i].chunk, error->message));
    } else {
      piece.chunks.push_back(inputs[i].chunk);
      piece.truncated.push_back(vectors.truncated[i] || inputs[i].truncated());
    }
  }
  if (vectors.tokens) result_.tokens = result_.tokens.value_or(0) + *vectors.tokens;
  if (piece.chunks.empty()) return {};
  piece.matrix = piece.chunks.size() == inputs.size() ? std::move(vectors.matrix)
                                                      : Compact(vectors, piece.chunks.size());
  result_.pieces.push_back(std::move(piece));
  return {};
}

Status BatchEmbedder::Recover(InputSpan inputs, const Error& error) {
  switch (error.code) {
    case Code::kTooLarge:
      return inputs.size() == 1 ? TooLong(inputs.front(), error) : Smaller(inputs, error);
    case Code::kTimeout:
      if (inputs.size() == 1 || trouble_.timeouts < kTimeoutsBeforeSplit) return Fail(error);
      Halve(inputs);
      return {};
    case Code::kInputTooLong:
    case Code::kInvalid:
      return Refused(inputs, error);
    default:
      return Fail(error);
  }
}

Status BatchEmbedder::Smaller(InputSpan inputs, const Error& error) {
  run_.learned().Refused(error, inputs.size(), BytesOf(inputs));
  Log(LogLevel::kInfo, "pipeline", "calls to a provider are made smaller",
      {{"provider", std::string(run_.embedder().provider())},
       {"model", run_.target().embedder.model},
       {"reason", error.message}});
  if (Fitting(inputs).size() < inputs.size()) {
    Later(inputs);
  } else {
    Halve(inputs);
  }
  return {};
}

Status BatchEmbedder::Refused(InputSpan inputs, const Error& error) {
  const bool too_long = error.code == Code::kInputTooLong;
  const bool named = error.item && *error.item < inputs.size();
  if (!too_long && !named && !run_.proven()) {
    // A provider that refuses even the probe refuses the request as such, not a chunk of it.
    const Result<Vectors> probe = run_.Probe();
    if (!probe) return Fail(probe.error().code == Code::kInvalid ? error : probe.error());
  }
  if (!named && inputs.size() > 1) return Isolate(inputs, error);
  const std::size_t bad = named ? *error.item : 0;
  Inputs others(inputs.begin(), inputs.end());
  others.erase(others.begin() + static_cast<std::ptrdiff_t>(bad));
  Later(others);
  if (too_long) return TooLong(inputs[bad], error);
  run_.Disprove();
  return FailChunk(*inputs[bad].chunk, error.message);
}

Status BatchEmbedder::Isolate(InputSpan inputs, Error error) {
  // Halving, but what stands beside the half that is refused is sent later, in one call: it takes
  // one call per level and not two.
  Inputs others;
  bool sent = true;  // `inputs` was refused as it is.
  while (inputs.size() > 1) {
    const InputSpan half = inputs.first(inputs.size() / 2);
    const InputSpan rest = inputs.subspan(half.size());
    Result<Vectors> vectors = Call(half);
    if (vectors) {
      RETURN_IF_ERROR(Take(half, *std::move(vectors)));
      inputs = rest;
      sent = false;
      continue;
    }
    others.insert(others.end(), rest.begin(), rest.end());
    inputs = half;
    sent = true;
    if (vectors.error().code != error.code || vectors.error().item) {
      Later(others);
      return Recover(inputs, vectors.error());
    }
    error = std::move(vectors.error());
  }
  Later(others);
  if (sent) return Refused(inputs, error);
  Later(inputs);
  return {};
}

Status BatchEmbedder::TooLong(const Input& input, const Error& error) {
  const std::size_t next =
      truncate_ == Truncate::kNone
          ? 0
          : NextInputBytes(input.text.size(), input.chunk->text.size(), error, run_.facts());
  if (next == 0) return FailChunk(*input.chunk, error.message);
  const Input shorter{input.chunk, CutText(input.text, next, truncate_)};
  Later(InputSpan(&shorter, 1));
  return {};
}

Status BatchEmbedder::FailChunk(const Chunk& chunk, std::string reason) {
  const ChunkPosition position = PositionOf(chunk);
  if (run_.worker().options.failed_chunks == FailedChunkPolicy::kFail) {
    return Fail(Code::kInvalid, fmt::format("chunk {} of item {}: {} (FAILED_CHUNK_POLICY=fail)",
                                            position.index, position.item_id, reason));
  }
  result_.failed.push_back({position, std::move(reason)});
  return {};
}

void BatchEmbedder::Halve(InputSpan inputs) {
  const std::size_t half = inputs.size() / 2;
  Later(inputs.subspan(half));
  Later(inputs.first(half));
}

}  // namespace

Result<EmbeddedBatch> EmbedBatch(const Batch& batch, TargetRun& run) {
  return BatchEmbedder(batch, run).Run();
}

}  // namespace dsw
