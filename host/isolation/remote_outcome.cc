// SPDX-License-Identifier: Apache-2.0
#include "host/isolation/remote_outcome.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace dsw {
namespace {

/// What the plugin threw that is no std::exception.
struct UnknownException {};

}  // namespace

dsw_status ReportFailure(dsw_status status, std::string_view message, dsw_error* error) {
  if (error == nullptr) return status;
  error->category = status;
  const std::size_t size = std::min(message.size(), sizeof error->message - 1);
  std::memcpy(error->message, message.data(), size);
  error->message[size] = '\0';
  return status;
}

bool RemoteOutcome::Read(wire::Reader& content) {
  ending = static_cast<wire::Ending>(content.U32());
  if (ending == wire::Ending::kThrew) {
    what = content.Text();
  } else if (ending == wire::Ending::kReturned) {
    status = content.I32();
    content.Sized(error);
    for (char* const text : {error.code, error.request_id}) text[sizeof error.code - 1] = '\0';
    error.message[sizeof error.message - 1] = '\0';
  } else if (ending != wire::Ending::kThrewUnknown) {
    return false;
  }
  return !content.bad();
}

dsw_status RemoteOutcome::Deliver(dsw_error* to) const {
  if (ending == wire::Ending::kThrew) throw std::runtime_error(what);
  if (ending == wire::Ending::kThrewUnknown) throw UnknownException();
  if (to != nullptr && status != DSW_OK) {
    const std::uint32_t size = to->struct_size;
    *to = error;
    to->struct_size = size;
  }
  return status;
}

}  // namespace dsw
