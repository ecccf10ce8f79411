// SPDX-License-Identifier: Apache-2.0
// Added tokens, normalization, words, pieces: in that order, each as the reference does it.
#include "plugins/embed_fastembed/tokenizer.h"

#include <algorithm>
#include <utility>

#include "plugins/embed_fastembed/unicode.h"

namespace dsw::fastembed {

/// Collects ids until it is clear that there are more than `limit`.
class Tokenizer::Output {
 public:
  Output(std::int64_t first_id, std::size_t limit) : limit_(limit) { ids_.push_back(first_id); }

  bool full() const { return ids_.size() > limit_; }
  void Push(std::int64_t id) {
    if (!full()) ids_.push_back(id);
  }
  Encoding Finish(std::int64_t last_id) && {
    Encoding result;
    result.truncated = full();
    if (result.truncated) ids_.pop_back();
    ids_.push_back(last_id);
    result.ids = std::move(ids_);
    return result;
  }

 private:
  std::size_t limit_;
  std::vector<std::int64_t> ids_;
};

namespace {

std::size_t SpacesAtEnd(std::u32string_view text) {
  std::size_t count = 0;
  while (count < text.size() && IsWhitespace(text[text.size() - 1 - count])) ++count;
  return count;
}

std::size_t SpacesAtStart(std::u32string_view text) {
  std::size_t count = 0;
  while (count < text.size() && IsWhitespace(text[count])) ++count;
  return count;
}

/// Calls `plain(piece)` and `added(id)` for the pieces of `text` in order. Of the tokens that start
/// at one place the longest wins.
template <class Added, class Plain, class Found>
void SplitAtAdded(std::u32string_view text, const std::vector<Added>& tokens, Plain plain,
                  Found found) {
  std::size_t done = 0;
  for (std::size_t at = 0; at < text.size();) {
    const Added* best = nullptr;
    for (const Added& candidate : tokens) {
      if (candidate.content[0] != text[at]) continue;
      if (text.compare(at, candidate.content.size(), candidate.content) != 0) continue;
      if (best == nullptr || candidate.content.size() > best->content.size()) best = &candidate;
    }
    if (best == nullptr) {
      ++at;
      continue;
    }
    std::size_t start = at;
    at += best->content.size();
    if (best->token.lstrip) {
      start = std::max(start - SpacesAtEnd(text.substr(0, start)), done);
    }
    if (best->token.rstrip) at += SpacesAtStart(text.substr(at));
    if (done < start) plain(text.substr(done, start - done));
    found(best->token.id);
    done = at;
  }
  if (done < text.size()) plain(text.substr(done));
}

}  // namespace

Tokenizer::Tokenizer(TokenizerSpec spec) : spec_(std::move(spec)) {
  const std::string_view prefix = spec_.continuation_prefix;
  for (const auto& [piece, id] : spec_.vocabulary) {
    const std::string_view view = piece;
    beginnings_.emplace(view, id);
    if (view.substr(0, prefix.size()) == prefix)
      continuations_.emplace(view.substr(prefix.size()), id);
  }
  for (const AddedToken& token : spec_.added_tokens) {
    std::u32string content = DecodeUtf8(token.content);
    if (token.normalized) content = Normalize(content);
    if (content.empty()) continue;
    (token.normalized ? normalized_added_ : raw_added_).push_back({std::move(content), token});
  }
}

Encoding Tokenizer::Encode(std::string_view text, std::size_t max_length) const {
  Output out(spec_.first_id, max_length - 1);
  SplitAtAdded(
      std::u32string_view(DecodeUtf8(text)), raw_added_,
      [&](std::u32string_view piece) { EncodeRaw(piece, out); },
      [&](std::int64_t id) { out.Push(id); });
  return std::move(out).Finish(spec_.last_id);
}

void Tokenizer::EncodeRaw(std::u32string_view text, Output& out) const {
  if (out.full()) return;
  SplitAtAdded(
      std::u32string_view(Normalize(text)), normalized_added_,
      [&](std::u32string_view piece) { EncodeNormalized(piece, out); },
      [&](std::int64_t id) { out.Push(id); });
}

std::u32string Tokenizer::Normalize(std::u32string_view text) const {
  std::u32string result;
  result.reserve(text.size());
  for (char32_t c : text) {
    if (spec_.clean_text) {
      if (IsRemovedByCleaning(c)) continue;
      if (IsCleanedToSpace(c)) c = U' ';
    }
    if (spec_.split_ideographs && IsIdeograph(c)) {
      result += U' ';
      result += c;
      result += U' ';
    } else {
      result += c;
    }
  }
  if (spec_.strip_accents) {
    result = Decompose(result);
    result.erase(std::remove_if(result.begin(), result.end(), IsNonspacingMark), result.end());
  }
  if (spec_.lowercase) {
    std::u32string lower;
    lower.reserve(result.size());
    for (const char32_t c : result) AppendLower(c, lower);
    result = std::move(lower);
  }
  return result;
}

void Tokenizer::EncodeNormalized(std::u32string_view text, Output& out) const {
  std::size_t at = 0;
  while (at < text.size() && !out.full()) {
    if (IsWhitespace(text[at])) {
      ++at;
      continue;
    }
    std::size_t end = at + 1;
    if (!IsPunctuation(text[at])) {
      while (end < text.size() && !IsWhitespace(text[end]) && !IsPunctuation(text[end])) ++end;
    }
    EncodeWord(text.substr(at, end - at), out);
    at = end;
  }
}

void Tokenizer::EncodeWord(std::u32string_view word, Output& out) const {
  if (word.size() > spec_.max_word_chars) {
    out.Push(spec_.unknown_id);
    return;
  }
  std::string bytes;
  std::vector<std::size_t> ends;  // byte offset behind each character
  for (const char32_t c : word) {
    AppendUtf8(c, bytes);
    ends.push_back(bytes.size());
  }

  std::vector<std::int64_t> pieces;
  std::size_t done = 0;  // characters
  while (done < ends.size()) {
    const std::size_t start = done == 0 ? 0 : ends[done - 1];
    const auto& pool = done == 0 ? beginnings_ : continuations_;
    std::size_t end = ends.size();
    auto piece = pool.end();
    while (end > done) {
      piece = pool.find(std::string_view(bytes).substr(start, ends[end - 1] - start));
      if (piece != pool.end()) break;
      --end;
    }
    if (piece == pool.end()) {
      out.Push(spec_.unknown_id);
      return;
    }
    pieces.push_back(piece->second);
    done = end;
  }
  for (const std::int64_t id : pieces) out.Push(id);
}

}  // namespace dsw::fastembed
