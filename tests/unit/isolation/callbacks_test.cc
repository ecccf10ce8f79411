// SPDX-License-Identifier: Apache-2.0
//
// Messages of a process that says what it must not.
#include "host/isolation/callbacks.h"

#include <vector>

#include "host/isolation/wire_writer.h"
#include "tests/support/matchers.h"

namespace dsw {
namespace {

class CallbacksTest : public testing::Test {
 protected:
  CallbacksTest() : slot_(*Slot::Create()) {
    host_.struct_size = sizeof host_;
    host_.log = [](const dsw_host*, const dsw_call*, std::int32_t, const dsw_str*, const dsw_kv*,
                   std::size_t) {};
    host_.get_extension = [](const dsw_host*, const char*, std::size_t) -> const void* {
      return nullptr;
    };
    out_.struct_size = sizeof out_;
    out_.ctx = this;
    out_.alloc = [](const dsw_embed_out* out, std::uint32_t rows, std::uint32_t dimensions) {
      auto& test = *static_cast<CallbacksTest*>(out->ctx);
      test.matrix_.assign(std::size_t{rows} * dimensions, -1);
      return test.matrix_.data();
    };
    out_.item_error = [](const dsw_embed_out* out, std::uint32_t, const dsw_error* error) {
      static_cast<CallbacksTest*>(out->ctx)->message_ = error == nullptr ? "" : error->message;
    };
  }

  template <typename Fill>
  bool Serve(wire::Kind kind, const Fill& fill) {
    std::vector<char> memory(8192);
    wire::Writer writer(memory.data(), memory.size());
    fill(writer);
    wire::Reader reader(writer.view());
    return callbacks().Serve(*slot_, kind, reader) && !reader.bad();
  }
  Callbacks& callbacks() {
    if (!callbacks_) callbacks_.emplace(host_, nullptr, Receivers{.embed = &out_});
    return *callbacks_;
  }

  std::unique_ptr<Slot> slot_;
  dsw_host host_{};
  dsw_embed_out out_{};
  std::vector<float> matrix_;
  std::string message_;
  std::optional<Callbacks> callbacks_;
};

TEST_F(CallbacksTest, TheMatrixComesFromTheArena) {
  ASSERT_TRUE(Serve(wire::Kind::kAlloc, [](wire::Writer& writer) {
    writer.U32(2);
    writer.U32(2);
  }));
  auto* const shared = reinterpret_cast<float*>(slot_->arena().At(wire::kWorkerHalf));
  for (int i = 0; i < 4; ++i) shared[i] = static_cast<float>(i);
  callbacks().TakeMatrix(*slot_);
  EXPECT_THAT(matrix_, testing::ElementsAre(0, 1, 2, 3));
}

TEST_F(CallbacksTest, AnErrorWithoutAnEndIsGivenOne) {
  dsw_error error{};
  error.struct_size = sizeof error;
  std::fill(std::begin(error.message), std::end(error.message), 'x');
  ASSERT_TRUE(Serve(wire::Kind::kItemError, [&](wire::Writer& writer) {
    writer.U32(0);
    writer.Sized(&error);
  }));
  EXPECT_EQ(message_.size(), sizeof error.message - 1);
}

TEST_F(CallbacksTest, WhatThisCallDoesNotHaveIsRefused) {
  const auto nothing = [](wire::Writer& writer) { writer.U32(0); };
  for (const wire::Kind kind :
       {wire::Kind::kState, wire::Kind::kPoint, wire::Kind::kHit, wire::Kind::kHttp,
        wire::Kind::kHttpRelease, wire::Kind::kHttpClassify, wire::Kind::kCall, wire::Kind::kOpen,
        static_cast<wire::Kind>(77)}) {
    EXPECT_FALSE(Serve(kind, nothing)) << static_cast<int>(kind);
  }
}

TEST_F(CallbacksTest, HalfAMessageIsRefused) {
  const auto half = [](wire::Writer& writer) { writer.Zeros(2); };
  for (const wire::Kind kind : {wire::Kind::kAlloc, wire::Kind::kItemError, wire::Kind::kTruncated,
                                wire::Kind::kUsage, wire::Kind::kLog}) {
    EXPECT_FALSE(Serve(kind, half)) << static_cast<int>(kind);
  }
  EXPECT_FALSE(Serve(wire::Kind::kLog, [](wire::Writer& writer) {
    writer.I32(DSW_LOG_INFO);
    writer.Text("text");
    writer.U64(UINT64_MAX / 16);
  }));
}

}  // namespace
}  // namespace dsw
