// SPDX-License-Identifier: Apache-2.0
// BERT's WordPiece tokenizer: text to token ids, token for token as the Python package `tokenizers`
// does it with BertNormalizer, BertPreTokenizer and WordPiece.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace dsw::fastembed {

/// A token that is recognised in the text itself rather than built from pieces, e.g. "[SEP]".
struct AddedToken {
  std::string content;
  std::int64_t id = 0;
  bool normalized = false;  ///< looked for after normalization instead of before it
  bool lstrip = false;      ///< takes the white space on its left with it
  bool rstrip = false;      ///< takes the white space on its right with it
};

/// Everything that makes one BERT tokenizer differ from another.
struct TokenizerSpec {
  std::unordered_map<std::string, std::int64_t> vocabulary;
  std::vector<AddedToken> added_tokens;
  std::string continuation_prefix = "##";
  std::size_t max_word_chars = 100;  ///< longer words are unknown as a whole
  bool clean_text = true;
  bool split_ideographs = true;
  bool strip_accents = true;
  bool lowercase = true;
  std::int64_t unknown_id = 0;
  std::int64_t first_id = 0;  ///< [CLS]
  std::int64_t last_id = 0;   ///< [SEP]
  std::int64_t pad_id = 0;
};

/// One text as a model takes it.
struct Encoding {
  std::vector<std::int64_t> ids;
  bool truncated = false;  ///< the text had more tokens than were allowed
};

/// Immutable after construction. Thread-safe.
class Tokenizer {
 public:
  explicit Tokenizer(TokenizerSpec spec);
  Tokenizer(const Tokenizer&) = delete;
  Tokenizer& operator=(const Tokenizer&) = delete;

  /// Token ids of `text` between [CLS] and [SEP], cut at the right so that there are at most
  /// `max_length` (at least 2) of them with those two. Malformed UTF-8 counts as U+FFFD, which
  /// cleaning drops.
  Encoding Encode(std::string_view text, std::size_t max_length) const;

  std::int64_t pad_id() const { return spec_.pad_id; }

 private:
  class Output;

  void EncodeRaw(std::u32string_view text, Output& out) const;
  void EncodeNormalized(std::u32string_view text, Output& out) const;
  void EncodeWord(std::u32string_view word, Output& out) const;
  std::u32string Normalize(std::u32string_view text) const;

  struct Added {
    std::u32string content;
    AddedToken token;
  };

  const TokenizerSpec spec_;
  std::unordered_map<std::string_view, std::int64_t> continuations_;  ///< keys lack the prefix
  std::unordered_map<std::string_view, std::int64_t> beginnings_;
  std::vector<Added> raw_added_;
  std::vector<Added> normalized_added_;
};

}  // namespace dsw::fastembed
