// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/company.h"

namespace dsw {

Company::Step Company::Member::Begin(const std::stop_token& stop) {
  std::unique_lock lock(company_.mutex_);
  const bool begun = company_.changed_.wait(
      lock, stop, [this] { return company_.apart_.empty() || company_.apart_.front() == this; });
  if (!begun) return nullptr;
  ++company_.steps_;
  return Step(&company_, [](void* of) {
    auto* const company = static_cast<Company*>(of);
    {
      const std::lock_guard end(company->mutex_);
      --company->steps_;
    }
    company->changed_.notify_all();
  });
}

bool Company::Member::BeAlone(std::chrono::milliseconds most, const std::stop_token& stop) {
  std::unique_lock lock(company_.mutex_);
  company_.apart_.push_back(this);
  const bool alone = company_.changed_.wait_for(
      lock, stop, most, [this] { return company_.apart_.front() == this && company_.steps_ == 0; });
  lock.unlock();
  if (!alone) Admit();
  return alone;
}

void Company::Member::Admit() {
  {
    const std::lock_guard lock(company_.mutex_);
    if (std::erase(company_.apart_, this) == 0) return;
  }
  company_.changed_.notify_all();
}

}  // namespace dsw
