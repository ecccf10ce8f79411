// SPDX-License-Identifier: Apache-2.0
#include "tests/support/fake_plugin_host.h"

#include <cstddef>
#include <utility>

#include <dsw/plugin.hpp>

namespace dsw {
namespace {

/// An answer and all that it points to.
struct Owned {
  dsw_http_response response{};
  std::string body;  ///< With the zero bytes behind it.
  FakePluginHost::Fields headers;
  std::vector<dsw_kv> fields;
};

dsw_status CategoryOf(int status) {
  if (status == 401 || status == 403) return DSW_E_AUTH;
  if (status == 402) return DSW_E_QUOTA;
  if (status == 404) return DSW_E_NOT_FOUND;
  if (status == 409) return DSW_E_CONFLICT;
  if (status == 413) return DSW_E_TOO_LARGE;
  if (status == 429) return DSW_E_RATE_LIMITED;
  if (status == 503) return DSW_E_OVERLOADED;
  if (status == 408 || status == 504) return DSW_E_TIMEOUT;
  return status >= 500 ? DSW_E_UNAVAILABLE : DSW_E_INVALID_REQUEST;
}

}  // namespace

std::string FakePluginHost::Request::Header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

FakePluginHost::FakePluginHost() {
  http_.struct_size = sizeof http_;
  http_.perform = &Perform;
  http_.release = &Release;
  http_.classify = &Classify;
  host_.struct_size = sizeof host_;
  host_.abi_minor = DSW_ABI_MINOR;
  host_.host_data = this;
  host_.name = DSW_STR("worker-datasets");
  host_.version = DSW_STR("0.0.0");
  host_.log_enabled = [](const dsw_host*, std::int32_t) -> std::uint32_t { return 1; };
  host_.log = [](const dsw_host* host, const dsw_call*, std::int32_t, dsw_str const* message,
                 const dsw_kv*, std::size_t) { Of(host).log_.emplace_back(View(*message)); };
  host_.now_mono_ns = [](const dsw_host* host) -> std::uint64_t { return Of(host).now_ns_; };
  host_.get_extension = [](const dsw_host* host, const char* id, std::size_t size) -> const void* {
    return std::string_view(id, size) == DSW_EXT_HTTP ? &Of(host).http_ : nullptr;
  };
}

void FakePluginHost::Answer(int status, std::string body, Fields headers) {
  script_.push_back({status, std::move(body), std::move(headers), DSW_OK});
}

void FakePluginHost::Fail(dsw_status category, std::string_view message) {
  script_.push_back({0, std::string(message), {}, category});
}

FakePluginHost& FakePluginHost::Of(const dsw_host* host) {
  return *static_cast<FakePluginHost*>(host->host_data);
}

dsw_status FakePluginHost::Perform(const dsw_host* host, const dsw_call*,
                                   const dsw_http_request* request,
                                   const dsw_http_response** response, dsw_error* error) {
  FakePluginHost& self = Of(host);
  Request& seen = self.requests_.emplace_back();
  seen.method = View(request->method);
  seen.url = View(request->url);
  seen.flags = request->flags;
  seen.max_response_bytes = request->max_response_bytes;
  for (std::size_t i = 0; i < request->header_count; ++i) {
    seen.headers.emplace_back(View(request->headers[i].key), View(request->headers[i].value));
  }
  for (std::size_t i = 0; i < request->body_count; ++i) seen.body += View(request->body[i]);
  if (self.script_.empty()) {
    return Put(error, Failure(DSW_E_INTERNAL, "the test expected no such request").error());
  }
  Script script = std::move(self.script_.front());
  self.script_.pop_front();
  if (script.failure != DSW_OK) return Put(error, Failure(script.failure, script.body).error());

  auto* owned = new Owned;
  owned->body = std::move(script.body);
  const std::size_t size = owned->body.size();
  owned->body.append(DSW_HTTP_BODY_PADDING, '\0');
  owned->headers = std::move(script.headers);
  for (const auto& [name, value] : owned->headers) owned->fields.push_back({Str(name), Str(value)});
  owned->response.struct_size = sizeof owned->response;
  owned->response.status = script.status;
  owned->response.headers = owned->fields.data();
  owned->response.header_count = owned->fields.size();
  owned->response.body = {owned->body.data(), size};
  *response = &owned->response;
  ++self.unreleased_;
  return DSW_OK;
}

void FakePluginHost::Release(const dsw_host* host, const dsw_http_response* response) {
  if (response == nullptr) return;
  static_assert(offsetof(Owned, response) == 0);
  delete reinterpret_cast<const Owned*>(response);
  --Of(host).unreleased_;
}

dsw_status FakePluginHost::Classify(const dsw_host*, const dsw_http_response* response,
                                    dsw_error* error) {
  Failure failure(CategoryOf(response->status), View(response->body).substr(0, 500));
  failure.HttpStatus(response->status);
  for (std::size_t i = 0; i < response->header_count; ++i) {
    if (View(response->headers[i].key) == "retry-after") {
      failure.RetryAfterMs(1000 * std::stol(std::string(View(response->headers[i].value))));
    }
  }
  return Put(error, failure.error());
}

EmbedRequest::EmbedRequest(const std::vector<std::string>& texts, std::uint32_t input_type,
                           std::uint32_t dimensions) {
  for (const std::string& text : texts) texts_.push_back(Str(text));
  request_.struct_size = sizeof request_;
  request_.texts = texts_.data();
  request_.text_count = texts_.size();
  request_.input_type = input_type;
  request_.dimensions = dimensions;
}

EmbedOutcome CallEmbed(const dsw_embedder_ops& ops, void* instance,
                       const std::vector<std::string>& texts, std::uint32_t input_type,
                       std::uint32_t dimensions) {
  EmbedOutcome outcome;
  outcome.error.struct_size = sizeof outcome.error;
  outcome.error.retry_after_ms = -1;
  const EmbedRequest request(texts, input_type, dimensions);
  dsw_call call{};
  call.struct_size = sizeof call;
  call.attempt = 1;
  call.cancel_fd = -1;
  call.cancelled = [](const dsw_call*) -> std::uint32_t { return 0; };
  dsw_embed_out out{};
  out.struct_size = sizeof out;
  out.ctx = &outcome;
  out.alloc = [](const dsw_embed_out* self, std::uint32_t rows, std::uint32_t size) -> float* {
    auto& result = *static_cast<EmbedOutcome*>(self->ctx);
    if (result.rows != 0) return nullptr;
    result.rows = rows;
    result.dimensions = size;
    result.vectors.assign(std::size_t{rows} * size, 0);
    return result.vectors.data();
  };
  out.item_error = [](const dsw_embed_out*, std::uint32_t, const dsw_error*) {};
  out.item_truncated = [](const dsw_embed_out*, std::uint32_t) {};
  out.usage = [](const dsw_embed_out* self, const dsw_usage* usage) {
    static_cast<EmbedOutcome*>(self->ctx)->usage = *usage;
  };
  outcome.status = ops.embed(instance, &call, &request.get(), &out, &outcome.error);
  return outcome;
}

}  // namespace dsw
