// SPDX-License-Identifier: Apache-2.0
//
// How a call into the plugin ended, for the worker to judge.
#pragma once

#include <exception>
#include <string>

#include <dsw/plugin.h>

#include "host/isolation/wire.h"
#include "host/isolation/wire_writer.h"

namespace dsw::runner {

struct Outcome {
  wire::Ending ending = wire::Ending::kReturned;
  dsw_status status = DSW_OK;
  dsw_error error{};
  std::string what;  ///< Of kThrew.
};

/// An error for the plugin to fill in.
inline dsw_error EmptyError() {
  dsw_error error{};
  error.struct_size = sizeof error;
  error.retry_after_ms = -1;
  return error;
}

inline Outcome Failure(dsw_status status, std::string_view message) {
  Outcome outcome;
  outcome.status = status;
  outcome.error = EmptyError();
  outcome.error.category = status;
  message.copy(outcome.error.message, sizeof outcome.error.message - 1);
  return outcome;
}

/// Runs `body`, which takes a dsw_error* and returns a dsw_status; no exception gets out.
template <typename Body>
Outcome Guarded(const Body& body) {
  Outcome outcome;
  outcome.error = EmptyError();
  try {
    outcome.status = body(&outcome.error);
    outcome.error.struct_size = sizeof outcome.error;
  } catch (const std::exception& exception) {
    outcome.ending = wire::Ending::kThrew;
    outcome.what = std::string(exception.what()).substr(0, sizeof outcome.error.message);
  } catch (...) {
    outcome.ending = wire::Ending::kThrewUnknown;
  }
  return outcome;
}

inline void Write(wire::Writer& writer, const Outcome& outcome) {
  writer.U32(static_cast<std::uint32_t>(outcome.ending));
  if (outcome.ending == wire::Ending::kThrew) writer.Text(outcome.what);
  if (outcome.ending != wire::Ending::kReturned) return;
  writer.I32(outcome.status);
  writer.Sized(outcome.status == DSW_OK ? nullptr : &outcome.error);
}

}  // namespace dsw::runner
