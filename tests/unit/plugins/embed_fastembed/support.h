// SPDX-License-Identifier: Apache-2.0
//
// Golden data, a fake host and the files of the tests of embed_fastembed.
#pragma once

#include <cmath>
#include <cstdint>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <dsw/plugin.hpp>

namespace dsw::fastembed {

inline const std::filesystem::path kData = DSW_TEST_DATA_DIR;
inline const std::filesystem::path kTinyBert = kData / "tiny-bert";

/// Where packaging/lib/fetch-onnxruntime.sh puts the library.
inline const std::filesystem::path kOnnxRuntime = DSW_TEST_ONNXRUNTIME_LIB;

inline nlohmann::json ReadJson(const std::filesystem::path& path) {
  std::ifstream in(path);
  if (!in) throw std::runtime_error("cannot read " + path.string());
  return nlohmann::json::parse(in);
}

/// What the reference made of one text.
struct GoldenRow {
  std::string text;
  std::vector<std::int64_t> tokens;
  bool truncated = false;
  std::vector<float> vector;
};

struct Golden {
  std::size_t max_length = 0;
  std::vector<GoldenRow> rows;
};

inline Golden ReadGolden(const std::filesystem::path& path) {
  const nlohmann::json texts = ReadJson(kTinyBert / "texts.json");
  const nlohmann::json file = ReadJson(path);
  const nlohmann::json& rows = file.at("rows");
  if (rows.size() != texts.size()) throw std::runtime_error(path.string() + ": not of texts.json");
  Golden golden;
  golden.max_length = file.at("max_length");
  for (std::size_t i = 0; i < rows.size(); ++i) {
    golden.rows.push_back({texts[i], rows[i].at("tokens"), rows[i].at("truncated"),
                           rows[i].at("vector").get<std::vector<float>>()});
  }
  return golden;
}

inline double Cosine(const float* a, const std::vector<float>& b) {
  double dot = 0;
  double aa = 0;
  double bb = 0;
  for (std::size_t i = 0; i < b.size(); ++i) {
    dot += double{a[i]} * double{b[i]};
    aa += double{a[i]} * double{a[i]};
    bb += double{b[i]} * double{b[i]};
  }
  return dot / std::sqrt(aa * bb);
}

/// A failure that is this worker's own.
inline constexpr bool kLocal = true;

/// Checks that `call` throws a Failure of `category` whose message has every one of `parts`.
template <class Call>
void ExpectFailure(Call call, dsw_status category, const std::vector<std::string>& parts,
                   bool local = false) {
  try {
    call();
    ADD_FAILURE() << "no failure";
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.error().category, category) << failure.what();
    EXPECT_EQ((failure.error().flags & DSW_ERR_LOCAL) != 0, local) << failure.what();
    for (const std::string& part : parts) {
      EXPECT_NE(std::string_view(failure.what()).find(part), std::string_view::npos)
          << failure.what() << "\nlacks: " << part;
    }
  }
}

/// A host that swallows log lines and has no services.
inline const dsw_host& FakeHost() {
  static const dsw_host host = [] {
    dsw_host made{};
    made.struct_size = sizeof made;
    made.abi_minor = DSW_ABI_MINOR;
    made.name = Str("test");
    made.version = Str("0");
    made.log_enabled = [](const dsw_host*, std::int32_t) -> std::uint32_t { return 0; };
    made.now_mono_ns = [](const dsw_host*) -> std::uint64_t {
      timespec now{};
      clock_gettime(CLOCK_MONOTONIC, &now);
      return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000u +
             static_cast<std::uint64_t>(now.tv_nsec);
    };
    made.get_extension = [](const dsw_host*, const char*, std::size_t) -> const void* {
      return nullptr;
    };
    return made;
  }();
  return host;
}

/// A call without deadline; cancelled from the start when told so.
inline dsw_call MakeCall(bool cancelled = false) {
  dsw_call call{};
  call.struct_size = sizeof call;
  call.attempt = 1;
  call.cancel_fd = -1;
  call.cancelled = [](const dsw_call* self) -> std::uint32_t {
    return self->host_data != nullptr ? 1 : 0;
  };
  static int yes = 1;
  call.host_data = cancelled ? &yes : nullptr;
  return call;
}

/// Receiver of one embed call.
struct Received {
  std::vector<float> matrix;
  std::size_t dimensions = 0;
  int allocations = 0;
  bool refuse = false;  ///< what alloc shall answer
  std::vector<bool> truncated;
  std::int64_t tokens = -1;

  const float* row(std::size_t i) const { return matrix.data() + i * dimensions; }

  dsw_embed_out Out() {
    dsw_embed_out out{};
    out.struct_size = sizeof out;
    out.ctx = this;
    out.alloc = [](const dsw_embed_out* self, std::uint32_t rows, std::uint32_t columns) -> float* {
      auto* received = static_cast<Received*>(self->ctx);
      ++received->allocations;
      if (received->refuse) return nullptr;
      received->matrix.assign(std::size_t{rows} * columns, 0);
      received->dimensions = columns;
      received->truncated.resize(rows);
      return received->matrix.data();
    };
    out.item_error = [](const dsw_embed_out*, std::uint32_t index, const dsw_error* error) {
      ADD_FAILURE() << "text " << index << ": " << error->message;
    };
    out.item_truncated = [](const dsw_embed_out* self, std::uint32_t index) {
      auto* received = static_cast<Received*>(self->ctx);
      if (received->truncated.size() <= index) received->truncated.resize(index + 1);
      received->truncated[index] = true;
    };
    out.usage = [](const dsw_embed_out* self, const dsw_usage* usage) {
      static_cast<Received*>(self->ctx)->tokens = usage->total_tokens;
    };
    return out;
  }
};

/// Borrows `texts`.
inline std::vector<dsw_str> Views(const std::vector<std::string>& texts) {
  std::vector<dsw_str> views;
  for (const std::string& text : texts) views.push_back(Str(text));
  return views;
}

inline dsw_embed_request MakeRequest(const std::vector<dsw_str>& texts) {
  dsw_embed_request request{};
  request.struct_size = sizeof request;
  request.texts = texts.data();
  request.text_count = texts.size();
  return request;
}

}  // namespace dsw::fastembed
