// SPDX-License-Identifier: Apache-2.0
#include "host/domain/progress_codec.h"

#include <cmath>
#include <cstdint>
#include <stdexcept>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "host/base/clock.h"
#include "host/base/secret.h"
#include "host/base/short_name.h"

namespace dsw {
namespace {

using Json = nlohmann::json;

std::string_view StateName(JobState state) {
  switch (state) {
    case JobState::kProcessing:
      return "processing";
    case JobState::kSuccess:
      return "success";
    case JobState::kFailed:
      return "failed";
  }
  return "failed";
}

/// Share of the target's chunks that is settled, with one decimal.
double Percent(const Progress& progress) {
  if (progress.total_chunks <= 0) return progress.state == JobState::kSuccess ? 100.0 : 0.0;
  const double settled = static_cast<double>(progress.chunk_count + progress.failed_chunks);
  return std::round(1000.0 * settled / static_cast<double>(progress.total_chunks)) / 10.0;
}

// A server takes 4096 bytes for a subject and what stands beside it, and cuts the connection above.
constexpr std::size_t kMaxTokenBytes = 64;
// What a provider says has no end of its own; an event has to fit into a message.
constexpr std::size_t kMaxTextBytes = 4096;

std::string SubjectToken(std::string_view text) {
  std::string token;
  for (const char c : ShortName(text, kMaxTokenBytes)) {
    const bool plain = c > ' ' && c != '.' && c != '*' && c != '>' && c != '\x7f';
    token.push_back(plain ? c : '_');
  }
  return token.empty() ? "_" : token;
}

/// Of a float nobody would look whether it is in range.
std::int64_t IntegerAt(const Json& json, const char* key) {
  const Json& value = json.at(key);
  if (!value.is_number_integer()) {
    throw std::invalid_argument(fmt::format("`{}` is not an integer", key));
  }
  return value.get<std::int64_t>();
}

}  // namespace

std::string ProgressJson(const Progress& progress) {
  Json json = {{"job_id", progress.job_id},
               {"dataset_transform_id", progress.dataset_transform_id},
               {"embedded_dataset_id", nullptr},
               {"owner_id", Beginning(progress.owner_id, kMaxTextBytes)},
               {"dataset_id", progress.dataset_id},
               {"batch_file_key", ""},
               {"chunk_count", progress.chunk_count},
               {"status", StateName(progress.state)},
               {"error", nullptr},
               {"processing_duration_ms", nullptr},
               {"total_chunks", progress.total_chunks},
               {"failed_chunks", progress.failed_chunks},
               {"batches_done", progress.batches_done},
               {"percent", Percent(progress)},
               {"tokens", progress.tokens},
               {"final", progress.final},
               {"timestamp", FormatUtc(progress.timestamp)}};
  if (progress.embedded_dataset_id) json["embedded_dataset_id"] = *progress.embedded_dataset_id;
  if (progress.error) json["error"] = Beginning(Redact(*progress.error), kMaxTextBytes);
  if (progress.processing_duration) {
    json["processing_duration_ms"] = progress.processing_duration->count();
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<Progress> ParseProgress(std::string_view text) {
  try {
    const Json json = Json::parse(text);
    Progress progress;
    progress.job_id = json.at("job_id");
    progress.dataset_transform_id = IntegerAt(json, "dataset_transform_id");
    if (!json.at("embedded_dataset_id").is_null()) {
      progress.embedded_dataset_id = IntegerAt(json, "embedded_dataset_id");
    }
    progress.owner_id = json.at("owner_id");
    progress.dataset_id = IntegerAt(json, "dataset_id");
    const std::string status = json.at("status");
    progress.state = status == "success"  ? JobState::kSuccess
                     : status == "failed" ? JobState::kFailed
                                          : JobState::kProcessing;
    progress.final = json.at("final");
    progress.chunk_count = IntegerAt(json, "chunk_count");
    progress.total_chunks = IntegerAt(json, "total_chunks");
    progress.failed_chunks = IntegerAt(json, "failed_chunks");
    progress.batches_done = IntegerAt(json, "batches_done");
    progress.tokens = IntegerAt(json, "tokens");
    if (!json.at("error").is_null()) progress.error = json.at("error").get<std::string>();
    if (!json.at("processing_duration_ms").is_null()) {
      progress.processing_duration =
          std::chrono::milliseconds(IntegerAt(json, "processing_duration_ms"));
    }
    return progress;
  } catch (const std::exception& exception) {
    return Fail(Code::kInvalid, fmt::format("not a status event: {}", exception.what()));
  }
}

std::string ProgressSubject(const Progress& progress) {
  return fmt::format("transforms.dataset.status.{}.{}.{}", SubjectToken(progress.owner_id),
                     progress.dataset_id, progress.dataset_transform_id);
}

}  // namespace dsw
