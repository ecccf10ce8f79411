// SPDX-License-Identifier: Apache-2.0
#include "plugins/sink_qdrant/grpc_link.h"

#include <algorithm>
#include <charconv>

#include "plugins/sink_qdrant/call_time.h"
#include "plugins/sink_qdrant/errors.h"
#include "plugins/sink_qdrant/protobuf.h"
#include "plugins/sink_qdrant/version.h"

namespace dsw::qdrant {
namespace {

/// A server that restarts is back soon; one without gRPC stays so.
constexpr std::uint64_t kFirstPauseNs = 5'000'000'000;
constexpr std::uint64_t kLongestPauseNs = 300'000'000'000;
/// A port that takes connections and stays silent must not cost a call its time.
constexpr std::uint64_t kMostToAskMs = 3000;
/// Field 101 of Vector came with it.
constexpr int kOldestMinor = 14;
constexpr dsw_str kEmptyMessage = DSW_STR("\0\0\0\0\0");

/// The peer does not answer as a gRPC server of Qdrant does.
struct NoGrpc : Failure {
  using Failure::Failure;
  explicit NoGrpc(const Failure& failure) : Failure(failure) {}
};

/// A field of the trailers, or of the only header block that a refusal may have.
std::string_view Field(const HttpResponse& response, std::string_view name) {
  const std::string_view trailer = response.trailer(name);
  return trailer.empty() ? response.header(name) : trailer;
}

int ToInt(std::string_view text, int otherwise) {
  int number = otherwise;
  const char* const end = text.data() + text.size();
  return std::from_chars(text.data(), end, number).ptr == end ? number : otherwise;
}

}  // namespace

HttpResponse GrpcLink::Perform(const dsw_call& call, std::string_view method,
                               const std::vector<dsw_str>& body) const {
  const std::string url = config_.grpc_url + std::string(method);
  HttpRequest request;
  request.url = url;
  request.flags = DSW_HTTP_2;
  request.Header("content-type", "application/grpc").Header("te", "trailers");
  request.Header("accept-encoding", "identity");
  if (!config_.api_key.empty()) request.Header("api-key", config_.api_key);
  request.body = body;
  try {
    HttpResponse response = http_.Perform(call, request);
    const std::string_view status = Field(response, "grpc-status");
    if (response.status() != 200 || status.empty()) {
      throw NoGrpc(DSW_E_BAD_RESPONSE,
                   "answers HTTP " + std::to_string(response.status()) + " without grpc-status");
    }
    if (status == "0") return response;
    const int seconds = ToInt(Field(response, "retry-after"), -1);
    throw GrpcFailure(ToInt(status, 2), Field(response, "grpc-message"),
                      seconds < 0 ? -1 : std::int64_t{seconds} * 1000);
  } catch (const NoGrpc&) {
    throw;
  } catch (const Failure& failure) {
    const dsw_error& error = failure.error();
    const bool refused = error.code[0] != '\0';
    if (!refused && (error.category == DSW_E_UNAVAILABLE || error.category == DSW_E_BAD_RESPONSE)) {
      throw NoGrpc(ConnectionFailure(failure, config_.grpc_url, "QDRANT_GRPC_URL"));
    }
    throw;
  }
}

void GrpcLink::Ask(const dsw_call& call) const {
  dsw_call asking = call;
  asking.deadline_mono_ns =
      host_.now_mono_ns(&host_) + RemainingMs(host_, call, kMostToAskMs) * 1'000'000;
  std::string version;
  try {
    const HttpResponse response = Perform(asking, "/qdrant.Qdrant/HealthCheck", {kEmptyMessage});
    FieldReader reply(Unframe(response.body()));
    while (reply.Next()) {
      if (reply.field() == 2) version = std::string(reply.bytes());
    }
  } catch (const Failure& failure) {
    // An upsert will say the same of a wrong key, and better.
    if (failure.error().category == DSW_E_AUTH) return;
    if (failure.error().category == DSW_E_CANCELLED) throw;
    throw NoGrpc(failure);
  }
  if (!AtLeast(version, kOldestMinor)) {
    throw NoGrpc(DSW_E_UNSUPPORTED, "Qdrant " + version + " is older than 1." +
                                        std::to_string(kOldestMinor) +
                                        ", set QDRANT_TRANSPORT=rest");
  }
}

bool GrpcLink::Offered(const dsw_call& call) {
  if (config_.transport == Transport::kRest) return false;
  {
    const std::lock_guard lock(mutex_);
    if (state_ == State::kOffered) return true;
    const bool settled = state_ == State::kAsking ||
                         (state_ == State::kMissing && host_.now_mono_ns(&host_) < ask_again_ns_);
    if (settled && config_.transport == Transport::kAuto) return false;
    state_ = State::kAsking;
  }
  try {
    Ask(call);
  } catch (const NoGrpc& missing) {
    SetMissing(call, missing.what());
    if (config_.transport == Transport::kGrpc) throw;
    CheckCall(host_, call);
    return false;
  } catch (...) {
    SetState(State::kUnknown);
    throw;
  }
  bool told_missing = false;
  {
    const std::lock_guard lock(mutex_);
    state_ = State::kOffered;
    std::swap(told_missing, told_missing_);
  }
  if (told_missing) {
    Log(host_, &call, DSW_LOG_INFO, "Qdrant's gRPC is back at " + config_.grpc_url);
  }
  return true;
}

std::optional<UpdateStatus> GrpcLink::Upsert(const dsw_call& call, const UpsertMessage& message) {
  try {
    const UpdateStatus status =
        ReadUpsertReply(Perform(call, "/qdrant.Points/Upsert", message.pieces()).body());
    const std::lock_guard lock(mutex_);
    pause_ns_ = 0;
    return status;
  } catch (const NoGrpc& missing) {
    SetMissing(call, missing.what());
    if (config_.transport == Transport::kGrpc) throw;
    CheckCall(host_, call);
    return std::nullopt;
  } catch (const Failure& failure) {
    const std::int32_t category = failure.error().category;
    if (category == DSW_E_UNSUPPORTED && config_.transport == Transport::kAuto) {
      SetMissing(call, failure.what());
      return std::nullopt;
    }
    // A server that is shutting down says so, a proxy whose server is gone, and one that swallows
    // requests: it is asked again whether there is gRPC.
    if (category == DSW_E_UNAVAILABLE || category == DSW_E_TIMEOUT) SetState(State::kUnknown);
    if (category == DSW_E_UNAVAILABLE && config_.transport == Transport::kAuto) return std::nullopt;
    throw;
  }
}

void GrpcLink::SetMissing(const dsw_call& call, std::string_view reason) {
  {
    const std::lock_guard lock(mutex_);
    state_ = State::kMissing;
    pause_ns_ = pause_ns_ == 0 ? kFirstPauseNs : std::min(2 * pause_ns_, kLongestPauseNs);
    ask_again_ns_ = host_.now_mono_ns(&host_) + pause_ns_;
    if (config_.transport == Transport::kGrpc || told_missing_) return;
    told_missing_ = true;
  }
  Log(host_, &call, DSW_LOG_WARN,
      "no gRPC at " + config_.grpc_url + ": " + std::string(reason) +
          "; points go over REST, which takes several times the CPU time");
}

void GrpcLink::SetState(State state) {
  const std::lock_guard lock(mutex_);
  state_ = state;
}

}  // namespace dsw::qdrant
