// SPDX-License-Identifier: Apache-2.0
#include "host/isolation/callbacks.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

#include "host/isolation/runner_output.h"

namespace dsw {
namespace {

/// Responses that a plugin may hold at a time.
constexpr std::size_t kMostResponses = 256;

dsw_str ReadStr(wire::Reader& message) {
  const std::string_view text = message.Text();
  return {text.data(), text.size()};
}

dsw_error EmptyError() {
  dsw_error error{};
  error.struct_size = sizeof error;
  error.retry_after_ms = -1;
  return error;
}

template <std::size_t N>
void Terminate(char (&text)[N]) {
  text[N - 1] = '\0';
}

/// Presence and size, in front of members that are there if the size covers them all.
template <typename Struct>
bool ReadHead(wire::Reader& message, Struct& value, bool& present) {
  value = Struct{};
  present = message.U32() != 0;
  if (!present) return false;
  const std::uint32_t size = message.U32();
  value.struct_size = std::min<std::uint32_t>(size, sizeof value);
  return size >= sizeof value;
}

const dsw_host_http* FindHttp(const dsw_host& host) {
  return static_cast<const dsw_host_http*>(
      host.get_extension(&host, DSW_EXT_HTTP, sizeof DSW_EXT_HTTP - 1));
}

std::vector<dsw_kv> ReadFields(wire::Reader& message) {
  std::vector<dsw_kv> fields(message.Count(2 * sizeof(std::uint64_t)));
  for (dsw_kv& field : fields) {
    field.key = ReadStr(message);
    field.value = ReadStr(message);
  }
  return fields;
}

void WriteFields(wire::Writer& writer, const dsw_kv* fields, std::size_t count) {
  writer.U64(count);
  for (std::size_t i = 0; i < count; ++i) {
    writer.Text(fields[i].key.ptr, fields[i].key.len);
    writer.Text(fields[i].value.ptr, fields[i].value.len);
  }
}

void WriteFailure(wire::Writer& writer, dsw_status status, const dsw_error& error) {
  writer.I32(status);
  writer.Sized(&error);
}

}  // namespace

Callbacks::Callbacks(const dsw_host& host, const dsw_call* call, const Receivers& receivers)
    : host_(host), call_(call), receivers_(receivers), http_(FindHttp(host)) {}

Callbacks::~Callbacks() {
  for (const auto& [number, response] : responses_) http_->release(&host_, response.table);
}

bool Callbacks::Serve(Slot& slot, wire::Kind kind, wire::Reader& message) {
  switch (kind) {
    case wire::Kind::kLog:
      return ForwardLogLine(host_, call_, message);
    case wire::Kind::kAlloc:
      return Alloc(slot, message);
    case wire::Kind::kItemError:
      return ItemError(message);
    case wire::Kind::kTruncated:
      return Truncated(message);
    case wire::Kind::kUsage:
      return Usage(message);
    case wire::Kind::kState:
      return State(message);
    case wire::Kind::kPoint:
      return Point(message);
    case wire::Kind::kHit:
      return Hit(message);
    case wire::Kind::kHttp:
      return Http(slot, message);
    case wire::Kind::kHttpRelease:
      return HttpRelease(slot, message);
    case wire::Kind::kHttpClassify:
      return HttpClassify(slot, message);
    default:
      return false;
  }
}

bool Callbacks::Alloc(Slot& slot, wire::Reader& message) {
  const std::uint32_t rows = message.U32();
  const std::uint32_t dimensions = message.U32();
  if (message.bad() || receivers_.embed == nullptr) return false;
  // The host's memory comes first, since it is the host that judges the shape.
  float* const matrix = receivers_.embed->alloc(receivers_.embed, rows, dimensions);
  std::uint64_t offset = 0;
  if (matrix != nullptr) {
    const std::size_t bytes = std::size_t{rows} * dimensions * sizeof(float);
    const std::optional<std::uint64_t> block = slot.arena().Allocate(bytes);
    too_large_ = too_large_ || !block;
    if (block) {
      offset = *block;
      matrix_ = matrix;
      matrix_offset_ = offset;
      matrix_bytes_ = bytes;
    }
  }
  return slot.Reply([&](wire::Writer& writer) { writer.U64(offset); });
}

void Callbacks::TakeMatrix(const Slot& slot) const {
  if (matrix_ != nullptr) std::memcpy(matrix_, slot.arena().At(matrix_offset_), matrix_bytes_);
}

bool Callbacks::ItemError(wire::Reader& message) const {
  const std::uint32_t index = message.U32();
  dsw_error error{};
  const bool present = message.Sized(error);
  if (message.bad() || receivers_.embed == nullptr) return false;
  Terminate(error.code);
  Terminate(error.request_id);
  Terminate(error.message);
  receivers_.embed->item_error(receivers_.embed, index, present ? &error : nullptr);
  return true;
}

bool Callbacks::Truncated(wire::Reader& message) const {
  const std::uint32_t index = message.U32();
  if (message.bad() || receivers_.embed == nullptr) return false;
  receivers_.embed->item_truncated(receivers_.embed, index);
  return true;
}

bool Callbacks::Usage(wire::Reader& message) const {
  dsw_usage usage{};
  const bool present = message.Sized(usage);
  if (message.bad() || receivers_.embed == nullptr) return false;
  receivers_.embed->usage(receivers_.embed, present ? &usage : nullptr);
  return true;
}

bool Callbacks::State(wire::Reader& message) const {
  dsw_collection_state state{};
  bool present = false;
  if (ReadHead(message, state, present)) {
    state.flags = message.U32();
    state.maker = ReadStr(message);
  }
  if (message.bad() || receivers_.collection == nullptr) return false;
  receivers_.collection->state(receivers_.collection, present ? &state : nullptr);
  return true;
}

bool Callbacks::Point(wire::Reader& message) const {
  dsw_point_stamp point{};
  bool present = false;
  if (ReadHead(message, point, present)) {
    point.id = ReadStr(message);
    point.stamp = ReadStr(message);
  }
  if (message.bad() || receivers_.scan == nullptr) return false;
  receivers_.scan->point(receivers_.scan, present ? &point : nullptr);
  return true;
}

bool Callbacks::Hit(wire::Reader& message) const {
  dsw_hit hit{};
  bool present = false;
  if (ReadHead(message, hit, present)) {
    hit.id = ReadStr(message);
    hit.payload = ReadStr(message);
    hit.score = message.F64();
  }
  if (message.bad() || receivers_.search == nullptr) return false;
  receivers_.search->hit(receivers_.search, present ? &hit : nullptr);
  return true;
}

bool Callbacks::Http(Slot& slot, wire::Reader& message) {
  const std::uint64_t deadline = message.U64();
  dsw_http_request request{};
  request.struct_size = sizeof request;
  request.flags = message.U32();
  request.method = ReadStr(message);
  request.url = ReadStr(message);
  request.max_response_bytes = message.U64();
  const std::vector<dsw_kv> headers = ReadFields(message);
  request.headers = headers.data();
  request.header_count = headers.size();
  const dsw_str body = ReadStr(message);
  request.body = &body;
  request.body_count = body.len == 0 ? 0 : 1;
  if (message.bad() || call_ == nullptr || http_ == nullptr) return false;
  if (responses_.size() >= kMostResponses) return false;
  dsw_call call = *call_;
  const bool earlier = call.deadline_mono_ns == 0 || deadline < call.deadline_mono_ns;
  if (deadline != 0 && earlier) call.deadline_mono_ns = deadline;
  const dsw_http_response* response = nullptr;
  dsw_error error = EmptyError();
  const dsw_status status = http_->perform(&host_, &call, &request, &response, &error);
  if (status == DSW_OK) {
    ReplyWithResponse(slot, *response);
    return true;
  }
  return slot.Reply([&](wire::Writer& writer) { WriteFailure(writer, status, error); });
}

void Callbacks::ReplyWithResponse(Slot& slot, const dsw_http_response& response) {
  const std::uint64_t number = ++last_response_;
  std::optional<std::uint64_t> block;
  const auto fill = [&](wire::Writer& writer) {
    writer.I32(DSW_OK);
    writer.Sized(static_cast<const dsw_error*>(nullptr));
    writer.U64(number);
    writer.I32(response.status);
    WriteFields(writer, response.headers, response.header_count);
    WriteFields(writer, response.trailers, response.trailer_count);
    writer.Text(response.body.ptr, response.body.len);
    writer.Zeros(DSW_HTTP_BODY_PADDING);
  };
  if (slot.Reply(fill, &block)) {
    responses_.emplace(number, Response{&response, block.value_or(0)});
    return;
  }
  http_->release(&host_, &response);
  dsw_error error = EmptyError();
  error.category = DSW_E_BAD_RESPONSE;
  constexpr std::string_view kMessage = "the response is too large for a plugin's process";
  kMessage.copy(error.message, sizeof error.message - 1);
  slot.Reply([&](wire::Writer& writer) { WriteFailure(writer, DSW_E_BAD_RESPONSE, error); });
}

bool Callbacks::HttpRelease(Slot& slot, wire::Reader& message) {
  const auto found = responses_.find(message.U64());
  if (message.bad() || found == responses_.end()) return false;
  http_->release(&host_, found->second.table);
  if (found->second.block != 0) slot.arena().Free(found->second.block);
  responses_.erase(found);
  return true;
}

bool Callbacks::HttpClassify(Slot& slot, wire::Reader& message) const {
  const auto found = responses_.find(message.U64());
  if (message.bad() || found == responses_.end()) return false;
  dsw_error error = EmptyError();
  const dsw_status status = http_->classify(&host_, found->second.table, &error);
  return slot.Reply([&](wire::Writer& writer) { WriteFailure(writer, status, error); });
}

}  // namespace dsw
