// SPDX-License-Identifier: Apache-2.0
#include "plugins/sink_qdrant/upsert_message.h"

#include <dsw/plugin.hpp>

#include "plugins/sink_qdrant/protobuf.h"

namespace dsw::qdrant {
namespace {

/// In front of a message: one byte for compression, four for the length, big-endian.
constexpr std::size_t kFrame = 5;

/// What stands between a PointStruct's payload and its floats: the heads of Vectors, of its Vector,
/// of its DenseVector and of the packed floats.
std::string VectorHead(std::size_t float_bytes) {
  std::string head;
  const auto wrap = [&](std::uint32_t field) {
    std::string outer;
    AppendTag(outer, field, Wire::kDelimited);
    AppendVarint(outer, head.size() + float_bytes);
    head.insert(0, outer);
  };
  wrap(1);
  wrap(101);
  wrap(1);
  wrap(4);
  return head;
}

void AppendId(std::string& out, const PointId& id) {
  AppendMessage(out, 1, [&] {
    if (id.number) {
      AppendNumber(out, 1, *id.number);
    } else {
      AppendBytes(out, 2, id.uuid);
    }
  });
}

/// A Filter that leaves out points of a larger fence: must_not of a FieldCondition with a Range.
void AppendFence(std::string& out, std::uint32_t field, std::int64_t fence) {
  AppendMessage(out, field, [&] {
    AppendMessage(out, 3, [&] {
      AppendMessage(out, 1, [&] {
        AppendBytes(out, 1, kFencePath);
        AppendMessage(out, 3, [&] { AppendDouble(out, 2, static_cast<double>(fence)); });
      });
    });
  });
}

}  // namespace

bool UpsertMessage::Encode(std::string_view collection, const PointRange& range, bool wait,
                           std::uint64_t timeout_s) {
  const std::size_t float_bytes = range.points->dimensions * sizeof(float);
  const std::string vector_head = VectorHead(float_bytes);
  std::size_t estimate = kFrame + collection.size() + 32;
  for (std::size_t i = 0; i < range.count; ++i) estimate += range.Payload(i).size() * 5 / 4 + 128;
  text_.clear();
  text_.reserve(estimate);
  ends_.clear();
  text_.append(kFrame, '\0');
  AppendBytes(text_, 1, collection);
  AppendNumber(text_, 2, wait ? 1 : 0);
  if (range.fence != 0) AppendFence(text_, 6, range.fence);
  AppendNumber(text_, 7, timeout_s);

  for (std::size_t i = 0; i < range.count; ++i) {
    const PointId& id = range.Id(i);
    bool possible = true;
    AppendMessage(text_, 3, float_bytes, [&] {
      AppendId(text_, id);
      std::string changed;
      if (id.derived) changed = WithOriginalId(range.Payload(i), range.GivenId(i));
      possible = payloads_.Append(text_, 3, id.derived ? changed : range.Payload(i));
      text_ += vector_head;
    });
    if (!possible) return false;
    ends_.push_back(text_.size());
  }

  const std::size_t size = text_.size() - kFrame + range.count * float_bytes;
  for (std::size_t i = 0; i < 4; ++i) text_[1 + i] = static_cast<char>(size >> (24 - 8 * i));

  pieces_.clear();
  pieces_.reserve(2 * range.count);
  std::size_t begin = 0;
  for (std::size_t i = 0; i < range.count; ++i) {
    pieces_.push_back({text_.data() + begin, ends_[i] - begin});
    pieces_.push_back({reinterpret_cast<const char*>(range.Row(i)), float_bytes});
    begin = ends_[i];
  }
  return true;
}

std::string_view Unframe(std::string_view body) {
  const auto byte = [&](std::size_t i) {
    return static_cast<std::size_t>(static_cast<unsigned char>(body[i]));
  };
  if (body.size() >= kFrame && byte(0) == 0) {
    const std::size_t size = byte(1) << 24 | byte(2) << 16 | byte(3) << 8 | byte(4);
    if (body.size() == kFrame + size) return body.substr(kFrame);
  }
  throw Failure(DSW_E_BAD_RESPONSE, "Qdrant's gRPC answer is not one whole message");
}

UpdateStatus ReadUpsertReply(std::string_view body) {
  std::uint64_t status = 0;
  FieldReader response(Unframe(body));
  bool ok = true;
  while (response.Next()) {
    if (response.field() != 1) continue;
    FieldReader result(response.bytes());
    while (result.Next()) {
      if (result.field() == 2) status = result.number();
    }
    ok = result.ok();
  }
  if (ok && response.ok()) {
    if (status == 1) return UpdateStatus::kAcknowledged;
    if (status == 2) return UpdateStatus::kCompleted;
    if (status == 4) return UpdateStatus::kWaitTimeout;
  }
  throw Failure(DSW_E_BAD_RESPONSE,
                "Qdrant's gRPC answer does not say that the points are stored (status " +
                    std::to_string(status) + ")");
}

}  // namespace dsw::qdrant
