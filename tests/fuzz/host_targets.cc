// SPDX-License-Identifier: Apache-2.0
//
// What of the host reads messages, files, settings, rows, plugins and answers.
#include <algorithm>
#include <chrono>
#include <string>

#include <elf.h>
#include <nlohmann/json.hpp>

#include "host/base/egress_rules.h"
#include "host/base/origin.h"
#include "host/base/secret.h"
#include "host/base/utf8.h"
#include "host/config/credentials.h"
#include "host/config/log_filter.h"
#include "host/config/values.h"
#include "host/domain/cut_text.h"
#include "host/domain/import_codec.h"
#include "host/domain/job_codec.h"
#include "host/domain/progress_codec.h"
#include "host/domain/stamp.h"
#include "host/http/early_answer.h"
#include "host/plugin/elf_file.h"
#include "host/plugin/http_error.h"
#include "host/plugin/instance_config.h"
#include "host/plugin/manifest.h"
#include "host/plugin/plugin_lock.h"
#include "host/plugin/retry_after.h"
#include "host/plugin/signing.h"
#include "host/plugin/vector_settings.h"
#include "host/secrets/resolve.h"
#include "tests/fuzz/targets.h"

namespace dsw {
namespace {

using Json = nlohmann::json;
using std::chrono::milliseconds;

bool IsJson(std::string_view text) {
  return Json::accept(text);
}

void JobMessage(std::string_view input) {
  ClaimOf(input);
  const std::string kept = WithoutApiKeys(input);
  Must(WithoutApiKeys(kept) == kept, "what has no keys stays as it is");
  const Result<Job> job = ParseJob(input);
  if (!job) {
    Must(job.error().code == Code::kInvalid, "a bad message is called one");
    return;
  }
  Must(ClaimOf(input).job_id == job->job_id, "a job is about what it says");
  const Result<Job> again = ParseJob(JobJson(*job));
  Must(again && again->job_id == job->job_id && again->range == job->range, "jobs are kept");
  const JobRange range{.number = 1, .first_item = 2, .last_item = 3};
  const Result<Job> part = ParseJob(RangeJobJson(input, 5, range));
  Must(part && part->range == range && part->mode == job->mode, "a range is a job");
}

void ProgressEvent(std::string_view input) {
  const Result<Progress> progress = ParseProgress(input);
  if (!progress) return;
  Must(IsJson(ProgressJson(*progress)), "an event is JSON");
  Must(ProgressSubject(*progress).find_first_of(" *>\r\n") == std::string::npos,
       "a subject is one");
}

void ImportLine(std::string_view input) {
  const Result<ImportItem> item = ParseImportLine(input);
  if (!item) {
    Must(item.error().code == Code::kInvalid, "a bad line is called one");
    return;
  }
  Must(!item->title.empty() && !item->chunks.empty(), "an item has a title and a chunk");
  Must(IsJson(item->metadata_json), "metadata is JSON");
  for (const ImportChunk& chunk : item->chunks) {
    Must(!chunk.text.empty(), "a chunk has a text");
    Must(CleanUtf8(chunk.text) == chunk.text, "a text can be stored");
  }
}

void PointStamps(std::string_view input) {
  const Stamp stamp = ReadStamp(input);
  Must(IsJson(input) || (!stamp.embedded_dataset_id && stamp.token == 0), "only JSON is a stamp");
}

void Waits(std::string_view input) {
  const std::chrono::system_clock::time_point now{std::chrono::seconds(784111777)};
  for (const auto& wait : {ParseRetryAfter(input, now), ParseRetryAfterMs(input)}) {
    Must(!wait || *wait >= milliseconds(0), "a wait is none or one");
  }
}

class Answer final : public HttpResponse {
 public:
  Answer(int code, std::string_view head, std::string_view body) : body_(body) {
    status = code;
    while (!head.empty()) {
      const std::size_t end = head.find('\n');
      if (auto header = ParseHeader(head.substr(0, end))) headers.push_back(*std::move(header));
      head.remove_prefix(end == head.npos ? head.size() : end + 1);
    }
  }
  std::string_view body() const override { return body_; }

 private:
  std::string_view body_;
};

void HttpErrors(std::string_view input) {
  const std::size_t blank = input.find("\n\n");
  const std::string_view body = blank == input.npos ? input : input.substr(blank + 2);
  const std::string_view head = blank == input.npos ? "" : input.substr(0, blank);
  for (const int status : {400, 401, 413, 429, 503}) {
    const dsw_error error =
        ClassifyHttp(Answer(status, head, body), std::chrono::system_clock::time_point());
    Must(error.category != DSW_OK && error.message[0] != '\0', "an error is one, with words");
    Must(error.retry_after_ms >= -1, "a wait is none or one");
  }
}

void EarlyAnswers(std::string_view input) {
  const std::optional<EarlyAnswer> answer = ParseEarlyAnswer(input);
  Must(!answer || (answer->status >= 400 && answer->status <= 599), "only refusals are early");
}

void Manifests(std::string_view input) {
  if (const Result<Manifest> manifest = ParseManifest(input)) {
    Must(!manifest->id.empty() && !manifest->providers.empty(), "a manifest says what there is");
  }
  VectorSettings(input);
  InstanceConfig config;
  if (config.Overlay("what", input) && config.Overlay("what", input)) {
    Must(IsJson(config.text()), "a configuration is JSON");
    config.Urls();
  }
}

void PluginLocks(std::string_view input) {
  Must(Verify({}, input, input) == nullptr, "nobody has signed");
  const Result<PluginLock> lock = ParsePluginLock(input);
  if (!lock) {
    Must(lock.error().code == Code::kInvalid, "a bad lock is called one");
    return;
  }
  const Result<std::string> text = FormatPluginLock(*lock);
  Must(text.has_value(), "what was read can be written");
  const Result<PluginLock> again = ParsePluginLock(*text);
  Must(again && again->entries == lock->entries, "locks are kept");
}

void ElfImages(std::string_view input) {
  // Of its very size, so that a sanitizer sees a read behind the end.
  const std::vector<char> image(input.begin(), input.end());
  const Result<ElfFile> file = ParseElf({image.data(), image.size()});
  Must(!file || file->note.size() <= image.size(), "a note is in its file");
}

/// The head of a shared object whose one table stands behind it.
std::string_view ElfSeed() {
  static const std::string image = [] {
    Elf64_Ehdr header{};
    const std::string_view ident(
        "\x7f"
        "ELF\x02\x01\x01",
        7);
    ident.copy(reinterpret_cast<char*>(header.e_ident), ident.size());
    header.e_type = ET_DYN;
    header.e_machine = EM_X86_64;
    header.e_version = EV_CURRENT;
    header.e_ehsize = sizeof header;
    header.e_shoff = sizeof header;
    header.e_shentsize = sizeof(Elf64_Shdr);
    header.e_shnum = 4;
    const Elf64_Word types[] = {SHT_NULL, SHT_NOTE, SHT_DYNSYM, SHT_STRTAB};
    std::string text(reinterpret_cast<const char*>(&header), sizeof header);
    for (std::size_t i = 0; i < std::size(types); ++i) {
      Elf64_Shdr section{};
      section.sh_type = types[i];
      section.sh_offset = sizeof header + std::size(types) * sizeof section;
      section.sh_size = 96;
      section.sh_link = 3;
      section.sh_entsize = sizeof(Elf64_Sym);
      section.sh_addralign = 4;
      text.append(reinterpret_cast<const char*>(&section), sizeof section);
    }
    return text + std::string("\x04\0\0\0\x10\0\0\0\1\0\0\0DSW\0{\"abi\":[0,2,1]}", 32) +
           "dsw_plugin_entry_v0" + std::string(64, '\0');
  }();
  return image;
}

void SettingValues(std::string_view input) {
  if (const auto number = ParseInteger(input, -5, 70'000)) {
    Must(*number >= -5 && *number <= 70'000, "a number is in its range");
  }
  (void)ParseBool(input);
  const auto duration = [](std::string_view text) {
    return ParseDuration(text, milliseconds(1), milliseconds(0), std::chrono::hours(9'000));
  };
  if (const auto time = duration(input)) {
    const auto same = duration(FormatDuration(*time));
    Must(same && *same == *time, "times are read as they are shown");
  }
  for (const std::string_view part : SplitList(input, ','))
    Must(!part.empty(), "parts are not empty");
  (void)ParseLogFilter(input);
  (void)CheckUrls(input, {"nats", "tls"});
  MaskCredentials(input);
  Redact(input);
  if (const auto origin = OriginOf(input)) {
    Must(!HostOf(*origin).empty() && SameOrigin(*origin, input), "an origin has a host");
  }
}

/// Rules in the first line, a host in the second.
void Egress(std::string_view input) {
  const std::size_t end = std::min(input.find('\n'), input.size());
  const std::string_view host = input.substr(std::min(end + 1, input.size()));
  const Result<EgressList> list = ParseEgressList(input.substr(0, end));
  if (!list) {
    Must(list.error().code == Code::kInvalid, "a bad rule is called one");
    return;
  }
  for (const EgressRule& rule : *list) {
    const auto again = ParseEgressList(rule.text);
    Must(again && again->size() == 1, "a rule alone is one");
  }
  const EgressTarget target{.host = host, .port = 443};
  const EgressRules denying{.allow = *list, .deny = *list};
  const EgressRules allowing{.allow = *list};
  const auto metadata = ParseIpAddress("169.254.169.254");
  if (!list->empty()) Must(denying.RefuseThroughProxy(target).has_value(), "denial wins");
  if (EgressRules().Refuse(target, *metadata)) {
    Must(EgressRules{.allow = {}, .deny = *list}.Refuse(target, *metadata).has_value(),
         "a denial allows nothing");
  }
  if (const auto literal = LiteralAddress(host)) {
    Must(allowing.Refuse(target).has_value() == allowing.Refuse(target, *literal).has_value(),
         "an address is judged as its connection");
    const auto again = ParseIpAddress(FormatIpAddress(*literal));
    Must(again && *again == *literal, "addresses are read as they are shown");
  }
}

void Texts(std::string_view input) {
  const std::string clean = CleanUtf8(input);
  Must(clean.find('\0') == clean.npos && CleanUtf8(clean) == clean, "what is clean stays so");
  for (const Truncate side : {Truncate::kStart, Truncate::kEnd}) {
    const std::string_view cut = CutText(clean, input.size() / 2, side);
    Must(cut.size() <= input.size() / 2, "a text is cut to its size");
    Must(CleanUtf8(cut) == cut, "no character is broken");
  }
}

void SealedKeys(std::string_view input) {
  if (input.starts_with("file:")) return;
  const Secret master{std::string(64, 'a')};
  (void)ResolveSecret(Secret(std::string(input)), master, [](const char*) { return nullptr; });
}

}  // namespace

std::vector<FuzzTarget> HostTargets() {
  return {
      {"job",
       &JobMessage,
       {R"({"job_id":"j","dataset_transform_id":4,"mode":"full","embedded_dataset_id":5,)"
        R"("range":{"number":1,"first_item":2,"last_item":3}})",
        R"({"job_id":"j","dataset_transform_id":4,"embedder_config":{"provider":"p","api_key":"k",)"
        R"("config":{"a":[1]}},"qdrant_config":{"url":"http://q","api_key":"env:K"}})",
        "[09:12:33] subj: s / tries: 1 / cons seq: 1 / str seq: 1 / pending: 0\n\nHeaders:\n\n"
        "  Dsw-Error: e\n\nData:\n\n\n{\"job_id\":\"j\",\"dataset_transform_id\":4}\n\n"
        "Acknowledged message\n",
        R"({"job_id":"","batch_file_key":"k"})"}},
      {"progress",
       &ProgressEvent,
       {R"({"job_id":"j","dataset_transform_id":1,"embedded_dataset_id":2,"owner_id":"o",)"
        R"("dataset_id":3,"chunk_count":5,"status":"success","error":null,"final":true,)"
        R"("processing_duration_ms":7,"total_chunks":5,"failed_chunks":0,"batches_done":1,)"
        R"("percent":100.0,"tokens":9,"timestamp":"2025-01-02T03:04:05.678Z"})"}},
      {"import",
       &ImportLine,
       {R"({"title":"t","metadata":{"a":1},"chunks":["x",{"text":"y","metadata":{},"b":2}]})",
        R"({"title":"t","text":"x","author":"é"})"}},
      {"stamp", &PointStamps, {R"({"ed":7,"h":"900150983cd24fb0","m":"1a2b3c4d","t":12})", "{}"}},
      {"waits",
       &Waits,
       {"120", "0.5", "1e9", "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994"}},
      {"plugin_lock",
       &PluginLocks,
       {"# c\n0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef a.so "
        "org.example.a 1.0 isolated net,secrets\n"
        "0000000000000000000000000000000000000000000000000000000000000000\tb.so b 2 any -\r\n",
        "RSZnZ4PmNgwzl8YyA2nv1nqp+d2b6e3L1DEDwMZ5vTVmNM2vJ3mUo8uTmVnJx8XbLuxYtFh4bWiC7P7sRXhlBg=="
        "\n"}},
      {"http_errors",
       &HttpErrors,
       {"Retry-After: 5\nx-should-retry: false\nx-request-id: r\n\n"
        R"({"error":{"message":"Incorrect API key provided: sk-ab12.","code":"invalid_api_key"}})",
        "content-type: text/html\n\n<html><title>502</title></html>", R"({"detail":[{"msg":"m"}]})",
        R"({"message":"m","error_type":"t"})"}},
      {"early_answer",
       &EarlyAnswers,
       {"HTTP/1.1 413 Too Large\r\nContent-Type: a\r\n\r\nbody",
        "HTTP/1.1 429 x\r\nTransfer-Encoding: chunked\r\nRetry-After: 1\r\n\r\n0\r\n\r\n"}},
      {"manifest",
       &Manifests,
       {R"({"abi":[0,2,1],"id":"a.b","version":"1","vendor":"v","license":"l","host_min":2,)"
        R"("providers":[{"kind":"embedder","id":"p","models":[{"id":"m","dimensions":4}]},)"
        R"({"kind":"sink","id":"s"}]})",
        R"({"properties":{"model":{"x-dsw-vectors":true}},"base_url":"http://h"})"}},
      {"elf", &ElfImages, {ElfSeed()}},
      {"values",
       &SettingValues,
       {"1500ms", "2m", "yes", "65535", "-5", "info,pipeline=debug,worker_datasets::job=warn",
        "nats://u:p@h:4222,tls://h2", "host=h password=p", "https://H.example:8443/v1"}},
      {"egress",
       &Egress,
       {"api.example.org,*.example.com:443,10.0.0.0/8:8000-8999,[fd00::/8]:443,*\n10.1.2.3",
        "169.254.169.254,fe80::/10\n[::ffff:169.254.169.254]", "a.example\n0x7f.1"}},
      {"texts", &Texts, {"grüße 漢字 😀", "\xed\xa0\x80\xff\xc3 a"}},
      {"sealed_keys",
       &SealedKeys,
       {"enc:v1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "env:NAME", "key"}},
  };
}

}  // namespace dsw
