// SPDX-License-Identifier: Apache-2.0
#include "tests/doubles/qdrant/rest_api.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "tests/doubles/qdrant/upsert_request.h"

namespace dsw::doubles {
namespace {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;

HttpReply JsonAnswer(int status, const OrderedJson& body) {
  return {.status = status,
          .headers = {{"Content-Type", "application/json"}},
          .body = body.dump(-1, ' ', false, Json::error_handler_t::replace)};
}

HttpReply TextAnswer(int status, std::string text) {
  return {.status = status,
          .headers = {{"Content-Type", "text/plain; charset=utf-8"}},
          .body = std::move(text)};
}

HttpReply Success(const Json& result) {
  return JsonAnswer(200, {{"result", result}, {"status", "ok"}, {"time", 0.0012}});
}

HttpReply Refused(const Refusal& refusal) {
  HttpReply reply =
      refusal.plain_text
          ? TextAnswer(refusal.status, refusal.text)
          : JsonAnswer(refusal.status, {{"status", {{"error", refusal.text}}}, {"time", 0.0}});
  if (refusal.retry_after_s >= 0) {
    reply.headers.emplace_back("Retry-After", std::to_string(refusal.retry_after_s));
  }
  return reply;
}

std::string PercentDecoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      decoded += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

bool HasFlag(const ReceivedRequest& request, std::string_view flag) {
  return ("&" + request.query + "&").find("&" + std::string(flag) + "&") != std::string::npos;
}

Json Parsed(const ReceivedRequest& request) {
  if (!request.header("content-type").starts_with("application/json")) {
    throw Refusal{.status = 400, .text = "Content type error"};
  }
  Json body = Json::parse(request.body, nullptr, /*allow_exceptions=*/false);
  if (body.is_discarded()) {
    throw Refusal{.status = 400, .text = "Format error in JSON body: expected value at line 1"};
  }
  return body;
}

std::vector<std::string> Ids(const Json& list) {
  std::vector<std::string> ids;
  for (const Json& id : list) ids.push_back(CheckedId(id));
  return ids;
}

Json Selected(const std::string& id, const StoredPoint& point, const Json& body) {
  Json selected = {{"id", Json::parse(id)}};
  const Json payload = body.value("with_payload", Json(true));
  if (payload == true) selected["payload"] = point.payload;
  if (payload.is_array()) {
    for (const Json& key : payload) {
      if (point.payload.contains(key)) selected["payload"][key] = point.payload[key];
    }
  }
  if (body.value("with_vector", false)) selected["vector"] = point.vector;
  return selected;
}

Json Retrieve(const StoredPoints& points, const Json& body) {
  Json found = Json::array();
  for (const std::string& id : Ids(body.at("ids"))) {
    const auto point = points.find(id);
    if (point != points.end()) found.push_back(Selected(id, point->second, body));
  }
  return found;
}

Json Scroll(const StoredPoints& points, const Json& body) {
  const std::size_t limit = body.value("limit", std::size_t{10});
  const Json offset = body.value("offset", Json());
  Json page = Json::array();
  auto point = offset.is_null() ? points.begin() : points.lower_bound(CheckedId(offset));
  for (; point != points.end() && page.size() < limit; ++point) {
    page.push_back(Selected(point->first, point->second, body));
  }
  return {{"points", page},
          {"next_page_offset", point == points.end() ? Json() : Json::parse(point->first)}};
}

Json Query(const StoredPoints& points, const Json& body, const std::string& distance,
           std::size_t size) {
  const Json& wanted = body.at("query");
  const auto query = (wanted.is_object() ? wanted.at("nearest") : wanted).get<std::vector<float>>();
  if (query.size() != size) {
    throw Refusal{
        .status = 400,
        .text = fmt::format("Wrong input: Vector dimension error: expected dim: {}, got {}", size,
                            query.size())};
  }
  std::vector<std::pair<double, const StoredPoints::value_type*>> scored;
  for (const auto& entry : points) {
    double dot = 0;
    double squares = 0;
    double differences = 0;
    for (std::size_t i = 0; i < query.size(); ++i) {
      const double own = entry.second.vector[i];
      dot += own * query[i];
      squares += double{query[i]} * query[i];
      differences += (own - query[i]) * (own - query[i]);
    }
    if (distance == "Cosine" && squares > 0) dot /= std::sqrt(squares);
    scored.emplace_back(distance == "Euclid" ? std::sqrt(differences) : dot, &entry);
  }
  std::ranges::sort(scored, [&](const auto& a, const auto& b) {
    return distance == "Euclid" ? a.first < b.first : a.first > b.first;
  });
  scored.resize(std::min(scored.size(), body.value("limit", std::size_t{10})));
  Json hits = Json::array();
  for (const auto& [score, entry] : scored) {
    Json hit = Selected(entry->first, entry->second,
                        {{"with_payload", body.value("with_payload", Json(false))}});
    hit["score"] = score;
    hit["version"] = 0;
    hits.push_back(std::move(hit));
  }
  return {{"points", std::move(hits)}};
}

WriteOptions WriteOptionsOf(const ReceivedRequest& request) {
  WriteOptions write{.wait = HasFlag(request, "wait=true")};
  constexpr std::string_view kTimeout = "timeout=";
  const std::size_t found = request.query.find(kTimeout);
  if (found != std::string::npos) {
    write.timeout = std::chrono::seconds(std::stoi(request.query.substr(found + kTimeout.size())));
  }
  return write;
}

bool IsOpen(const ReceivedRequest& request) {
  return request.path == "/" || request.path == "/healthz" || request.path == "/livez" ||
         request.path == "/readyz";
}

bool IsWrite(const ReceivedRequest& request) {
  if (request.method == "GET") return false;
  for (const std::string_view read : {"/points", "/count", "/scroll", "/query"}) {
    if (request.method == "POST" && request.path.ends_with(read)) return false;
  }
  return true;
}

}  // namespace

void QdrantKeys::Check(std::string_view key, bool writes) const {
  if (api_key.empty()) return;
  if (key.empty()) {
    throw Refusal{.status = 401,
                  .text = "Must provide an API key or an Authorization bearer token",
                  .plain_text = true};
  }
  if (key == api_key) return;
  if (read_only_key.empty() || key != read_only_key) {
    throw Refusal{.status = 401, .text = "Invalid API key or JWT", .plain_text = true};
  }
  if (writes) {
    throw Refusal{.status = 403, .text = "Forbidden: Global manage access is required"};
  }
}

HttpReply BodyTooLarge(std::uint64_t size, std::uint64_t limit) {
  HttpReply reply = Refused(
      {.status = 400,
       .text = fmt::format("JSON payload ({} bytes) is larger than allowed (limit: {} bytes).",
                           size, limit)});
  reply.close = true;
  return reply;
}

template <class Operation>
HttpReply QdrantRest::Run(const std::string& operation, Operation&& body) {
  const QdrantFault fault = script_.Take(operation);
  if (fault.refusal) throw Refusal(*fault.refusal);
  HttpReply reply = fault.apply ? body() : HttpReply{};
  reply.delay = fault.delay;
  if (fault.reset) reply.fate = HttpReply::Fate::kReset;
  return reply;
}

HttpReply QdrantRest::Answer(const ReceivedRequest& request) {
  try {
    if (!IsOpen(request)) {
      std::string_view key = request.header("api-key");
      if (key.empty()) {
        key = request.header("authorization");
        if (key.starts_with("Bearer ")) key.remove_prefix(7);
      }
      keys_.Check(key, IsWrite(request));
    }
    return Route(request);
  } catch (const Refusal& refusal) {
    return Refused(refusal);
  } catch (const Json::exception& error) {
    return Refused(
        {.status = 400, .text = fmt::format("Format error in JSON body: {}", error.what())});
  }
}

HttpReply QdrantRest::Route(const ReceivedRequest& request) {
  std::string path = request.path;
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  const bool get = request.method == "GET";
  if (get && path == "/") {
    return JsonAnswer(200,
                      {{"title", "qdrant - vector search engine"}, {"version", store_.version()}});
  }
  if (get && (path == "/healthz" || path == "/livez")) {
    return TextAnswer(200, path.substr(1) + " check passed");
  }
  if (get && path == "/readyz") {
    return Run("readyz", [] { return TextAnswer(200, "all shards are ready"); });
  }
  if (get && path == "/collections") {
    return Run("collections", [&] {
      Json list = Json::array();
      for (const std::string& name : store_.Names()) list.push_back({{"name", name}});
      return Success({{"collections", list}});
    });
  }
  if (get && path == "/aliases") return Success({{"aliases", store_.Aliases()}});
  if (request.method == "POST" && path == "/collections/aliases") {
    for (const Json& action : Parsed(request).at("actions")) {
      if (action.contains("delete_alias")) {
        store_.DropAlias(action["delete_alias"].at("alias_name"));
      } else {
        const Json& made = action.at("create_alias");
        store_.SetAlias(made.at("alias_name"), made.at("collection_name"));
      }
    }
    return Success(true);
  }
  constexpr std::string_view kPrefix = "/collections/";
  if (path.starts_with(kPrefix)) {
    const std::size_t end = std::min(path.find('/', kPrefix.size()), path.size());
    return RouteCollection(request,
                           PercentDecoded(path.substr(kPrefix.size(), end - kPrefix.size())),
                           path.substr(end));
  }
  return TextAnswer(404, "");
}

HttpReply QdrantRest::RouteCollection(const ReceivedRequest& request, const std::string& name,
                                      const std::string& rest) {
  const std::string what = request.method + " " + rest;
  if (what == "GET ") return Run("describe", [&] { return Success(store_.Describe(name)); });
  if (what == "GET /exists") return Success({{"exists", store_.Exists(name)}});
  if (what == "DELETE ") return Success(store_.Drop(name));
  if (what == "PUT ") {
    return Run("create", [&] {
      store_.Create(name, Parsed(request));
      return Success(true);
    });
  }
  if (what == "PATCH ") {
    return Run("change", [&] {
      store_.Change(name, Parsed(request));
      return Success(true);
    });
  }
  WriteOptions write = WriteOptionsOf(request);
  if (what == "PUT /index") {
    return Run("index", [&] {
      const Json body = Parsed(request);
      return Update(store_.AddIndex(name, body.at("field_name"),
                                    body.value("field_schema", Json("keyword")), write));
    });
  }
  if (what == "PUT /points") {
    return Run("upsert", [&] {
      if (!request.header("content-type").starts_with("application/json")) {
        throw Refusal{.status = 400, .text = "Content type error"};
      }
      UpsertRequest upsert = ReadUpsert(request.body, fast_);
      write.filter = std::move(upsert.update_filter);
      return Update(store_.Upsert(name, std::move(upsert.points), write));
    });
  }
  if (what == "POST /points") {
    return Run("retrieve", [&] { return Success(Retrieve(store_.Points(name), Parsed(request))); });
  }
  if (what == "POST /points/delete") {
    return Run("remove", [&] {
      const Json body = Parsed(request);
      if (body.contains("filter")) {
        return Update(store_.RemoveMatching(name, body["filter"], write));
      }
      return Update(store_.Remove(name, Ids(body.at("points")), write));
    });
  }
  if (what == "POST /points/count") {
    return Run("count", [&] { return Success({{"count", store_.Count(name)}}); });
  }
  if (what == "POST /points/scroll") {
    return Run("scroll", [&] {
      const Json body = Parsed(request);
      store_.CheckQueryLimit(name, body.value("limit", std::size_t{10}));
      return Success(Scroll(store_.Points(name), body));
    });
  }
  if (what == "POST /points/query") {
    return Run("query", [&] {
      const Json params = store_.Describe(name)["config"]["params"]["vectors"];
      return Success(
          Query(store_.Points(name), Parsed(request), params["distance"], params["size"]));
    });
  }
  return TextAnswer(404, "");
}

HttpReply QdrantRest::Update(const std::string& status) {
  return Success({{"operation_id", ++operation_id_}, {"status", status}});
}

}  // namespace dsw::doubles
