// SPDX-License-Identifier: Apache-2.0
#include "host/runner/http.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "host/runner/outcome.h"
#include "host/runner/slot.h"

namespace dsw::runner {
namespace {

/// A response as the plugin sees it, in front of where it comes from.
struct LentResponse {
  dsw_http_response table{};  // First, so that its address is the whole's.
  Slot* slot = nullptr;
  std::uint64_t call_number = 0;
  std::uint64_t number = 0;  ///< The worker's, among the responses of the call.
  std::string copy;          ///< What the views reach into; empty when that is the arena.
  std::vector<dsw_kv> headers;
  std::vector<dsw_kv> trailers;

  static const LentResponse& Of(const dsw_http_response* response) {
    return *reinterpret_cast<const LentResponse*>(response);
  }
  /// The call that it came in is still under way.
  bool live() const { return slot->call_number() == call_number; }
};

dsw_str StrOf(std::string_view text) {
  return {text.data(), text.size()};
}

dsw_status Report(const dsw_error& from, dsw_error* to) {
  constexpr std::size_t kHead = sizeof(dsw_error::struct_size);
  if (to != nullptr && to->struct_size > kHead) {
    const std::size_t size = std::min<std::size_t>(to->struct_size, sizeof from);
    std::memcpy(reinterpret_cast<char*>(to) + kHead, reinterpret_cast<const char*>(&from) + kHead,
                size - kHead);
  }
  return from.category;
}

dsw_status Report(dsw_status status, std::string_view message, dsw_error* error) {
  return Report(Failure(status, message).error, error);
}

/// What the worker wrote in front of an answer; DSW_OK and nothing in *error, or a failure.
dsw_status ReadStatus(wire::Reader& answer, dsw_error* error) {
  const dsw_status status = answer.I32();
  dsw_error full{};
  if (answer.Sized(full)) Report(full, error);
  return status;
}

void WriteFields(wire::Writer& writer, const dsw_kv* fields, std::size_t count) {
  writer.U64(count);
  for (std::size_t i = 0; i < count; ++i) {
    writer.Text(fields[i].key.ptr, fields[i].key.len);
    writer.Text(fields[i].value.ptr, fields[i].value.len);
  }
}

void WriteRequest(wire::Writer& writer, const dsw_call& call, const dsw_http_request& request) {
  writer.U64(call.deadline_mono_ns);
  writer.U32(request.flags);
  writer.Text(request.method.ptr, request.method.len);
  writer.Text(request.url.ptr, request.url.len);
  writer.U64(request.max_response_bytes);
  WriteFields(writer, request.headers, request.header_count);
  std::size_t size = 0;
  for (std::size_t i = 0; i < request.body_count; ++i) size += request.body[i].len;
  writer.U64(size);
  for (std::size_t i = 0; i < request.body_count; ++i) {
    writer.Bytes(request.body[i].ptr, request.body[i].len);
  }
}

std::vector<dsw_kv> ReadFields(wire::Reader& reader) {
  std::vector<dsw_kv> fields(reader.Count(2 * sizeof(std::uint64_t)));
  for (dsw_kv& field : fields) {
    field.key = StrOf(reader.Text());
    field.value = StrOf(reader.Text());
  }
  return fields;
}

std::unique_ptr<LentResponse> ReadResponse(wire::Reader& answer, bool in_arena) {
  auto response = std::make_unique<LentResponse>();
  response->number = answer.U64();
  if (!in_arena) response->copy = answer.rest();
  wire::Reader reader(in_arena ? answer.rest() : std::string_view(response->copy));
  const std::int32_t status = reader.I32();
  response->headers = ReadFields(reader);
  response->trailers = ReadFields(reader);
  response->table = {.struct_size = sizeof response->table,
                     .status = status,
                     .headers = response->headers.data(),
                     .header_count = response->headers.size(),
                     .trailers = response->trailers.data(),
                     .trailer_count = response->trailers.size(),
                     .body = StrOf(reader.Text())};
  return response;
}

dsw_status Perform(const dsw_host*, const dsw_call* call, const dsw_http_request* request,
                   const dsw_http_response** response, dsw_error* error) noexcept {
  if (call == nullptr || call->host_data == nullptr || request == nullptr || response == nullptr) {
    return Report(DSW_E_INVALID_REQUEST, "an HTTP request without a call", error);
  }
  Slot& slot = *static_cast<Slot*>(call->host_data);
  dsw_status status = DSW_E_INTERNAL;
  std::unique_ptr<LentResponse> lent;
  const bool asked = slot.Ask(
      wire::Kind::kHttp, [&](wire::Writer& writer) { WriteRequest(writer, *call, *request); },
      [&](wire::Reader& answer, bool in_arena) {
        status = ReadStatus(answer, error);
        if (status != DSW_OK) return;
        lent = ReadResponse(answer, in_arena);
        lent->slot = &slot;
        lent->call_number = slot.call_number();
      });
  if (!asked) {
    return Report(DSW_E_INVALID_REQUEST, "an HTTP request that is too large, or after its call",
                  error);
  }
  if (status == DSW_OK) *response = &lent.release()->table;
  return status;
}

void Release(const dsw_host*, const dsw_http_response* response) noexcept {
  if (response == nullptr) return;
  const LentResponse* const lent = &LentResponse::Of(response);
  if (lent->live()) {
    lent->slot->Post(wire::Kind::kHttpRelease,
                     [&](wire::Writer& writer) { writer.U64(lent->number); });
  }
  delete lent;
}

dsw_status Classify(const dsw_host*, const dsw_http_response* response, dsw_error* error) noexcept {
  const LentResponse& lent = LentResponse::Of(response);
  dsw_status status = DSW_E_INTERNAL;
  const bool asked =
      lent.live() &&
      lent.slot->Ask(
          wire::Kind::kHttpClassify, [&](wire::Writer& writer) { writer.U64(lent.number); },
          [&](wire::Reader& answer, bool) { status = ReadStatus(answer, error); });
  if (!asked) return Report(DSW_E_INTERNAL, "a response that outlived its call", error);
  return status;
}

constexpr dsw_host_http kTable{sizeof(dsw_host_http), 0, &Perform, &Release, &Classify};

}  // namespace

const dsw_host_http* HttpTable() {
  return &kTable;
}

}  // namespace dsw::runner
