// SPDX-License-Identifier: Apache-2.0
//
// What Qdrant's refusals mean. Texts and statuses are those of Qdrant 1.19, as its REST API sends
// them; gRPC has other codes and the same texts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <dsw/plugin.hpp>

namespace dsw::qdrant {

/// The text of a refusal: `status.error` of the envelope, or a body that is not JSON as it is, at
/// most 500 bytes. Pure.
std::string RefusalText(std::string_view body);

/// Whether it is Qdrant that has refused with this body, and no proxy or another server. Pure.
bool IsEnvelope(std::string_view body);

/// `status` and `text` of a REST refusal; `base` is what the host made of the answer, for what it
/// asked to wait and for its request id. Pure.
Failure RestFailure(int status, std::string_view text, const Failure& base);

/// `message` as in "grpc-message", percent-encoded; `retry_after_ms` -1 for none. Pure.
Failure GrpcFailure(int code, std::string_view message, std::int64_t retry_after_ms);

/// The host's failure to connect, told as one to reach Qdrant at `url`, which `setting` configures;
/// its refusal to send anything as DSW_E_UNAVAILABLE; any other failure as it is.
Failure ConnectionFailure(const Failure& failure, std::string_view url, std::string_view setting);

/// Whether a refusal is about the condition of a fence, which the collection's strict mode does not
/// allow without an index.
bool RefusesFence(std::string_view text);

/// Whether a refusal says that the collection is there already.
bool SaysAlreadyExists(int status, std::string_view text);

}  // namespace dsw::qdrant
