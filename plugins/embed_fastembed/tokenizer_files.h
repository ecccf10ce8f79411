// SPDX-License-Identifier: Apache-2.0
// Reads the tokenizer of a model folder: tokenizer.json, or vocab.txt with tokenizer_config.json.
#pragma once

#include <filesystem>

#include "plugins/embed_fastembed/tokenizer.h"

namespace dsw::fastembed {

/// The tokenizer that the files in `directory` describe; tokenizer.json wins over vocab.txt. Reads
/// files. Throws Failure: DSW_E_NOT_FOUND when there is neither file, DSW_E_INVALID_CONFIG when a
/// file is damaged or describes something other than a BERT WordPiece tokenizer.
TokenizerSpec LoadTokenizer(const std::filesystem::path& directory);

}  // namespace dsw::fastembed
