// SPDX-License-Identifier: Apache-2.0
//
// Errors as values: what a failure means for the caller, and the two macros that pass it on.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

namespace dsw {

/// Says what can be done about a failure.
enum class Code {
  kInvalid,          ///< This input can never work.
  kTooLarge,         ///< Works when split; see Error::limit.
  kInputTooLong,     ///< One input is over a limit by itself; see Error::item.
  kNotFound,         ///< Somebody has to provide it first.
  kConflict,         ///< Exists, in another shape.
  kUnauthenticated,  ///< Key missing, wrong, or without the grant.
  kDenied,           ///< Forbidden by the operator.
  kQuota,            ///< Paid or hard quota used up; waiting seconds does not help.
  kRateLimited,      ///< Wait, see Error::retry_after.
  kOverloaded,       ///< Works with fewer calls at a time, a little later.
  kUnavailable,      ///< Peer or network; also commits in doubt.
  kTimeout,          ///< A deadline of ours passed.
  kCancelled,        ///< Shutdown, or the job's time is up.
  kBadResponse,      ///< The peer answered what it must not.
  kInternal,         ///< Our bug, or a misbehaving plugin.
  kHeld,             ///< Somebody else is at it; see Error::retry_after.
  kFenced,           ///< Was ours, and is somebody else's now: leave it alone.
  kWithdrawn,        ///< No longer wanted: disabled or deleted meanwhile.
};

/// The code's stable name in logs, metrics labels and dead-letter headers, as "rate_limited".
std::string_view CodeName(Code code);

/// Where a failure arose: with its code it says whose fault it is (domain/failure.h).
enum class Origin {
  kJob,       ///< The message, and what the database says to do for it.
  kEmbedder,  ///< A call to an embedder, or to a sink of the job's own.
  kSink,      ///< A call to the worker's own sink.
  kDatabase,
  kQueue,
  kWorker,  ///< This process, its plugins, files and settings.
};

/// The size that a peer refused, in its own numbers.
struct SizeLimit {
  enum class Unit { kItems, kTokens, kBytes };
  Unit unit = Unit::kItems;
  std::int64_t allowed = 0;  ///< At least 1.
  std::int64_t asked = 0;    ///< 0 when it did not say.
  friend bool operator==(const SizeLimit&, const SizeLimit&) = default;
};

/// A failure: for the program (all but the message) and for a person (message, without secrets).
struct Error {
  Code code = Code::kInternal;
  std::string message;
  Origin origin = Origin::kJob;
  std::optional<std::chrono::milliseconds> retry_after{};
  std::optional<bool> repeat{};  ///< The peer's own word on whether to repeat the call at once.
  std::optional<SizeLimit> limit{};
  std::optional<std::uint32_t> item{};  ///< Position of the one input that it is about.

  /// Puts what was being done before the message.
  Error&& Context(std::string_view what) && {
    message.insert(0, std::string(what) + ": ");
    return std::move(*this);
  }
  /// Says where it arose.
  Error&& From(Origin where) && {
    origin = where;
    return std::move(*this);
  }
};

/// A T or the Error that kept it from being made.
template <typename T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using Base = tl::expected<T, Error>;
  using Base::Base;
  Result(Base base) : Base(std::move(base)) {}
};
using Status = Result<void>;

inline tl::unexpected<Error> Fail(Code code, std::string message) {
  return tl::unexpected<Error>(Error{.code = code, .message = std::move(message)});
}
inline tl::unexpected<Error> Fail(Error error) {
  return tl::unexpected<Error>(std::move(error));
}

}  // namespace dsw

#define DSW_CONCAT_INNER(a, b) a##b
#define DSW_CONCAT(a, b) DSW_CONCAT_INNER(a, b)

/// Leaves the function with the failure of `expr`, a Status or Result.
#define RETURN_IF_ERROR(expr)                             \
  do {                                                    \
    if (auto dsw_status_ = (expr); !dsw_status_)          \
      return ::dsw::Fail(std::move(dsw_status_).error()); \
  } while (false)

/// `decl` = the value of `expr`, or leaves the function with its failure.
#define ASSIGN_OR_RETURN(decl, expr)                                          \
  auto DSW_CONCAT(dsw_result_, __LINE__) = (expr);                            \
  if (!DSW_CONCAT(dsw_result_, __LINE__))                                     \
    return ::dsw::Fail(std::move(DSW_CONCAT(dsw_result_, __LINE__)).error()); \
  decl = *std::move(DSW_CONCAT(dsw_result_, __LINE__))
