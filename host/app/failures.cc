// SPDX-License-Identifier: Apache-2.0
#include "host/app/failures.h"

#include <cstdio>
#include <utility>

#include "host/base/secret.h"

namespace dsw {

void Failures::Add(Error error) {
  if (last_) std::fprintf(stderr, "%s\n", Redact(last_->message).c_str());
  last_ = std::move(error);
}

Status Failures::Last() const {
  if (last_) return Fail(*last_);
  return {};
}

}  // namespace dsw
