// SPDX-License-Identifier: Apache-2.0
//
// A store in a file of its own, and what goes into it.
#pragma once

#include <cstdint>
#include <ctime>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "plugins/sink_sqlite/store.h"
#include "tests/support/temp_dir.h"

namespace dsw::sqlite {

inline std::uint64_t MonotonicNs(const dsw_host*) {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000u +
         static_cast<std::uint64_t>(now.tv_nsec);
}

inline const dsw_host& Host() {
  static const dsw_host host = [] {
    dsw_host made{};
    made.struct_size = sizeof made;
    made.now_mono_ns = &MonotonicNs;
    return made;
  }();
  return host;
}

inline dsw_call MakeCall(std::uint64_t deadline_in_ms = 30'000) {
  dsw_call call{};
  call.struct_size = sizeof call;
  call.cancel_fd = -1;
  call.deadline_mono_ns = MonotonicNs(nullptr) + deadline_in_ms * 1'000'000u;
  return call;
}

struct Answer {
  std::string id;
  std::string payload;
  double score;
};

/// Points on their way in; the vector of point i is made of `first` + i.
struct Made {
  std::vector<std::string> ids;
  std::vector<std::string> payloads;
  std::vector<float> vectors;
  std::vector<dsw_str> id_views;
  std::vector<dsw_str> payload_views;
  dsw_points points{};

  Made(int first, int count, std::uint32_t dimensions = 2, const std::string& tag = "",
       std::int64_t fence = 0) {
    for (int i = first; i < first + count; ++i) {
      ids.push_back("id-" + std::to_string(i));
      payloads.push_back("{\"n\":" + std::to_string(i) + tag + "}");
      for (std::uint32_t d = 0; d < dimensions; ++d) {
        vectors.push_back(static_cast<float>(d == 0 ? i : 1));
      }
    }
    for (const std::string& id : ids) id_views.push_back(Str(id));
    for (const std::string& payload : payloads) payload_views.push_back(Str(payload));
    points = {sizeof points,        dimensions,     ids.size(),
              id_views.data(),      vectors.data(), dimensions * sizeof(float),
              payload_views.data(), fence};
  }
};

/// A tag for Made: the stamp of a worker with this token.
inline std::string Stamped(int token) {
  return ",\"_dsw\":{\"ed\":7,\"t\":" + std::to_string(token) + "}";
}

struct Told {
  std::uint32_t flags = 0;
  std::string maker;
};

class SqliteStoreTest : public testing::Test {
 protected:
  std::unique_ptr<Store> Open() const {
    return std::make_unique<Store>(Host(), "{\"path\":\"" + path_ + "\"}");
  }
  static void Ensure(Store& store, std::string_view name, std::uint32_t dimensions = 2,
                     std::uint32_t distance = DSW_DISTANCE_DOT, std::uint32_t flags = 0) {
    const dsw_collection_spec spec{sizeof spec, dimensions, Str(name), distance, flags};
    store.EnsureCollection(MakeCall(), spec);
  }
  static Told EnsureAndTell(Store& store, std::string_view name) {
    Told told;
    const dsw_collection_out out{
        sizeof out, 0, &told,
        [](const dsw_collection_out* self, const dsw_collection_state* state) {
          *static_cast<Told*>(self->ctx) = {state->flags, std::string(View(state->maker))};
        }};
    store.Ensure(MakeCall(), {sizeof(dsw_collection_spec), 2, Str(name), DSW_DISTANCE_DOT, 0}, out);
    return told;
  }
  /// Ids and stamps of a page, one after the other.
  static std::vector<std::string> Page(Store& store, std::string_view name, std::string_view after,
                                       std::uint32_t limit) {
    std::vector<std::string> page;
    const dsw_scan_out out{
        sizeof out, 0, &page, [](const dsw_scan_out* self, const dsw_point_stamp* point) {
          static_cast<std::vector<std::string>*>(self->ctx)->push_back(
              std::string(View(point->id)) + " " + std::string(View(point->stamp)));
        }};
    store.Scan(MakeCall(), name, after, limit, out);
    return page;
  }
  static std::vector<Answer> Search(Store& store, std::string_view name,
                                    const std::vector<float>& query, std::uint32_t limit) {
    std::vector<Answer> answers;
    dsw_search_out out{
        sizeof out, 0, &answers, [](const dsw_search_out* self, const dsw_hit* hit) {
          static_cast<std::vector<Answer>*>(self->ctx)->push_back(
              {std::string(View(hit->id)), std::string(View(hit->payload)), hit->score});
        }};
    store.Search(MakeCall(), name, query.data(), static_cast<std::uint32_t>(query.size()), limit,
                 out);
    return answers;
  }
  /// The ids that a search answers with, one after the other.
  static std::string Found(Store& store, std::string_view name, const std::vector<float>& query,
                           std::uint32_t limit) {
    std::string ids;
    for (const Answer& answer : Search(store, name, query, limit)) ids += answer.id + " ";
    return ids;
  }
  static void ExpectFailure(dsw_status category, const std::string& words,
                            const std::function<void()>& body) {
    try {
      body();
      ADD_FAILURE() << "succeeded, expected: " << words;
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.error().category, category) << failure.what();
      EXPECT_NE(std::string(failure.what()).find(words), std::string::npos) << failure.what();
    }
  }

  const TempDir directory_;
  const std::string path_ = directory_ / "vectors.sqlite";
};

}  // namespace dsw::sqlite
