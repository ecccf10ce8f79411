// SPDX-License-Identifier: Apache-2.0
#include "host/domain/job_codec.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "host/base/ascii.h"
#include "host/domain/json_depth.h"

namespace dsw {
namespace {

using Json = nlohmann::json;

Error Bad(std::string_view member, std::string_view want) {
  return {.code = Code::kInvalid,
          .message = fmt::format("job member `{}` must be {}", member, want)};
}

/// What `nats consumer next` prints around the payload of a message is left out, so that its output
/// can be published as it is: a line about the message, "Headers:" with a header a line, "Data:",
/// the payload, and a line about its acknowledgement.
std::string_view WithoutPrintedFrame(std::string_view text) {
  constexpr std::string_view kData = "\nData:\n";
  std::string_view rest = Trim(text);
  const std::string_view first_line = rest.substr(0, rest.find('\n'));
  if (!first_line.starts_with("[") || first_line.find("] subj: ") == std::string_view::npos) {
    return text;
  }
  rest = Trim(rest.substr(first_line.size()));
  if (rest.starts_with("Headers:\n")) {
    const std::size_t data = rest.find(kData);
    if (data == std::string_view::npos) return text;
    rest.remove_prefix(data + kData.size());
  }
  // A job ends with its brace; the line after it is not in the message.
  return Trim(rest.substr(0, rest.rfind('}') + 1));
}

struct Message {
  Json json;                   ///< Discarded when the message is none.
  bool nested_deeply = false;  ///< `json` lacks what is nested too deeply.
};

Message ParseMessage(std::string_view text) {
  Message message;
  const auto keep = [&message](int depth, Json::parse_event_t, Json&) {
    message.nested_deeply = message.nested_deeply || depth > kDeepestJson;
    return depth <= kDeepestJson;
  };
  message.json = Json::parse(WithoutPrintedFrame(text), keep, /*allow_exceptions=*/false);
  return message;
}

/// The member's value, or null when it is absent or JSON null.
const Json* Find(const Json& object, const char* member) {
  const auto found = object.find(member);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

Result<std::optional<std::string>> Text(const Json& object, const char* member) {
  const Json* value = Find(object, member);
  if (value == nullptr) return std::optional<std::string>();
  if (!value->is_string()) return Fail(Bad(member, "a string"));
  return std::optional<std::string>(value->get<std::string>());
}

Result<std::optional<Secret>> SecretText(const Json& object, const char* member) {
  ASSIGN_OR_RETURN(const std::optional<std::string> given, Text(object, member));
  if (!given) return std::optional<Secret>();
  std::string text = given.value_or("");
  // What the worker's machine keeps is not for whoever may publish a job to send somewhere.
  if (text.starts_with("env:") || text.starts_with("file:")) {
    return Fail(Code::kInvalid,
                "`api_key` names a variable or file of the worker, which a job may not: store that "
                "with the embedder (api_key_encrypted), or send the key itself");
  }
  return std::optional<Secret>(Secret(std::move(text)));
}

Result<std::optional<std::int64_t>> Integer(const Json& object, const char* member,
                                            std::int64_t least, std::int64_t most) {
  const Json* value = Find(object, member);
  if (value == nullptr) return std::optional<std::int64_t>();
  const bool fits = value->is_number_integer() &&
                    (!value->is_number_unsigned() ||
                     value->get<std::uint64_t>() <= static_cast<std::uint64_t>(most));
  if (!fits || value->get<std::int64_t>() < least || value->get<std::int64_t>() > most) {
    return Fail(Bad(member, fmt::format("an integer from {} to {}", least, most)));
  }
  return std::optional<std::int64_t>(value->get<std::int64_t>());
}

constexpr std::int64_t kMaxId = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kMaxCount = std::numeric_limits<std::int32_t>::max();

Result<std::optional<std::int32_t>> Count(const Json& object, const char* member,
                                          std::int64_t least) {
  ASSIGN_OR_RETURN(const std::optional<std::int64_t> value,
                   Integer(object, member, least, kMaxCount));
  if (!value) return std::optional<std::int32_t>();
  return std::optional<std::int32_t>(static_cast<std::int32_t>(*value));
}

Result<std::optional<EmbedderOverride>> ParseEmbedder(const Json& job) {
  const Json* object = Find(job, "embedder_config");
  if (object == nullptr) return std::optional<EmbedderOverride>();
  if (!object->is_object()) return Fail(Bad("embedder_config", "an object"));
  EmbedderOverride embedder;
  ASSIGN_OR_RETURN(embedder.provider, Text(*object, "provider"));
  ASSIGN_OR_RETURN(embedder.base_url, Text(*object, "base_url"));
  ASSIGN_OR_RETURN(embedder.model, Text(*object, "model"));
  ASSIGN_OR_RETURN(embedder.api_key, SecretText(*object, "api_key"));
  ASSIGN_OR_RETURN(embedder.batch_size, Count(*object, "batch_size", 1));
  ASSIGN_OR_RETURN(embedder.max_input_tokens, Count(*object, "max_input_tokens", 0));
  if (const Json* config = Find(*object, "config")) {
    if (!config->is_object()) return Fail(Bad("embedder_config.config", "an object"));
    for (const char* member : {"api_key", "base_url"}) {
      if (Find(*config, member) == nullptr) continue;
      return Fail(Code::kInvalid,
                  fmt::format("`embedder_config.config.{0}` does not belong there: send it as "
                              "`embedder_config.{0}`",
                              member));
    }
    embedder.config_json = config->dump();
  }
  return std::optional<EmbedderOverride>(std::move(embedder));
}

Result<std::optional<SinkOverride>> ParseSink(const Json& job) {
  const Json* object = Find(job, "qdrant_config");
  if (object == nullptr) return std::optional<SinkOverride>();
  if (!object->is_object()) return Fail(Bad("qdrant_config", "an object"));
  SinkOverride sink;
  ASSIGN_OR_RETURN(sink.url, Text(*object, "url"));
  ASSIGN_OR_RETURN(sink.api_key, SecretText(*object, "api_key"));
  return std::optional<SinkOverride>(std::move(sink));
}

/// It becomes part of ids, headers and rows, each with limits of its own.
Result<std::string> ParseJobId(const Json& json) {
  constexpr std::size_t kMaxBytes = 256;
  ASSIGN_OR_RETURN(std::optional<std::string> id, Text(json, "job_id"));
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (!id || id->empty() || id->size() > kMaxBytes ||
      std::any_of(id->begin(), id->end(), control)) {
    return Fail(Bad(
        "job_id", fmt::format("a string of 1 to {} bytes without control characters", kMaxBytes)));
  }
  return *std::move(id);
}

Result<Mode> ParseMode(const Json& json) {
  ASSIGN_OR_RETURN(const std::optional<std::string> given, Text(json, "mode"));
  const std::string mode = given.value_or("incremental");
  if (mode == "incremental") return Mode::kIncremental;
  if (mode == "full") return Mode::kFull;
  return Fail(Bad("mode", "\"incremental\" or \"full\""));
}

Result<std::optional<JobRange>> ParseRange(const Json& job) {
  const Json* object = Find(job, "range");
  if (object == nullptr) return std::optional<JobRange>();
  if (!object->is_object()) return Fail(Bad("range", "an object"));
  if (Find(job, "embedded_dataset_id") == nullptr) {
    return Fail(Code::kInvalid, "a job with a `range` needs the `embedded_dataset_id` it is of");
  }
  ASSIGN_OR_RETURN(const auto number, Integer(*object, "number", 0, kMaxCount));
  ASSIGN_OR_RETURN(const auto first, Integer(*object, "first_item", 0, kMaxId));
  ASSIGN_OR_RETURN(const auto last, Integer(*object, "last_item", 0, kMaxId));
  if (!number || !first || !last || *last < *first) {
    return Fail(Bad("range",
                    "{\"number\":…,\"first_item\":…,\"last_item\":…}, first_item not "
                    "above last_item"));
  }
  return std::optional<JobRange>(
      {.number = static_cast<std::int32_t>(*number), .first_item = *first, .last_item = *last});
}

Json RangeJson(const JobRange& range) {
  return {
      {"number", range.number}, {"first_item", range.first_item}, {"last_item", range.last_item}};
}

}  // namespace

Result<Job> ParseJob(std::string_view text) {
  const Message message = ParseMessage(text);
  const Json& json = message.json;
  if (json.is_discarded()) return Fail(Code::kInvalid, "the message is not JSON");
  if (message.nested_deeply) {
    return Fail(Code::kInvalid, fmt::format("the message is {}", kNestedTooDeeply));
  }
  if (!json.is_object()) return Fail(Code::kInvalid, "the message is not a JSON object");
  if (Find(json, "batch_file_key") != nullptr) {
    return Fail(Code::kInvalid,
                "the job points to a batch file in object storage (`batch_file_key`), which this "
                "worker does not read: publish a job that names the transform alone");
  }

  Job job;
  ASSIGN_OR_RETURN(job.job_id, ParseJobId(json));
  ASSIGN_OR_RETURN(const std::optional<std::int64_t> transform,
                   Integer(json, "dataset_transform_id", 1, kMaxId));
  if (!transform) return Fail(Bad("dataset_transform_id", "the id of a dataset transform"));
  job.dataset_transform_id = *transform;
  ASSIGN_OR_RETURN(job.embedded_dataset_id, Integer(json, "embedded_dataset_id", 1, kMaxId));
  ASSIGN_OR_RETURN(job.owner_id, Text(json, "owner_id"));
  ASSIGN_OR_RETURN(job.dataset_id, Integer(json, "dataset_id", 1, kMaxId));
  ASSIGN_OR_RETURN(job.collection_name, Text(json, "collection_name"));
  ASSIGN_OR_RETURN(job.batch_size, Count(json, "batch_size", 1));
  ASSIGN_OR_RETURN(job.embedder, ParseEmbedder(json));
  ASSIGN_OR_RETURN(job.sink, ParseSink(json));
  ASSIGN_OR_RETURN(job.mode, ParseMode(json));
  ASSIGN_OR_RETURN(job.range, ParseRange(json));
  return job;
}

std::string JobJson(const Job& job) {
  Json json = {{"job_id", job.job_id},
               {"dataset_transform_id", job.dataset_transform_id},
               {"mode", job.mode == Mode::kFull ? "full" : "incremental"}};
  if (job.embedded_dataset_id) json["embedded_dataset_id"] = *job.embedded_dataset_id;
  if (job.owner_id) json["owner_id"] = *job.owner_id;
  if (job.dataset_id) json["dataset_id"] = *job.dataset_id;
  if (job.collection_name) json["collection_name"] = *job.collection_name;
  if (job.batch_size) json["batch_size"] = *job.batch_size;
  if (job.range) json["range"] = RangeJson(*job.range);
  return json.dump();
}

std::string RangeJobJson(std::string_view parent_json, std::int64_t embedded_dataset_id,
                         const JobRange& range) {
  Json json = ParseMessage(parent_json).json;
  json["embedded_dataset_id"] = embedded_dataset_id;
  json["range"] = RangeJson(range);
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string WithoutApiKeys(std::string_view text) {
  Json json = ParseMessage(text).json;
  bool changed = false;
  for (const char* member : {"embedder_config", "qdrant_config"}) {
    if (!json.is_object() || !json.contains(member) || !json[member].is_object()) continue;
    Json& config = json[member];
    const auto key = config.find("api_key");
    if (key == config.end() || key->is_null()) continue;
    const std::string value = key->is_string() ? key->get<std::string>() : "";
    if (value.rfind("env:", 0) == 0 || value.rfind("file:", 0) == 0) continue;
    *key = nullptr;
    changed = true;
  }
  return changed ? json.dump(-1, ' ', false, Json::error_handler_t::replace) : std::string(text);
}

JobClaim ClaimOf(std::string_view text) {
  const Json json = ParseMessage(text).json;
  JobClaim claim;
  if (!json.is_object()) return claim;
  claim.job_id = Text(json, "job_id").value_or(std::nullopt).value_or("");
  claim.dataset_transform_id =
      Integer(json, "dataset_transform_id", 1, kMaxId).value_or(std::nullopt);
  return claim;
}

}  // namespace dsw
