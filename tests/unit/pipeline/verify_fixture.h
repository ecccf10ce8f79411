// SPDX-License-Identifier: Apache-2.0
//
// A target of six embedded chunks, and ways to spoil it.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "host/pipeline/verify_target.h"
#include "tests/support/matchers.h"
#include "tests/unit/pipeline/job_fixture.h"

namespace dsw {

class VerifyFixture : public JobFixture {
 protected:
  void SetUp() override {
    store_.AddItem({"a", "bb", "ccc"});
    store_.AddItem({"dddd", "eeeee", "ffffff"});
    Handle(delivery_);
    ASSERT_EQ(sink().points.size(), 6U);
    store_.finished.clear();
    plugins_.embedder->calls.clear();
  }

  FakeSink& sink() { return *plugins_.sink; }
  Verification Verify(const VerifyLimits& limits = {}) {
    const auto found =
        VerifyTarget(store_.plan, store_.plan.targets[0], worker_, {}, nullptr, limits);
    EXPECT_OK(found);
    return found ? *found : Verification();
  }
  /// As "points/chunks missing orphaned stale other_model".
  static std::string Text(const Verification& found) {
    std::string text = std::to_string(found.points) + "/" + std::to_string(found.chunks);
    for (const std::int64_t count :
         {found.missing, found.orphaned, found.stale, found.other_model}) {
      text += " " + std::to_string(count);
    }
    return text;
  }
  void Drop(const ChunkPosition& chunk) { sink().points.erase(PointId(7, chunk)); }
  void AddPoint(const std::string& id, const std::string& payload) {
    sink().points[id] = {0.0F, payload};
  }
  /// Changes a member of a point's stamp.
  template <typename T>
  void Stamp(const ChunkPosition& chunk, const char* key, const T& value) {
    std::string& payload = sink().points.at(PointId(7, chunk)).second;
    nlohmann::json json = nlohmann::json::parse(payload);
    json[kStampKey][key] = value;
    payload = json.dump();
  }
  /// Makes a point one of an earlier version.
  void Unstamp(const ChunkPosition& chunk) {
    std::string& payload = sink().points.at(PointId(7, chunk)).second;
    nlohmann::json json = nlohmann::json::parse(payload);
    json.erase(kStampKey);
    payload = json.dump();
  }
};

}  // namespace dsw
