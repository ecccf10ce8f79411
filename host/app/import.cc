// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "host/app/commands.h"
#include "host/app/progress_bar.h"
#include "host/app/terminal.h"
#include "host/base/clock.h"
#include "host/base/origin.h"
#include "host/domain/import_codec.h"
#include "host/postgres/database.h"
#include "host/postgres/importer.h"

namespace dsw {
namespace {

using Json = nlohmann::ordered_json;

Result<ImportTarget> TargetFrom(const ImportOptions& options) {
  const std::size_t colon = options.embedder.find(':');
  const std::string provider = options.embedder.substr(0, colon);
  if (provider.empty()) {
    return Fail(Code::kInvalid, fmt::format("--embedder {}: expected PROVIDER:MODEL, as "
                                            "fastembed:BAAI/bge-small-en-v1.5",
                                            options.embedder));
  }
  const bool reference =
      options.api_key.starts_with("env:") || options.api_key.starts_with("file:");
  if (!options.api_key.empty() && !reference) {
    return Fail(Code::kInvalid,
                "--api-key takes env:NAME or file:PATH, not the key itself: the arguments of a "
                "process can be seen by everybody on the machine");
  }
  if (!Json::parse(options.config, nullptr, false).is_object()) {
    return Fail(Code::kInvalid, fmt::format("--config {}: expected a JSON object", options.config));
  }
  return ImportTarget{
      .dataset_title = options.dataset,
      .owner = options.owner,
      .provider = provider,
      .model = colon == std::string::npos ? std::string() : options.embedder.substr(colon + 1),
      .base_url = options.base_url,
      .api_key = options.api_key,
      .config_json = options.config,
      .batch_size = options.batch_size,
      .collection = options.collection.empty() ? std::nullopt : std::optional(options.collection)};
}

/// An address that no job could use.
Status CheckAddress(const std::string& base_url, const Settings& settings) {
  const Result<std::string> origin = OriginOf(base_url);
  if (!origin) return {};  // The provider says what is wrong with it, or uses none.
  const EgressTarget target{.host = HostOf(*origin), .port = PortOf(*origin)};
  const std::optional<std::string> refusal = settings.egress.Refuse(target);
  if (refusal) return Fail(Code::kInvalid, fmt::format("--base-url {}: {}", *origin, *refusal));
  return {};
}

/// Numbers lines over all files, and tells which file a number belongs to.
class LineNumbers {
 public:
  void BeginFile(const std::string& name) { files_.push_back({name, last_}); }
  std::int64_t Next() { return ++last_; }

  struct Place {
    std::string file;
    std::int64_t line = 0;
  };
  Place Of(std::int64_t number) const {
    const auto after = std::find_if(files_.begin(), files_.end(),
                                    [&](const File& file) { return file.lines_before >= number; });
    const File& file = *std::prev(after);
    return {file.name, number - file.lines_before};
  }

 private:
  struct File {
    std::string name;
    std::int64_t lines_before = 0;
  };
  std::vector<File> files_;
  std::int64_t last_ = 0;
};

Status ReadLines(std::istream& in, const std::string& file, bool strict, LineNumbers& numbers,
                 Importer& importer, std::vector<RejectedLine>& rejected,
                 std::optional<ProgressBar>& bar, std::int64_t& items) {
  numbers.BeginFile(file);
  for (std::string line; std::getline(in, line);) {
    const std::int64_t number = numbers.Next();
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    Result<ImportItem> item = ParseImportLine(line);
    if (item) {
      RETURN_IF_ERROR(importer.Add(number, *std::move(item)));
      if (bar) bar->Update(++items, 0);
    } else if (strict) {
      return Fail(Code::kInvalid, fmt::format("{} line {}: {}; nothing was stored (--strict)", file,
                                              numbers.Of(number).line, item.error().message));
    } else {
      rejected.push_back({number, item.error().message});
    }
  }
  if (in.bad()) return Fail(Code::kUnavailable, fmt::format("cannot read {} to its end", file));
  return {};
}

void PrintReport(const ImportReport& report, const LineNumbers& numbers, bool json) {
  if (json) {
    Json rejected = Json::array();
    for (const RejectedLine& line : report.rejected) {
      const LineNumbers::Place place = numbers.Of(line.line);
      rejected.push_back({{"line", place.line}, {"reason", line.reason}, {"file", place.file}});
    }
    const Json document = {{"dataset_id", report.dataset_id},
                           {"dataset_transform_id", report.dataset_transform_id},
                           {"embedded_dataset_ids", report.embedded_dataset_ids},
                           {"items", report.items},
                           {"chunks", report.chunks},
                           {"rejected", std::move(rejected)}};
    fmt::print("{}\n", document.dump(-1, ' ', false, Json::error_handler_t::replace));
    return;
  }
  for (const RejectedLine& line : report.rejected) {
    const LineNumbers::Place place = numbers.Of(line.line);
    fmt::print(stderr, "{} line {}: {}\n", place.file, place.line, line.reason);
  }
  fmt::print(
      "dataset {}: {} items with {} chunks stored, {} lines rejected\n"
      "next: worker-datasets submit --transform {} --watch\n",
      report.dataset_id, report.items, report.chunks, report.rejected.size(),
      report.dataset_transform_id);
}

}  // namespace

Status Import(const Settings& settings, const ImportOptions& options) {
  ASSIGN_OR_RETURN(const ImportTarget target, TargetFrom(options));
  RETURN_IF_ERROR(CheckAddress(options.base_url, settings));
  std::vector<std::ifstream> files(options.files.size());
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (options.files[i] == "-") continue;
    files[i].open(options.files[i], std::ios::binary);
    if (!files[i]) return Fail(Code::kNotFound, fmt::format("cannot read {}", options.files[i]));
  }

  SystemClock clock;
  ASSIGN_OR_RETURN(const std::unique_ptr<Database> database,
                   Database::Open({.url = settings.database_url}, clock));
  RETURN_IF_ERROR(CheckTables(*database));
  ASSIGN_OR_RETURN(const std::unique_ptr<Importer> importer,
                   Importer::Begin(*database, target, options.strict));

  LineNumbers numbers;
  std::vector<RejectedLine> rejected;
  std::optional<ProgressBar> bar;
  if (StderrIsTerminal()) bar.emplace("items");
  std::int64_t items = 0;
  for (std::size_t i = 0; i < files.size(); ++i) {
    std::istream& in = options.files[i] == "-" ? std::cin : files[i];
    RETURN_IF_ERROR(
        ReadLines(in, options.files[i], options.strict, numbers, *importer, rejected, bar, items));
  }
  ASSIGN_OR_RETURN(ImportReport report, importer->Finish());
  bar.reset();
  report.rejected.insert(report.rejected.end(), rejected.begin(), rejected.end());
  std::sort(report.rejected.begin(), report.rejected.end(),
            [](const RejectedLine& a, const RejectedLine& b) { return a.line < b.line; });
  PrintReport(report, numbers, options.json);
  return {};
}

}  // namespace dsw
