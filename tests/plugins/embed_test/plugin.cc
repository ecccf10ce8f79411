// SPDX-License-Identifier: Apache-2.0
//
// Provider "test": vectors from hashes of the texts, equal for equal texts, and failures on demand.
#include <atomic>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <dsw/plugin.hpp>

#include "config.h"

namespace embed_test {
namespace {

std::uint64_t HashText(std::string_view text) {
  std::uint64_t hash = 14695981039346656037u;  // FNV-1a
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 1099511628211u;
  }
  return hash;
}

void FillRow(std::string_view text, float* row, std::uint32_t dimensions) {
  std::uint64_t state = HashText(text);
  double squares = 0;
  for (std::uint32_t i = 0; i < dimensions; ++i) {
    state += 0x9E3779B97F4A7C15u;  // splitmix64
    std::uint64_t bits = state;
    bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9u;
    bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EBu;
    const double value = static_cast<double>(bits >> 40) / (1u << 23) - 1.0;
    row[i] = static_cast<float>(value);
    squares += value * value;
  }
  const float scale = squares > 0 ? static_cast<float>(1.0 / std::sqrt(squares)) : 0;
  for (std::uint32_t i = 0; i < dimensions; ++i) row[i] *= scale;
}

std::uint32_t CountWords(std::string_view text) {
  std::uint32_t words = 0;
  bool inside = false;
  for (const char c : text) {
    const bool space = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    if (!space && !inside) ++words;
    inside = !space;
  }
  return words;
}

/// One write of a whole line, so that the file adds up even when the process is killed.
void AppendCount(const std::string& path, std::size_t texts) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  const std::string line = std::to_string(texts) + '\n';
  const bool written =
      file >= 0 && write(file, line.data(), line.size()) == static_cast<ssize_t>(line.size());
  if (file >= 0) close(file);
  if (!written) throw dsw::Failure(DSW_E_INTERNAL, "cannot append to " + path);
}

class TestEmbedder {
 public:
  TestEmbedder(const dsw_host& host, std::string_view config)
      : host_(host), config_(ParseConfig(config)) {}

  void Describe(const dsw_call&, dsw_model_facts& facts) {
    CheckModel();
    facts.dimensions = config_.dimensions;
    facts.max_tokens = config_.max_tokens;
    facts.max_batch = config_.max_batch;
  }

  void Embed(const dsw_call& call, const dsw_embed_request& request, const dsw_embed_out& out) {
    CheckModel();
    if (config_.max_batch != 0 && request.text_count > config_.max_batch) {
      throw dsw::Failure(DSW_E_TOO_LARGE,
                         "at most " + std::to_string(config_.max_batch) + " texts at a time");
    }
    while (config_.deaf) pause();
    Delay(call);
    FailIfTold();

    const auto count = static_cast<std::uint32_t>(request.text_count);
    float* const rows = out.alloc(&out, count, config_.dimensions);
    if (rows == nullptr) throw dsw::Failure(DSW_E_CONFLICT, "the host refused the matrix");
    dsw_usage usage{sizeof usage, 0, 0, 0};
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::string_view text = dsw::View(request.texts[i]);
      if (!config_.fail_texts_containing.empty() &&
          text.find(config_.fail_texts_containing) != std::string_view::npos) {
        const dsw::Failure failure(DSW_E_INVALID_REQUEST, "told to fail such texts");
        out.item_error(&out, i, &failure.error());
        continue;
      }
      FillRow(text, rows + std::size_t{i} * config_.dimensions, config_.dimensions);
      const std::uint32_t words = CountWords(text);
      usage.prompt_tokens += words;
      if (config_.max_tokens != 0 && words > config_.max_tokens) out.item_truncated(&out, i);
    }
    usage.total_tokens = usage.prompt_tokens;
    out.usage(&out, &usage);
    if (!config_.count_file.empty()) AppendCount(config_.count_file, count);
  }

 private:
  void CheckModel() const {
    if (config_.dimensions == 0) {
      throw dsw::Failure(DSW_E_NOT_FOUND,
                         "unknown model \"" + config_.model + "\"; there are hash-1 to hash-65536");
    }
  }

  void Delay(const dsw_call& call) const {
    if (config_.delay_ms != 0) {
      pollfd cancel{call.cancel_fd, POLLIN, 0};
      poll(&cancel, 1, static_cast<int>(config_.delay_ms));
    }
    dsw::CheckCall(host_, call);
  }

  void FailIfTold() {
    const std::uint64_t number = ++calls_;
    const bool early = number <= config_.fail_first;
    const bool periodic = config_.fail_every != 0 && number % config_.fail_every == 0;
    if (early || periodic) {
      throw dsw::Failure(config_.fail_category, "told to fail call " + std::to_string(number))
          .RetryAfterMs(config_.retry_after_ms);
    }
  }

  const dsw_host& host_;
  const Config config_;
  std::atomic<std::uint64_t> calls_{0};
};

constexpr dsw_model Model(std::string_view id, std::uint32_t dimensions) {
  dsw_model model{};
  model.struct_size = sizeof model;
  model.dimensions = dimensions;
  model.id = {id.data(), id.size()};
  return model;
}
constexpr dsw_model kHash8 = Model("hash-8", 8);
constexpr dsw_model kHash64 = Model("hash-64", 64);
constexpr dsw_model kHash384 = Model("hash-384", 384);
constexpr const dsw_model* kModels[] = {&kHash8, &kHash64, &kHash384};

using Table = dsw::Embedder<TestEmbedder>;
constexpr dsw_provider MakeProvider() {
  dsw_provider provider{};
  provider.struct_size = sizeof provider;
  provider.kind = DSW_KIND_EMBEDDER;
  provider.id = DSW_STR("test");
  provider.title = DSW_STR("Hashes, for tests");
  provider.models = kModels;
  provider.model_count = 3;
  provider.create = &Table::Create;
  provider.destroy = &Table::Destroy;
  provider.embedder = &Table::kOps;
  return provider;
}
constexpr dsw_provider kProvider = MakeProvider();
constexpr const dsw_provider* kProviders[] = {&kProvider};
constexpr dsw_plugin kPlugin{sizeof(dsw_plugin),
                             DSW_ABI_MINOR,
                             0,
                             0,
                             DSW_STR("io.dsw.embed-test"),
                             DSW_STR("1.0.0"),
                             DSW_STR("Datasets worker"),
                             DSW_STR("Apache-2.0"),
                             kProviders,
                             1,
                             nullptr,
                             nullptr};

}  // namespace
}  // namespace embed_test

extern "C" dsw_status dsw_plugin_entry_v0(const dsw_host*, const dsw_plugin** out, dsw_error*) {
  *out = &embed_test::kPlugin;
  return DSW_OK;
}
