// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/sink_plugin.h"

#include <limits>

#include "tests/support/matchers.h"
#include "tests/unit/plugin/fake_tables.h"

namespace dsw {
namespace {

/// A sink that remembers what it was last asked.
class SinkPluginTest : public testing::Test {
 protected:
  SinkPluginTest() {
    ops_.struct_size = sizeof ops_;
    ops_.ensure_collection = [](void* self, const dsw_call*, const dsw_collection_spec* spec,
                                dsw_error*) {
      auto& test = *static_cast<SinkPluginTest*>(self);
      test.collection_ = ViewOf(spec->name);
      test.spec_ = *spec;
      return dsw_status{DSW_OK};
    };
    ops_.upsert = [](void* self, const dsw_call*, const dsw_str* collection,
                     const dsw_points* points, dsw_error*) {
      auto& test = *static_cast<SinkPluginTest*>(self);
      test.collection_ = ViewOf(*collection);
      test.vectors_ = points->vectors;
      test.stride_ = points->row_stride_bytes;
      test.fence_ = points->fence;
      for (std::size_t i = 0; i < points->count; ++i) {
        test.texts_.emplace_back(ViewOf(points->ids[i]));
        test.texts_.emplace_back(ViewOf(points->payloads[i]));
      }
      return dsw_status{DSW_OK};
    };
    ops_.remove = [](void* self, const dsw_call*, const dsw_str*, const dsw_str* ids,
                     std::size_t count, dsw_error*) {
      auto& test = *static_cast<SinkPluginTest*>(self);
      for (std::size_t i = 0; i < count; ++i) test.texts_.emplace_back(ViewOf(ids[i]));
      return dsw_status{DSW_OK};
    };
    ops_.count = [](void* self, const dsw_call*, const dsw_str*, std::uint64_t* count, dsw_error*) {
      *count = static_cast<SinkPluginTest*>(self)->count_;
      return dsw_status{DSW_OK};
    };
    provider_.sink = &ops_;
    provider_.max_batch = 2;
  }

  std::unique_ptr<SinkPlugin> Open() {
    auto instance = PluginInstance::Create(Loaded(provider_, this), "{}");
    return std::make_unique<SinkPlugin>(*std::move(instance));
  }

  void EnableSearch() {
    static const dsw_sink_search kSearch{
        sizeof(dsw_sink_search), 0,
        [](void* self, const dsw_call*, const dsw_str*, const float*, std::uint32_t, std::uint32_t,
           const dsw_search_out* out, dsw_error*) {
          for (const dsw_hit& hit : static_cast<SinkPluginTest*>(self)->hits_) out->hit(out, &hit);
          return dsw_status{DSW_OK};
        }};
    provider_.get_extension = [](void*, const char* id, std::size_t size) -> const void* {
      return std::string_view(id, size) == DSW_EXT_SEARCH ? &kSearch : nullptr;
    };
  }

  void EnableCollection() {
    static const dsw_sink_collection kCollection{
        sizeof(dsw_sink_collection), 0,
        [](void* self, const dsw_call*, const dsw_collection_spec* spec,
           const dsw_collection_out* out, dsw_error*) {
          auto& test = *static_cast<SinkPluginTest*>(self);
          test.collection_ = ViewOf(spec->name);
          if (test.state_ != nullptr) out->state(out, test.state_);
          return dsw_status{DSW_OK};
        },
        [](void* self, const dsw_call*, const dsw_str* collection, const dsw_str* maker,
           dsw_error*) {
          auto& test = *static_cast<SinkPluginTest*>(self);
          test.collection_ = ViewOf(*collection);
          test.texts_.emplace_back(ViewOf(*maker));
          return dsw_status{DSW_OK};
        },
        [](void* self, const dsw_call*, const dsw_str*, const dsw_str* ids, std::size_t,
           std::int64_t fence, dsw_error*) {
          auto& test = *static_cast<SinkPluginTest*>(self);
          test.texts_.emplace_back(ViewOf(ids[0]));
          test.fence_ = fence;
          return dsw_status{DSW_OK};
        }};
    provider_.get_extension = [](void*, const char* id, std::size_t size) -> const void* {
      return std::string_view(id, size) == DSW_EXT_COLLECTION ? &kCollection : nullptr;
    };
  }

  void EnableScan() {
    static const dsw_sink_scan kScan{
        sizeof(dsw_sink_scan), 0,
        [](void* self, const dsw_call*, const dsw_str*, const dsw_str* after, std::uint32_t,
           const dsw_scan_out* out, dsw_error*) {
          auto& test = *static_cast<SinkPluginTest*>(self);
          test.texts_.emplace_back(ViewOf(*after));
          for (const dsw_point_stamp& stamp : test.stamps_) out->point(out, &stamp);
          return dsw_status{DSW_OK};
        }};
    provider_.get_extension = [](void*, const char* id, std::size_t size) -> const void* {
      return std::string_view(id, size) == DSW_EXT_SCAN ? &kScan : nullptr;
    };
  }

  dsw_sink_ops ops_{};
  dsw_provider provider_ = FakeProvider(DSW_KIND_SINK);
  dsw_collection_spec spec_{};
  std::string collection_;
  const float* vectors_ = nullptr;
  std::size_t stride_ = 0;
  std::int64_t fence_ = 0;
  std::vector<std::string> texts_;
  std::vector<dsw_hit> hits_;
  std::uint64_t count_ = 42;
  const dsw_collection_state* state_ = nullptr;
  std::vector<dsw_point_stamp> stamps_;
};

TEST_F(SinkPluginTest, PassesTheCollection) {
  const auto sink = Open();
  ASSERT_OK(sink->EnsureCollection({}, {"docs", 384, Distance::kDot, false}));
  EXPECT_EQ(collection_, "docs");
  EXPECT_EQ(spec_.dimensions, 384u);
  EXPECT_EQ(spec_.distance, std::uint32_t{DSW_DISTANCE_DOT});
  EXPECT_EQ(spec_.flags, DSW_COLLECTION_MUST_EXIST);
  ASSERT_OK(sink->EnsureCollection({}, {"docs", 384, Distance::kCosine, true}));
  EXPECT_EQ(spec_.distance, std::uint32_t{DSW_DISTANCE_COSINE});
  EXPECT_EQ(spec_.flags, 0u);
}

TEST_F(SinkPluginTest, KnowsOfASinkWithoutStatesOnlyWhetherItIsEmpty) {
  const auto sink = Open();
  ASSERT_OK_AND_ASSIGN(const CollectionState full, sink->EnsureCollection({}, {"docs", 384}));
  EXPECT_FALSE(full.created);
  EXPECT_FALSE(full.empty);
  count_ = 0;
  ASSERT_OK_AND_ASSIGN(const CollectionState empty, sink->EnsureCollection({}, {"docs", 384}));
  EXPECT_TRUE(empty.empty);
  EXPECT_OK(sink->SetMaker({}, "docs", "{}")) << "without effect";
}

TEST_F(SinkPluginTest, PassesTheStateAndTheMakerOfACollection) {
  EnableCollection();
  const auto sink = Open();
  EXPECT_FAIL(sink->EnsureCollection({}, {"docs", 384}), Code::kInternal, "did not tell");
  const dsw_collection_state state{sizeof state, DSW_COLLECTION_CREATED | DSW_COLLECTION_EMPTY,
                                   StrOf("{\"m\":1}")};
  state_ = &state;
  ASSERT_OK_AND_ASSIGN(const CollectionState made, sink->EnsureCollection({}, {"docs", 384}));
  EXPECT_TRUE(made.created);
  EXPECT_TRUE(made.empty);
  EXPECT_EQ(made.maker, "{\"m\":1}");
  ASSERT_OK(sink->SetMaker({}, "docs", "{\"m\":2}"));
  EXPECT_THAT(texts_, testing::ElementsAre("{\"m\":2}"));
  ASSERT_OK(sink->Remove({}, "docs", std::vector<std::string>{"a"}, 7));
  EXPECT_EQ(fence_, 7);
  EXPECT_EQ(texts_.back(), "a");
  EXPECT_FAIL(sink->SetMaker({}, "docs", std::string(1025, 'x')), Code::kInvalid, "1024");
}

TEST_F(SinkPluginTest, ScansPageByPage) {
  std::vector<PointStamp> page;
  EXPECT_FAIL(Open()->Scan({}, "docs", "", 2, page), Code::kInvalid, "cannot list");
  EnableScan();
  const auto sink = Open();
  stamps_ = {{sizeof(dsw_point_stamp), 0, StrOf("a"), StrOf("{}")},
             {sizeof(dsw_point_stamp), 0, StrOf("b"), {}}};
  page = {{"old", ""}};
  ASSERT_OK(sink->Scan({}, "docs", "0", 2, page));
  ASSERT_EQ(page.size(), 2u);
  EXPECT_EQ(page[0].id, "a");
  EXPECT_EQ(page[0].stamp, "{}");
  EXPECT_EQ(page[1].stamp, "");
  EXPECT_THAT(texts_, testing::ElementsAre("0"));
  EXPECT_FAIL(sink->Scan({}, "docs", "", 1, page), Code::kInternal, "2 points, asked for 1");
  EXPECT_FAIL(sink->Scan({}, "docs", "a", 2, page), Code::kInternal, "begin behind");
  stamps_ = {{8, 0, {}, {}}};
  EXPECT_FAIL(sink->Scan({}, "docs", "", 2, page), Code::kInternal, "misbehaved");
}

TEST_F(SinkPluginTest, LendsTheRowsOfTheMatrixItself) {
  Points points{Matrix(4, 8), {"a", "b", "c", "d"}, {"{1}", "{2}", "{3}", "{4}"}, 17};
  ASSERT_OK(Open()->Upsert({}, "docs", points, 1, 2));
  EXPECT_EQ(collection_, "docs");
  EXPECT_EQ(vectors_, points.vectors.data() + 8);
  EXPECT_EQ(stride_, 8 * sizeof(float));
  EXPECT_EQ(fence_, 17);
  EXPECT_THAT(texts_, testing::ElementsAre("b", "{2}", "c", "{3}"));
}

TEST_F(SinkPluginTest, RefusesMorePointsThanThePluginTakes) {
  const Points points{Matrix(3, 8), {"a", "b", "c"}, {"{}", "{}", "{}"}};
  EXPECT_FAIL(Open()->Upsert({}, "docs", points, 0, 3), Code::kTooLarge, "at most 2");
  EXPECT_EQ(vectors_, nullptr);
}

TEST_F(SinkPluginTest, RemovesAndCounts) {
  const auto sink = Open();
  ASSERT_OK(sink->Remove({}, "docs", std::vector<std::string>{"a", "b"}, 7));
  EXPECT_THAT(texts_, testing::ElementsAre("a", "b")) << "by a sink that cannot compare";
  ASSERT_OK_AND_ASSIGN(const std::uint64_t count, sink->Count({}, "docs"));
  EXPECT_EQ(count, 42u);
  EXPECT_OK(sink->Health({})) << "without a health operation a sink counts as healthy";
}

TEST_F(SinkPluginTest, SaysWhenItCannotSearch) {
  EXPECT_FAIL(Open()->Search({}, "docs", {}, 5), Code::kInvalid, "cannot search");
}

TEST_F(SinkPluginTest, CopiesTheAnswersOfASearch) {
  EnableSearch();
  hits_ = {{sizeof(dsw_hit), 0, StrOf("a"), StrOf("{}"), 0.75}};
  ASSERT_OK_AND_ASSIGN(const std::vector<Hit> hits, Open()->Search({}, "docs", {}, 5));
  ASSERT_EQ(hits.size(), 1u);
  EXPECT_EQ(hits[0].id, "a");
  EXPECT_EQ(hits[0].payload_json, "{}");
  EXPECT_EQ(hits[0].score, 0.75);
}

TEST_F(SinkPluginTest, RefusesAnswersThatBreakTheContract) {
  EnableSearch();
  const auto sink = Open();
  hits_ = {{sizeof(dsw_hit), 0, StrOf("a"), StrOf("{}"), 1}, {sizeof(dsw_hit), 0, {}, {}, 1}};
  EXPECT_FAIL(sink->Search({}, "docs", {}, 1), Code::kInternal, "2 hits, asked for 1");
  hits_ = {{sizeof(dsw_hit), 0, {}, {}, std::numeric_limits<double>::quiet_NaN()}};
  EXPECT_FAIL(sink->Search({}, "docs", {}, 5), Code::kInternal, "misbehaved");
  hits_ = {{8, 0, {}, {}, 1}};
  EXPECT_FAIL(sink->Search({}, "docs", {}, 5), Code::kInternal, "misbehaved");
}

}  // namespace
}  // namespace dsw
