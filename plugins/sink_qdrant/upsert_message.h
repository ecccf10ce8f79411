// SPDX-License-Identifier: Apache-2.0
//
// The body of a gRPC call that stores points. Field numbers are those of Qdrant's points.proto and
// json_with_int.proto.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <dsw/plugin.h>

#include "plugins/sink_qdrant/payload_message.h"
#include "plugins/sink_qdrant/points.h"

namespace dsw::qdrant {

/// One message with its frame, in pieces: the rows of floats are the caller's own, lent in place.
class UpsertMessage {
 public:
  /// False when gRPC cannot carry a payload of the range as it is; see PayloadEncoder. `wait`: the
  /// answer comes once the points are applied, or after `timeout_s`.
  bool Encode(std::string_view collection, const PointRange& range, bool wait,
              std::uint64_t timeout_s);
  /// Valid until the next Encode, and as long as the points are.
  const std::vector<dsw_str>& pieces() const { return pieces_; }

 private:
  PayloadEncoder payloads_;
  std::string text_;               // All but the floats.
  std::vector<std::size_t> ends_;  // In text_, where the floats of each point follow.
  std::vector<dsw_str> pieces_;
};

/// How far an update has come.
enum class UpdateStatus {
  kAcknowledged,  ///< Written down, not applied.
  kCompleted,
  kWaitTimeout,  ///< Written down, not applied in the time that was given.
};

/// Throws dsw::Failure with DSW_E_BAD_RESPONSE for a body that is not one framed
/// PointsOperationResponse.
UpdateStatus ReadUpsertReply(std::string_view body);

/// The one message of a body; throws dsw::Failure with DSW_E_BAD_RESPONSE.
std::string_view Unframe(std::string_view body);

}  // namespace dsw::qdrant
