// SPDX-License-Identifier: Apache-2.0
// A model as a whole: text in, vectors out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "plugins/embed_fastembed/bert_session.h"
#include "plugins/embed_fastembed/config.h"
#include "plugins/embed_fastembed/model_files.h"
#include "plugins/embed_fastembed/tokenizer.h"

namespace dsw::fastembed {

/// The files of one model, loaded. Immutable after construction. Thread-safe.
class Model {
 public:
  /// How an instance wants its vectors.
  struct Options {
    std::size_t max_length = 0;
    Pooling pooling = Pooling::kCls;
    bool normalize = true;
  };

  /// Where results go. Called by Embed in its own thread.
  struct Sink {
    /// Memory for texts × `dimensions` floats; called once, before the first vector.
    std::function<float*(std::size_t dimensions)> matrix;
    std::function<void(std::size_t text)> truncated;
  };

  /// Reads files. Throws Failure as LoadTokenizer and BertSession do.
  Model(const OrtLibrary& library, const ModelFiles& files);

  /// `config` completed by what the files and the known models say. Throws Failure
  /// (DSW_E_INVALID_CONFIG) when they leave the pooling open or `config` asks for more tokens than
  /// the model has positions.
  Options Complete(const Config& config) const;

  /// Floats per vector; 0 when only a run can tell.
  std::size_t dimensions() const;

  /// Texts per call that take some ten seconds on one core; 0 when the model's size is not known.
  std::uint32_t max_batch() const;

  /// Embeds `texts` in the caller's thread; row i belongs to text i. Runs `between_steps` before
  /// each piece of work of about a second at most on one core of a server; what it throws ends the
  /// call. Returns the number of tokens that were embedded. Throws Failure as BertSession does.
  std::int64_t Embed(const std::vector<std::string_view>& texts, const Options& options,
                     const Sink& sink, const std::function<void()>& between_steps) const;

 private:
  const ModelFiles files_;
  const Tokenizer tokenizer_;
  const BertSession session_;
};

}  // namespace dsw::fastembed
