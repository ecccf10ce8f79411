// SPDX-License-Identifier: Apache-2.0
//
// Qdrant's gRPC port: whether there is one, and upserts through it. Calls are HTTP/2 requests of
// the host's client: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <dsw/http.hpp>

#include "plugins/sink_qdrant/config.h"
#include "plugins/sink_qdrant/upsert_message.h"

namespace dsw::qdrant {

/// Thread-safe.
class GrpcLink {
 public:
  /// `config` outlives it.
  GrpcLink(const dsw_host& host, const Config& config)
      : host_(host), http_(host), config_(config) {}

  /// Whether the next upsert is to go this way. The first call of all asks the server; after a
  /// "no", which is logged once, it is asked again after 5 s, then after twice as long each time,
  /// up to 5 minutes. With Transport::kGrpc a "no" is a dsw::Failure.
  bool Offered(const dsw_call& call);
  /// One Upsert call. Nothing when it is to be tried over REST: when the server cannot be spoken to
  /// in gRPC any more, which is logged once, and when it says that it is not available. With
  /// Transport::kGrpc that is a dsw::Failure, as any other refusal.
  std::optional<UpdateStatus> Upsert(const dsw_call& call, const UpsertMessage& message);

 private:
  enum class State { kUnknown, kAsking, kOffered, kMissing };

  /// Throws NoGrpc, or a dsw::Failure for what the server refuses.
  HttpResponse Perform(const dsw_call& call, std::string_view method,
                       const std::vector<dsw_str>& body) const;
  /// Throws NoGrpc when there is none that can be used.
  void Ask(const dsw_call& call) const;
  void SetMissing(const dsw_call& call, std::string_view reason);
  void SetState(State state);

  const dsw_host& host_;
  const Http http_;
  const Config& config_;
  std::mutex mutex_;
  State state_ = State::kUnknown;   // Guarded by mutex_.
  std::uint64_t ask_again_ns_ = 0;  // Guarded by mutex_.
  std::uint64_t pause_ns_ = 0;      // Before ask_again_ns_; 0 after a success. Guarded by mutex_.
  bool told_missing_ = false;       // Guarded by mutex_.
};

}  // namespace dsw::qdrant
