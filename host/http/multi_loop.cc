// SPDX-License-Identifier: Apache-2.0
#include "host/http/multi_loop.h"

#include <algorithm>
#include <csignal>
#include <utility>

#include <fmt/format.h>

#include "host/base/log.h"
#include "host/http/errors.h"

namespace dsw {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kLongestPoll{60'000};

Error Cancelled(const Transfer& transfer) {
  return {.code = Code::kCancelled,
          .message = fmt::format("call to {} was cancelled", transfer.origin())};
}

}  // namespace

MultiLoop::MultiLoop(const CurlHttpClientOptions& options) : multi_(curl_multi_init()) {
  curl_multi_setopt(multi_.get(), CURLMOPT_PIPELINING, long{CURLPIPE_MULTIPLEX});
  curl_multi_setopt(multi_.get(), CURLMOPT_MAX_HOST_CONNECTIONS, options.max_connections_per_host);
  // Signals are for the main thread; SIGPIPE is for nobody.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { Loop(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

MultiLoop::~MultiLoop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  curl_multi_wakeup(multi_.get());
  thread_.join();
  std::unique_lock lock(mutex_);
  left_.wait(lock, [this] { return inside_ == 0; });
}

Result<std::unique_ptr<HttpResponse>> MultiLoop::Run(Transfer& transfer,
                                                     const std::stop_token& cancel) {
  if (cancel.stop_requested()) return Fail(Cancelled(transfer));
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return Fail(Cancelled(transfer));
    ++inside_;
    new_.push_back(&transfer);
  }
  curl_multi_wakeup(multi_.get());
  {
    const std::stop_callback on_cancel(cancel, [this, &transfer] {
      transfer.cancelled = true;
      curl_multi_wakeup(multi_.get());
    });
    std::unique_lock lock(mutex_);
    transfer.done.wait(lock, [&transfer] { return transfer.outcome.has_value(); });
  }
  const std::lock_guard lock(mutex_);
  --inside_;
  left_.notify_all();
  return *std::move(transfer.outcome);
}

void MultiLoop::Loop() {
  while (TakeNew()) {
    EndOverdue();
    int running = 0;
    curl_multi_perform(multi_.get(), &running);
    const bool finished_some = TakeFinished();
    const bool opened_some = TakeOpened();
    if (finished_some || opened_some) continue;
    curl_multi_poll(multi_.get(), nullptr, 0, static_cast<int>(PollTimeout().count()), nullptr);
  }
  const std::vector<Transfer*> rest = active_;
  for (Transfer* transfer : rest) {
    Detach(*transfer);
    Finish(*transfer, Fail(Cancelled(*transfer)));
  }
}

bool MultiLoop::TakeNew() {
  std::vector<Transfer*> arrived;
  bool stopping = false;
  {
    const std::lock_guard lock(mutex_);
    arrived.swap(new_);
    stopping = stopping_;
  }
  active_.insert(active_.end(), arrived.begin(), arrived.end());
  if (!stopping) StartAll(arrived);
  return !stopping;
}

void MultiLoop::EndOverdue() {
  const Clock::time_point now = Clock::now();
  const auto overdue = [now](const Transfer* transfer) {
    return transfer->cancelled || transfer->deadline() <= now;
  };
  // To end one may start or end others.
  while (true) {
    const auto found = std::find_if(active_.begin(), active_.end(), overdue);
    if (found == active_.end()) return;
    Transfer& transfer = **found;
    Detach(transfer);
    if (transfer.prior_knowledge()) {
      prior_knowledge_.Leave(transfer.origin(), &transfer);
      StartAll(prior_knowledge_.Failed(transfer.origin(), &transfer));
    }
    Finish(transfer, Fail(transfer.cancelled ? Cancelled(transfer) : transfer.Timeout()));
  }
}

milliseconds MultiLoop::PollTimeout() const {
  auto next = Clock::now() + kLongestPoll;
  for (const Transfer* transfer : active_) next = std::min(next, transfer->deadline());
  return std::max(milliseconds(0), std::chrono::ceil<milliseconds>(next - Clock::now()));
}

void MultiLoop::StartAll(const std::vector<Transfer*>& transfers) {
  for (Transfer* transfer : transfers) Start(*transfer);
}

void MultiLoop::Start(Transfer& transfer) {
  const bool fresh = std::exchange(transfer.needs_fresh, false);
  // One that is sent once more shares with nobody: it would be refused again with others that crowd
  // onto a new connection before the server's limit of streams is known.
  if (!transfer.prior_knowledge() || transfer.repeated) {
    return Begin(transfer, fresh ? Connecting::kFresh : Connecting::kAny);
  }
  switch (prior_knowledge_.Enter(transfer.origin(), &transfer, fresh)) {
    case PriorKnowledge::Role::kOpen:
      return Begin(transfer, Connecting::kFresh);
    case PriorKnowledge::Role::kUse:
      return Begin(transfer, Connecting::kOpen);
    case PriorKnowledge::Role::kWait:
      return;
  }
}

void MultiLoop::Begin(Transfer& transfer, Connecting connecting) {
  Easy easy(curl_easy_init());
  if (easy == nullptr) {
    return FinishFailed(transfer, {.message = "no memory for an HTTP call"});
  }
  if (Status prepared = transfer.Prepare(easy.get(), connecting, pool_); !prepared) {
    return FinishFailed(transfer, std::move(prepared).error());
  }
  transfer.easy = easy.release();
  if (const CURLMcode code = curl_multi_add_handle(multi_.get(), transfer.easy); code != CURLM_OK) {
    Detach(transfer);
    FinishFailed(transfer, {.message = fmt::format("cannot begin an HTTP call: {}",
                                                   curl_multi_strerror(code))});
  }
}

bool MultiLoop::TakeFinished() {
  bool some = false;
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    char* transfer = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
    Settle(*reinterpret_cast<Transfer*>(transfer), message->data.result);
    some = true;
  }
  return some;
}

bool MultiLoop::TakeOpened() {
  bool some = false;
  // By position, since a start that fails takes transfers out.
  for (std::size_t i = 0; i < active_.size(); ++i) {
    const Transfer& transfer = *active_[i];
    if (!transfer.prior_knowledge() || !transfer.connected()) continue;
    const std::vector<Transfer*> waiting = prior_knowledge_.Opened(transfer.origin(), active_[i]);
    StartAll(waiting);
    some = some || !waiting.empty();
  }
  return some;
}

void MultiLoop::Settle(Transfer& transfer, CURLcode code) {
  if (code != CURLE_OK) transfer.LookForEarlyAnswer();
  const bool met_dead_connection = transfer.MetDeadConnection(transfer.easy, code);
  if (transfer.found_no_connection() || (met_dead_connection && !transfer.repeated)) {
    if (met_dead_connection) {
      transfer.repeated = true;
      Log(LogLevel::kDebug, "http", "the server had closed a connection; sending on a new one",
          {{"origin", transfer.origin()}});
    }
    Detach(transfer);
    transfer.needs_fresh = true;
    return Start(transfer);
  }
  Result<std::unique_ptr<HttpResponse>> outcome = transfer.Collect(transfer.easy, code);
  Detach(transfer);
  if (outcome) {
    if (transfer.prior_knowledge()) {
      StartAll(prior_knowledge_.Opened(transfer.origin(), &transfer));
    }
    return Finish(transfer, std::move(outcome));
  }
  FinishFailed(transfer, std::move(outcome).error());
}

void MultiLoop::FinishFailed(Transfer& transfer, Error error) {
  if (transfer.prior_knowledge() && transfer.connected()) {
    StartAll(prior_knowledge_.Opened(transfer.origin(), &transfer));
  } else if (transfer.prior_knowledge()) {
    // Who waited for a connection that cannot be opened shares the reason.
    for (Transfer* waiting : prior_knowledge_.Failed(transfer.origin(), &transfer)) {
      Finish(*waiting, Fail(error));
    }
  }
  Finish(transfer, Fail(std::move(error)));
}

void MultiLoop::Detach(Transfer& transfer) {
  transfer.Drop();
  if (transfer.easy == nullptr) return;
  Easy easy(std::exchange(transfer.easy, nullptr));
  curl_multi_remove_handle(multi_.get(), easy.get());
}

void MultiLoop::Finish(Transfer& transfer, Result<std::unique_ptr<HttpResponse>> outcome) {
  std::erase(active_, &transfer);
  const std::lock_guard lock(mutex_);
  transfer.outcome = std::move(outcome);
  // Under the lock: once it is released, the waiting caller may take the transfer away.
  transfer.done.notify_one();
}

}  // namespace dsw
