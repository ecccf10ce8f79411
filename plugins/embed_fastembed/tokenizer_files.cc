// SPDX-License-Identifier: Apache-2.0
// The fields read here are those that the Python package `tokenizers` writes into tokenizer.json
// and transformers' BertTokenizer into tokenizer_config.json.
#include "plugins/embed_fastembed/tokenizer_files.h"

#include <fstream>
#include <initializer_list>
#include <string>

#include <nlohmann/json.hpp>

#include <dsw/plugin.hpp>

#include "plugins/embed_fastembed/json_file.h"

namespace dsw::fastembed {
namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

[[noreturn]] void Unsuitable(const fs::path& file, const std::string& what) {
  throw Failure(DSW_E_INVALID_CONFIG, file.string() + ": " + what +
                                          "; this provider runs BERT WordPiece tokenizers only");
}

std::string TypeOf(const Json& object, const char* key) {
  const auto it = object.find(key);
  if (it == object.end() || it->is_null()) return "none";
  return it->value("type", std::string("unnamed"));
}

std::int64_t IdOf(const TokenizerSpec& spec, const std::string& token, const fs::path& file) {
  const auto it = spec.vocabulary.find(token);
  if (it == spec.vocabulary.end()) Unsuitable(file, "the vocabulary has no " + token);
  return it->second;
}

std::int64_t PadId(const TokenizerSpec& spec) {
  for (const char* token : {"[PAD]", "<pad>"}) {
    const auto it = spec.vocabulary.find(token);
    if (it != spec.vocabulary.end()) return it->second;
  }
  return 0;  // masked out anyway, so any id of the vocabulary will do
}

void ReadNormalizer(const Json& root, const fs::path& file, TokenizerSpec& spec) {
  const std::string type = TypeOf(root, "normalizer");
  if (type != "BertNormalizer") Unsuitable(file, "its normalizer is " + type);
  const Json& normalizer = root.at("normalizer");
  spec.clean_text = normalizer.value("clean_text", true);
  spec.split_ideographs = normalizer.value("handle_chinese_chars", true);
  spec.lowercase = normalizer.value("lowercase", true);
  const auto strip = normalizer.find("strip_accents");
  spec.strip_accents =
      strip == normalizer.end() || strip->is_null() ? spec.lowercase : strip->get<bool>();
}

void ReadModel(const Json& root, const fs::path& file, TokenizerSpec& spec) {
  const std::string type = TypeOf(root, "model");
  const Json& model = root.at("model");
  // Files from before the field existed do without a type.
  if (type != "WordPiece" && !(type == "unnamed" && model.contains("max_input_chars_per_word"))) {
    Unsuitable(file, "its model is " + type);
  }
  spec.vocabulary = model.at("vocab").get<std::unordered_map<std::string, std::int64_t>>();
  spec.continuation_prefix = model.value("continuing_subword_prefix", std::string("##"));
  spec.max_word_chars = model.value("max_input_chars_per_word", std::size_t{100});
  spec.unknown_id = IdOf(spec, model.value("unk_token", std::string("[UNK]")), file);
}

void ReadAddedTokens(const Json& root, const fs::path& file, TokenizerSpec& spec) {
  for (const Json& entry : root.value("added_tokens", Json::array())) {
    AddedToken token;
    token.content = entry.at("content").get<std::string>();
    token.id = entry.at("id").get<std::int64_t>();
    token.normalized = entry.value("normalized", false);
    token.lstrip = entry.value("lstrip", false);
    token.rstrip = entry.value("rstrip", false);
    if (entry.value("single_word", false)) {
      Unsuitable(file, "its added token " + token.content + " matches whole words only");
    }
    spec.vocabulary.emplace(token.content, token.id);
    spec.added_tokens.push_back(std::move(token));
  }
}

std::int64_t TemplateId(const Json& processor, const Json& step, const fs::path& file) {
  const auto special = step.find("SpecialToken");
  if (special == step.end()) Unsuitable(file, "its template is not one token, the text, one token");
  const Json& ids =
      processor.at("special_tokens").at(special->at("id").get<std::string>()).at("ids");
  if (ids.size() != 1) Unsuitable(file, "a special token of its template has several ids");
  return ids[0].get<std::int64_t>();
}

void ReadPostProcessor(const Json& root, const fs::path& file, TokenizerSpec& spec) {
  const std::string type = TypeOf(root, "post_processor");
  const Json processor = root.value("post_processor", Json());
  if (type == "BertProcessing" || type == "RobertaProcessing") {
    spec.first_id = processor.at("cls").at(1).get<std::int64_t>();
    spec.last_id = processor.at("sep").at(1).get<std::int64_t>();
  } else if (type == "TemplateProcessing") {
    const Json& steps = processor.at("single");
    if (steps.size() != 3 || !steps[1].contains("Sequence")) {
      Unsuitable(file, "its template is not one token, the text, one token");
    }
    spec.first_id = TemplateId(processor, steps[0], file);
    spec.last_id = TemplateId(processor, steps[2], file);
  } else {
    Unsuitable(file, "its post-processor is " + type);
  }
}

TokenizerSpec FromTokenizerJson(const Json& root, const fs::path& file) {
  TokenizerSpec spec;
  ReadNormalizer(root, file, spec);
  const std::string splitter = TypeOf(root, "pre_tokenizer");
  if (splitter != "BertPreTokenizer") Unsuitable(file, "its pre-tokenizer is " + splitter);
  ReadModel(root, file, spec);
  ReadAddedTokens(root, file, spec);
  ReadPostProcessor(root, file, spec);
  spec.pad_id = PadId(spec);
  return spec;
}

/// A token's name in tokenizer_config.json: text, or an object with "content".
std::string TokenName(const Json& config, const char* key, const char* usual) {
  const auto it = config.find(key);
  if (it == config.end() || it->is_null()) return usual;
  return it->is_object() ? it->value("content", std::string(usual)) : it->get<std::string>();
}

TokenizerSpec FromVocabulary(std::istream& in, const fs::path& file, const Json& config) {
  TokenizerSpec spec;
  std::string line;
  for (std::int64_t id = 0; std::getline(in, line); ++id) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t')) {
      line.pop_back();
    }
    spec.vocabulary[line] = id;
  }
  spec.lowercase = config.value("do_lower_case", true);
  spec.split_ideographs = config.value("tokenize_chinese_chars", true);
  const auto strip = config.find("strip_accents");
  spec.strip_accents =
      strip == config.end() || strip->is_null() ? spec.lowercase : strip->get<bool>();

  const auto special = [&](const char* key, const char* usual) {
    AddedToken token;
    token.content = TokenName(config, key, usual);
    token.id = IdOf(spec, token.content, file);
    spec.added_tokens.push_back(token);
    return token.id;
  };
  spec.unknown_id = special("unk_token", "[UNK]");
  spec.first_id = special("cls_token", "[CLS]");
  spec.last_id = special("sep_token", "[SEP]");
  spec.pad_id = special("pad_token", "[PAD]");
  if (spec.vocabulary.count(TokenName(config, "mask_token", "[MASK]")) != 0) {
    special("mask_token", "[MASK]");
  }
  return spec;
}

}  // namespace

TokenizerSpec LoadTokenizer(const fs::path& directory) {
  const fs::path json_path = directory / "tokenizer.json";
  const fs::path vocabulary_path = directory / "vocab.txt";
  const fs::path config_path = directory / "tokenizer_config.json";
  fs::path reading = json_path;
  try {
    if (const auto root = ReadJsonFile(json_path)) return FromTokenizerJson(*root, json_path);
    if (std::ifstream in(vocabulary_path, std::ios::binary); in) {
      reading = config_path;
      const Json config = ReadJsonFile(config_path).value_or(Json::object());
      return FromVocabulary(in, vocabulary_path, config);
    }
  } catch (const Json::exception& error) {
    throw Failure(DSW_E_INVALID_CONFIG,
                  reading.string() + ": not laid out as expected: " + error.what())
        .Local();
  }
  throw Failure(DSW_E_INVALID_CONFIG,
                "no tokenizer in " + directory.string() +
                    ": looked for tokenizer.json and vocab.txt; copy either from where the model "
                    "came from")
      .Local();
}

}  // namespace dsw::fastembed
