// SPDX-License-Identifier: Apache-2.0
//
// What a plugin's process may ask during a call, and who answers: the host's functions, and what
// the call hands its results to.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include <dsw/plugin.h>

#include "host/isolation/slot.h"

namespace dsw {

/// Where a call's results go; null for what this call does not have.
struct Receivers {
  const dsw_embed_out* embed = nullptr;
  const dsw_collection_out* collection = nullptr;
  const dsw_scan_out* scan = nullptr;
  const dsw_search_out* search = nullptr;
};

/// Of one call. Belongs to the thread that makes it.
class Callbacks final : public Slot::Services {
 public:
  Callbacks(const dsw_host& host, const dsw_call* call, const Receivers& receivers);
  Callbacks(const Callbacks&) = delete;
  Callbacks& operator=(const Callbacks&) = delete;
  /// Lets go of the responses that the plugin kept.
  ~Callbacks() override;

  bool Serve(Slot& slot, wire::Kind kind, wire::Reader& message) override;
  /// Hands over the matrix of a call that succeeded.
  void TakeMatrix(const Slot& slot) const;
  /// The matrix or an answer had no room in the arena.
  bool too_large() const { return too_large_; }

 private:
  struct Response {
    const dsw_http_response* table;
    std::uint64_t block;  ///< In the arena; 0 for none.
  };

  bool Alloc(Slot& slot, wire::Reader& message);
  bool ItemError(wire::Reader& message) const;
  bool Truncated(wire::Reader& message) const;
  bool Usage(wire::Reader& message) const;
  bool State(wire::Reader& message) const;
  bool Point(wire::Reader& message) const;
  bool Hit(wire::Reader& message) const;
  bool Http(Slot& slot, wire::Reader& message);
  bool HttpRelease(Slot& slot, wire::Reader& message);
  bool HttpClassify(Slot& slot, wire::Reader& message) const;
  void ReplyWithResponse(Slot& slot, const dsw_http_response& response);

  const dsw_host& host_;
  const dsw_call* const call_;
  const Receivers receivers_;
  const dsw_host_http* const http_;
  float* matrix_ = nullptr;
  std::uint64_t matrix_offset_ = 0;
  std::size_t matrix_bytes_ = 0;
  bool too_large_ = false;
  std::uint64_t last_response_ = 0;
  std::map<std::uint64_t, Response> responses_;
};

}  // namespace dsw
