// SPDX-License-Identifier: Apache-2.0
//
// An answer that is not a success, taken apart, and what providers do with it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <dsw/plugin.hpp>

namespace dsw {

/// The fields of the error objects that embedding services answer with.
struct UpstreamError {
  int status = 0;
  std::string
      message;        ///< error.message, error, message or detail; the body when it is plain text.
  std::string type;   ///< error.type, type or error_type.
  std::string code;   ///< error.code or code; numbers as text.
  std::string param;  ///< error.param, or the field of the first of "errors".
  const dsw_kv* headers = nullptr;  ///< Names in lower case.
  std::size_t header_count = 0;

  /// Empty when there is none.
  std::string_view Header(std::string_view name) const;
};

/// `headers` outlive the result. Never fails: what is not understood stays empty. Pure.
UpstreamError ParseUpstreamError(int status, std::string_view body, const dsw_kv* headers = nullptr,
                                 std::size_t header_count = 0);

/// A provider's own reading of an error, on top of the host's, which `failure` holds.
using Refine = void (*)(const UpstreamError& error, Failure& failure);

/// Gives `failure` another category; drops what belonged to the old one: the decision on retrying,
/// the wait, the limit.
void Recategorise(Failure& failure, dsw_status category);

/// Where the upstream's own words must not be passed on, as those that repeat a part of the key.
void ReplaceMessage(Failure& failure, std::string_view message);

/// Puts `hint`, which tells the way out, behind the message.
void AppendHint(Failure& failure, std::string_view hint);

/// DSW_E_TOO_LARGE with its limit, if the message speaks of the size of the request.
bool RefineTooLarge(const UpstreamError& error, Failure& failure);

/// DSW_E_INPUT_TOO_LONG with its item, if the message speaks of the length of an input.
bool RefineInputTooLong(const UpstreamError& error, Failure& failure);

/// The wait that the message names, if the headers have not named one.
void RefineRetryAfter(const UpstreamError& error, Failure& failure);

}  // namespace dsw
