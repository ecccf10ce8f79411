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
#include "host/domain/failure.h"
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

/// What is still to be sent.
struct Work {
  Inputs inputs;  ///< Never empty.
  /// Of one text that is thought to be why calls failed: when it failed alone.
  std::optional<Clock::TimePoint> accused_at{};
};

/// One batch on its way. Belongs to one thread.
class BatchEmbedder {
 public:
  BatchEmbedder(const Batch& batch, TargetRun& run)
      : batch_(batch), run_(run), truncate_(run.target().embedder.truncate) {}

  Result<EmbeddedBatch> Run();

 private:
  /// Everything that may be sent, as it may be sent.
  Status Prepare();
  Status Send(Work work);
  /// As many of the inputs as fit into a call.
  InputSpan Fitting(InputSpan inputs) const;
  void Later(InputSpan inputs);

  /// `suspect`: its texts are thought to be why calls fail.
  Result<Vectors> Call(InputSpan inputs, bool suspect) {
    trouble_.suspect = suspect;
    return EmbedInputs(inputs, batch_.number, run_, trouble_);
  }
  Status Take(InputSpan inputs, Vectors vectors);

  /// Each makes of inputs that failed what may succeed later, or fails a chunk.
  Status Recover(const Work& work, const Error& error);
  Status TooLarge(InputSpan inputs, const Error& error);
  Status Refused(InputSpan inputs, const Error& error);
  Status Broken(const Work& work, const Error& error);
  Status Judge(const Input& input, const Error& error);
  Status Isolate(InputSpan inputs, Error error);
  Status TooLong(const Input& input, const Error& error);
  Status FailChunk(const Chunk& chunk, std::string reason);
  void Smaller(InputSpan inputs);

  const Batch& batch_;
  TargetRun& run_;
  const Truncate truncate_;
  std::deque<Work> todo_;
  Trouble trouble_;
  EmbeddedBatch result_;
};

Result<EmbeddedBatch> BatchEmbedder::Run() {
  RETURN_IF_ERROR(Prepare());
  while (!todo_.empty()) {
    Work work = std::move(todo_.front());
    todo_.pop_front();
    RETURN_IF_ERROR(Send(std::move(work)));
  }
  return std::move(result_);
}

Status BatchEmbedder::Send(Work work) {
  const std::size_t now = Fitting(work.inputs).size();
  Later(InputSpan(work.inputs).subspan(now));
  work.inputs.resize(now);
  Result<Vectors> vectors = Call(work.inputs, work.accused_at.has_value());
  return vectors ? Take(work.inputs, *std::move(vectors)) : Recover(work, vectors.error());
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
  if (!inputs.empty()) todo_.push_front({Inputs(inputs.begin(), inputs.end())});
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

Status BatchEmbedder::Recover(const Work& work, const Error& error) {
  const FailureClass& failure = ClassOf(error);
  const bool one = work.inputs.size() == 1;
  switch (failure.batch) {
    case OnBatch::kFail:
      return Fail(error);
    case OnBatch::kSmaller:
      if (failure.peer != OnPeer::kSlow) return TooLarge(work.inputs, error);
      return one ? Broken(work, error) : Isolate(work.inputs, error);
    case OnBatch::kFindChunk:
      return failure.peer == OnPeer::kAnswered ? Refused(work.inputs, error) : Broken(work, error);
    case OnBatch::kFindChunkAtLast:
      return Broken(work, error);
  }
  return Fail(error);
}

Status BatchEmbedder::TooLarge(InputSpan inputs, const Error& error) {
  if (inputs.size() == 1) return TooLong(inputs.front(), error);
  run_.learned().Refused(error, inputs.size(), BytesOf(inputs));
  Log(LogLevel::kInfo, "pipeline", "calls to a provider are made smaller",
      {{"provider", std::string(run_.embedder().provider())},
       {"model", run_.target().embedder.model},
       {"reason", error.message}});
  Smaller(inputs);
  return {};
}

void BatchEmbedder::Smaller(InputSpan inputs) {
  if (Fitting(inputs).size() < inputs.size()) {
    Later(inputs);  // By what was learned.
    return;
  }
  const std::size_t half = inputs.size() / 2;
  Later(inputs.subspan(half));
  Later(inputs.first(half));
}

Status BatchEmbedder::Refused(InputSpan inputs, const Error& error) {
  const bool too_long = error.code == Code::kInputTooLong;
  const bool named = error.item && *error.item < inputs.size();
  if (!too_long && !named && !run_.proven()) {
    // A provider that refuses even the probe refuses the request as such, not a chunk of it.
    Trouble trouble;
    const Result<Vectors> probe = run_.Probe(trouble);
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

Status BatchEmbedder::Broken(const Work& work, const Error& error) {
  if (!trouble_.accused) return Fail(error);
  if (work.inputs.size() > 1) return Isolate(work.inputs, error);
  if (work.accused_at && run_.lane().SucceededSince(*work.accused_at)) {
    return Judge(work.inputs.front(), error);
  }
  // It is sent once more, right after something else that succeeded.
  todo_.push_back({work.inputs, trouble_.failed_at});
  return {};
}

Status BatchEmbedder::Judge(const Input& input, const Error& error) {
  // Others succeeded just before it failed alone. Only when they do just after it as well, it was
  // not an upstream that comes and goes.
  if (!run_.lane().SucceededSince(trouble_.failed_at)) {
    Trouble trouble;
    const Result<Vectors> probe = run_.Probe(trouble);
    if (!probe) return Fail(probe.error());
    if (trouble.failures > 0) {
      Later(InputSpan(&input, 1));
      return {};
    }
  }
  return FailChunk(*input.chunk, error.message);
}

Status BatchEmbedder::Isolate(InputSpan inputs, Error error) {
  // Halving, but what stands beside the half that fails is sent later, in one call: it takes one
  // call per level and not two.
  constexpr int kRoom = 4;
  const Code code = error.code;
  const bool refused = ClassOf(error).peer == OnPeer::kAnswered;
  const bool slow = ClassOf(error).peer == OnPeer::kSlow;
  Clock& clock = run_.worker().clock;
  Inputs others;
  bool failed = true;  // `inputs` did as it is, with `error`.
  while (inputs.size() > 1) {
    const InputSpan half = inputs.first(inputs.size() / 2);
    const InputSpan rest = inputs.subspan(half.size());
    const Clock::TimePoint started = clock.Now();
    Result<Vectors> vectors = Call(half, /*suspect=*/!refused && !(slow && half.size() > 1));
    failed = !vectors;
    inputs = failed ? half : rest;
    if (vectors) {
      RETURN_IF_ERROR(Take(half, *std::move(vectors)));
      // It was the size, and not one of the texts.
      if (slow && kRoom * (clock.Now() - started) > run_.lane().policy().timeout) break;
      continue;
    }
    others.insert(others.end(), rest.begin(), rest.end());
    error = std::move(vectors.error());
    if (error.code != code || error.item || !(refused || slow || trouble_.accused)) break;
  }
  if (!failed && inputs.size() > 1) {
    others.insert(others.begin(), inputs.begin(), inputs.end());
    inputs = {};
  }
  Later(others);
  Work last{Inputs(inputs.begin(), inputs.end())};
  if (failed) return Recover(last, error);
  if (inputs.empty()) return {};
  // It failed among others that have succeeded since.
  if (!refused) last.accused_at = trouble_.failed_at;
  return Send(std::move(last));
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

}  // namespace

Result<EmbeddedBatch> EmbedBatch(const Batch& batch, TargetRun& run) {
  return BatchEmbedder(batch, run).Run();
}

}  // namespace dsw
