// SPDX-License-Identifier: Apache-2.0
//
// What reads the settings of the sinks and the answers of their servers.
#include <string>

#include <nlohmann/json.hpp>

#include <dsw/plugin.hpp>

#include "plugins/sink_qdrant/collection.h"
#include "plugins/sink_qdrant/config.h"
#include "plugins/sink_qdrant/errors.h"
#include "plugins/sink_qdrant/names.h"
#include "plugins/sink_qdrant/payload_message.h"
#include "plugins/sink_qdrant/protobuf.h"
#include "plugins/sink_qdrant/scan.h"
#include "plugins/sink_qdrant/upsert_message.h"
#include "plugins/sink_qdrant/version.h"
#include "plugins/sink_sqlite/config.h"
#include "tests/fuzz/targets.h"

namespace dsw {
namespace {

using Json = nlohmann::ordered_json;

void Settings(std::string_view input) {
  const auto tried = [](const auto& read) {
    try {
      read();
    } catch (const Failure& failure) {
      Must(failure.error().category == DSW_E_INVALID_CONFIG, "bad settings are called so");
    }
  };
  tried([&] { qdrant::ParseConfig(input); });
  tried([&] { sqlite::ParseConfig(input); });
}

void Rest(std::string_view input) {
  constexpr std::size_t kLongest = 500;
  const std::string text = qdrant::RefusalText(input);
  Must(text.size() <= kLongest, "the text of a refusal is short");
  qdrant::IsEnvelope(input);
  qdrant::RefusesFence(text);
  qdrant::AtLeast(input, 16);
  const Failure base(DSW_E_UNAVAILABLE, "base");
  for (const int status : {400, 404, 409, 413, 422, 429, 500}) {
    const Failure failure = qdrant::RestFailure(status, text, base);
    Must(failure.what()[0] != '\0', "a refusal has words");
    qdrant::SaysAlreadyExists(status, text);
  }
  // As deep as the client takes it.
  const auto keep = [](int depth, Json::parse_event_t, Json&) { return depth < 1'000; };
  const Json json = Json::parse(input, keep, /*allow_exceptions=*/false);
  if (json.is_discarded()) return;
  try {
    qdrant::CheckShape("c", json, 4, "Cosine");
  } catch (const Failure&) {
  }
  try {
    qdrant::IdText(json);
  } catch (const Failure&) {
  }
}

void Grpc(std::string_view input) {
  try {
    qdrant::ReadUpsertReply(input);
  } catch (const Failure& failure) {
    Must(failure.error().category == DSW_E_BAD_RESPONSE, "a bad answer is called one");
  }
  for (const int code : {3, 5, 8, 12, 14, 99}) {
    const Failure failure = qdrant::GrpcFailure(code, input, -1);
    Must(failure.what()[0] != '\0', "a refusal has words");
  }
}

void Payload(std::string_view input) {
  std::string message = "before";
  qdrant::PayloadEncoder encoder;
  if (!encoder.Append(message, 3, input)) {
    Must(message == "before", "what cannot be said leaves no trace");
    return;
  }
  qdrant::FieldReader fields(std::string_view(message).substr(6));
  while (fields.Next()) Must(fields.field() == 3, "a payload is the entries of one field");
  Must(fields.ok(), "what is written can be read");
}

void PointIds(std::string_view input) {
  const qdrant::PointId id = qdrant::MakePointId(input);
  const Json json = Json::parse(id.Json(), nullptr, /*allow_exceptions=*/false);
  Must(json.is_number_unsigned() || json.is_string(), "an id is a number or a UUID");
  Must(id.derived || !id.uuid.empty() || id.Json() == input, "a number is itself");
  const Json named = Json::parse(qdrant::WithOriginalId("{}", input), nullptr, false);
  Must(named.is_object(), "a payload stays an object");
}

}  // namespace

std::vector<FuzzTarget> SinkTargets() {
  using namespace std::string_view_literals;
  return {
      {"sink_settings",
       &Settings,
       {R"({"url":"http://localhost:6333","api_key":"k","transport":"grpc","hnsw_m":16})",
        R"({"grpc_url":"http://localhost:6334","quantization":true,"on_disk":null})",
        R"({"path":"/tmp"})"}},
      {"qdrant_rest",
       &Rest,
       {R"({"status":{"error":"Not found: Collection `c` doesn't exist!"},"time":0.1})",
        R"({"status":{"error":"Wrong input: Vector dimension error: expected dim: 4, got 8"}})",
        R"({"status":{"error":"Rate limit exceeded. Retry after 9223372036854775807s"}})",
        R"({"config":{"params":{"vectors":{"size":4,"distance":"Cosine"}}},"points_count":0})",
        R"({"config":{"params":{"vectors":{"a":{"size":4,"distance":"Dot"}}}}})", "17",
        R"("5c56c793-69f3-4fbf-87e6-c4bf54c28c26")", "1.19.0-dev", "<html>502</html>"}},
      {"qdrant_grpc",
       &Grpc,
       {"\0\0\0\0\x0d\x0a\x02\x10\x02\x11\xfc\xa9\xf1\xd2\x4d\x62\x50\x3f"sv, "\0\0\0\0\0"sv,
        "\1\0\0\0\1x"sv, "Wrong input: %22a%22 %E2%82%AC %zz"}},
      {"qdrant_payload",
       &Payload,
       {R"({"a":[1,-2.5,true,null,"x"],"b":{"c":9223372036854775807}})",
        R"({"n":18446744073709551615})", R"({"_dsw":{"t":3,"h":"900150983cd24fb0"}})"}},
      {"point_ids",
       &PointIds,
       {"17", "18446744073709551615", "5C56C793-69F3-4FBF-87E6-C4BF54C28C26",
        "urn:uuid:5c56c793-69f3-4fbf-87e6-c4bf54c28c26", "a \"name\"\n", "007"}},
  };
}

}  // namespace dsw
