// SPDX-License-Identifier: Apache-2.0
// What BERT tokenization needs to know about code points. The tables agree with the Python package
// `tokenizers` 0.23.3, which mixes Unicode versions, rather than with any one Unicode version.
#pragma once

#include <string>
#include <string_view>

namespace dsw::fastembed {

// All functions here are pure and thread-safe.

/// Code points of `text`; each malformed byte becomes U+FFFD.
std::u32string DecodeUtf8(std::string_view text);

/// Appends the UTF-8 form of `c`, a Unicode scalar value, to `out`.
void AppendUtf8(char32_t c, std::string& out);

/// Control, format and private-use characters, U+0000 and U+FFFD: what cleaning drops.
bool IsRemovedByCleaning(char32_t c);

/// White space that cleaning turns into U+0020 (after it has dropped the control characters).
bool IsCleanedToSpace(char32_t c);

/// Ideographs that become words of their own.
bool IsIdeograph(char32_t c);

/// Where words end.
bool IsWhitespace(char32_t c);

/// Characters that are words of their own; all of ASCII's symbols among them.
bool IsPunctuation(char32_t c);

/// Non-spacing marks: the accents that stripping drops.
bool IsNonspacingMark(char32_t c);

/// Appends the lower-case form of `c`, taken alone (no final sigma), to `out`.
void AppendLower(char32_t c, std::u32string& out);

/// The canonical decomposition (NFD) of `text`.
std::u32string Decompose(const std::u32string& text);

}  // namespace dsw::fastembed
