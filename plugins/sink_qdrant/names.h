// SPDX-License-Identifier: Apache-2.0
//
// Names of collections and of points, as Qdrant takes them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dsw::qdrant {

/// Throws dsw::Failure with DSW_E_INVALID_REQUEST for a name that Qdrant would not take: empty,
/// longer than 255 bytes, or with one of `< > : " / \ | ? *` or a control character in it.
void CheckCollectionName(std::string_view name);

/// "/collections/NAME", percent-encoded. Throws as CheckCollectionName does.
std::string CollectionPath(std::string_view name);

/// A point's id: an unsigned number or a UUID.
struct PointId {
  std::optional<std::uint64_t> number;
  std::string uuid;      ///< Hyphenated, in lower case; empty when `number` is set.
  bool derived = false;  ///< Made of a name that is neither.

  /// As it stands in JSON: 17 or "5c56c793-69f3-4fbf-87e6-c4bf54c28c26" with its quotes.
  std::string Json() const;
};

/// Decimal numbers of 64 bits, as they are printed, and UUIDs (hyphenated, of 32 digits, as URN)
/// are themselves. Any other text is a UUIDv5 in a namespace of this sink: the same on every run.
PointId MakePointId(std::string_view id);

/// `payload`, a JSON object, with the member "original_id" set to `id`.
std::string WithOriginalId(std::string_view payload, std::string_view id);

}  // namespace dsw::qdrant
