// SPDX-License-Identifier: Apache-2.0
//
// What the doubles share: reading requests strictly, and writing answers.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "tests/doubles/api.h"
#include "tests/doubles/vectors.h"

namespace dsw::doubles {

using Json = nlohmann::json;
/// Keeps the order of members, as texts that tests compare need.
using OrderedJson = nlohmann::ordered_json;

Reply JsonReply(int status, const OrderedJson& body);
Reply TextReply(int status, std::string body);
/// What a proxy in front of a service says when the service does not answer.
Reply HtmlReply(int status, std::string_view title);

std::string_view PathOf(const Request& request);
bool SentJson(const Request& request);
/// Nothing for what is not strictly JSON in strictly UTF-8.
std::optional<Json> ParseJson(std::string_view body);
/// A quarter of the bytes, rounded up.
std::uint64_t TokensOf(std::string_view text);

enum class Key { kRight, kMissing, kWrong };
/// By "Authorization: Bearer KEY".
Key CheckKey(const Request& request, const Options& options);

/// The strings of an array, or one string; nothing when there is anything else in it. They borrow.
std::optional<std::vector<std::string_view>> StringsOf(const Json& value);
std::optional<std::vector<std::string_view>> StringsOf(Json&& value) = delete;

/// A member of the answer: which text, and the "index" that it gets.
struct Item {
  std::size_t text = 0;
  std::optional<std::size_t> index;
};
/// In the order of the answer, with the quirk of `texts`.
std::vector<Item> ItemsOf(const Texts& texts);

/// `[[…],[…]]` or `["…","…"]`, in the order of the texts.
std::string VectorList(Rows& rows, const Texts& texts);

/// Notes in `reply` what was embedded, and how long that takes.
void Serve(Reply& reply, const Texts& texts, const Options& options);

/// The first text that holds the marker; nothing without a marker.
std::optional<std::size_t> PoisonIn(const std::vector<std::string_view>& texts,
                                    const Options& options);

/// A model that a service knows.
struct KnownModel {
  std::string_view id;
  std::size_t dims;
  std::size_t min_dims;  ///< 0 when the size is fixed.
  std::size_t max_tokens;
  std::size_t max_request_tokens;  ///< 0: any number.
};
/// Any name is known when the options fix the size; `others` then lends the rest of its facts.
std::optional<KnownModel> FindModel(const std::vector<KnownModel>& known, std::string_view id,
                                    const Options& options);

/// Ids of answers, as services give them: unlike each other.
std::string NextId(std::string_view prefix);

}  // namespace dsw::doubles
