// SPDX-License-Identifier: Apache-2.0
#include "tests/doubles/wire.h"

#include <cctype>

namespace dsw::doubles {

Reply JsonReply(int status, const OrderedJson& body) {
  Reply reply;
  reply.status = status;
  reply.headers = {{"content-type", "application/json"}};
  reply.body = body.dump();
  return reply;
}

Reply TextReply(int status, std::string body) {
  Reply reply;
  reply.status = status;
  reply.headers = {{"content-type", "text/plain; charset=utf-8"}};
  reply.body = std::move(body);
  return reply;
}

Reply HtmlReply(int status, std::string_view title) {
  Reply reply;
  reply.status = status;
  reply.headers = {{"content-type", "text/html; charset=UTF-8"}, {"server", "cloudflare"}};
  reply.body = "<!DOCTYPE html>\n<html>\n<head><title>" + std::string(title) +
               "</title></head>\n<body><center><h1>" + std::string(title) +
               "</h1></center><hr><center>cloudflare</center></body>\n</html>\n";
  return reply;
}

std::string_view PathOf(const Request& request) {
  return std::string_view(request.path).substr(0, request.path.find('?'));
}

bool SentJson(const Request& request) {
  const std::string_view type = HeaderOf(request.headers, "content-type");
  return type.substr(0, type.find(';')) == "application/json";
}

std::optional<Json> ParseJson(std::string_view body) {
  Json value = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (value.is_discarded()) return std::nullopt;
  return value;
}

std::uint64_t TokensOf(std::string_view text) {
  return (text.size() + 3) / 4;
}

Key CheckKey(const Request& request, const Options& options) {
  constexpr std::string_view kBearer = "Bearer ";
  const std::string_view value = HeaderOf(request.headers, "authorization");
  if (value.substr(0, kBearer.size()) != kBearer || value.size() == kBearer.size()) {
    return Key::kMissing;
  }
  const bool right = options.key.empty() || value.substr(kBearer.size()) == options.key;
  return right ? Key::kRight : Key::kWrong;
}

std::optional<std::vector<std::string_view>> StringsOf(const Json& value) {
  if (value.is_string()) return {{value.get_ref<const std::string&>()}};
  if (!value.is_array()) return std::nullopt;
  std::vector<std::string_view> strings;
  strings.reserve(value.size());
  for (const Json& element : value) {
    if (!element.is_string()) return std::nullopt;
    strings.push_back(element.get_ref<const std::string&>());
  }
  return strings;
}

std::vector<Item> ItemsOf(const Texts& texts) {
  const std::size_t count = texts.texts.size();
  std::vector<Item> items;
  for (std::size_t i = 0; i < count; ++i) items.push_back({i, i});
  switch (texts.quirk) {
    case Quirk::kShuffled:
      for (std::size_t i = 0; i < count; ++i) items[i] = {count - 1 - i, count - 1 - i};
      break;
    case Quirk::kEmptyData:
      items.clear();
      break;
    case Quirk::kOneMissing:
      items.pop_back();
      break;
    case Quirk::kIndexAllZero:
      for (Item& item : items) item.index = 0;
      break;
    case Quirk::kIndexTwice:
      items.back().index = 0;
      break;
    case Quirk::kNoIndex:
      for (Item& item : items) item.index.reset();
      break;
    default:
      break;
  }
  return items;
}

std::string VectorList(Rows& rows, const Texts& texts) {
  Texts in_order = texts;
  if (texts.quirk == Quirk::kShuffled) in_order.quirk = Quirk::kNone;
  std::string out = "[";
  for (const Item& item : ItemsOf(in_order)) {
    if (out.size() > 1) out += ',';
    if (texts.base64) out += '"';
    rows.Append(out, in_order, item.text);
    if (texts.base64) out += '"';
  }
  return out += ']';
}

void Serve(Reply& reply, const Texts& texts, const Options& options) {
  reply.items = texts.texts.size();
  reply.texts.reserve(texts.texts.size());
  reply.tokens = 0;
  for (const std::string_view text : texts.texts) {
    reply.texts.push_back(HashOf(text));
    reply.tokens += TokensOf(text);
  }
  reply.delay +=
      options.latency + std::chrono::duration_cast<std::chrono::milliseconds>(
                            options.latency_per_item * static_cast<long>(texts.texts.size()));
}

std::optional<std::size_t> PoisonIn(const std::vector<std::string_view>& texts,
                                    const Options& options) {
  if (options.poison.empty()) return std::nullopt;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (texts[i].find(options.poison) != std::string_view::npos) return i;
  }
  return std::nullopt;
}

std::optional<KnownModel> FindModel(const std::vector<KnownModel>& known, std::string_view id,
                                    const Options& options) {
  for (KnownModel model : known) {
    if (model.id != id) continue;
    if (options.dims != 0) model.dims = options.dims;
    return model;
  }
  if (options.dims == 0 || id.empty()) return std::nullopt;
  KnownModel model = known.front();
  model.id = id;
  model.dims = options.dims;
  return model;
}

std::string NextId(std::string_view prefix) {
  static std::atomic<std::uint64_t> count{0};
  static constexpr char kDigits[] = "0123456789abcdef";
  std::uint64_t value = HashOf(std::to_string(++count));
  std::string id(prefix);
  for (int i = 0; i < 16; ++i, value >>= 4) id += kDigits[value & 15];
  return id;
}

}  // namespace dsw::doubles
