// SPDX-License-Identifier: Apache-2.0
//
// The only place that knows how a line of an import file is written: one JSON object per item.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/base/result.h"

namespace dsw {

struct ImportChunk {
  std::string text;           ///< Not empty.
  std::string metadata_json;  ///< JSON object text, or empty.
};

/// An item to be stored. Text is UTF-8 without U+0000.
struct ImportItem {
  std::string title;                ///< Not empty.
  std::string metadata_json;        ///< JSON object text.
  std::vector<ImportChunk> chunks;  ///< At least one.
};

/// Reads
///   {"title": "…", "metadata": {…}, "chunks": ["…", {"text": "…", "metadata": {…}}]}
/// or, for an item of one chunk, {"title": "…", "text": "…"}. Members it does not know are kept in
/// the metadata of the item or chunk, unless the metadata has one of that name. kInvalid says what
/// is wrong with the line.
Result<ImportItem> ParseImportLine(std::string_view line);

}  // namespace dsw
