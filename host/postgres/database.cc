// SPDX-License-Identifier: Apache-2.0
#include "host/postgres/database.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "host/base/log.h"
#include "host/postgres/session.h"

namespace dsw {
namespace {

constexpr std::chrono::milliseconds kFirstDelay{100};
constexpr std::chrono::milliseconds kLongestDelay{2000};

double Seconds(std::chrono::milliseconds duration) {
  return static_cast<double>(duration.count()) / 1000.0;
}

}  // namespace

Result<std::unique_ptr<Database>> Database::Open(DatabaseOptions options, Clock& clock) {
  ASSIGN_OR_RETURN(DatabaseAddress address,
                   ParseDatabaseAddress(options.url, options.connect_timeout));
  ASSIGN_OR_RETURN(std::unique_ptr<DeadlineKeeper> keeper, DeadlineKeeper::Start());
  return std::unique_ptr<Database>(
      new Database(std::move(options), std::move(address), std::move(keeper), clock));
}

Database::Database(DatabaseOptions options, DatabaseAddress address,
                   std::unique_ptr<DeadlineKeeper> keeper, Clock& clock)
    : options_(std::move(options)),
      address_(std::move(address)),
      keeper_(std::move(keeper)),
      clock_(clock) {}

Database::~Database() = default;

void Database::Cancel() {
  cancel_.request_stop();
  keeper_->Cancel();
}

std::chrono::milliseconds Database::LimitOf(Patience patience) const {
  switch (patience) {
    case Patience::kShort:
      return options_.short_limit;
    case Patience::kLong:
      return options_.long_limit;
    case Patience::kProbe:
      return options_.probe_limit;
  }
  return options_.short_limit;
}

DatabaseException Database::Failure(Code code, std::string_view what, Repeat repeat) const {
  return DatabaseException({.error = DatabaseError(code, where(), what), .repeat = repeat});
}

std::unique_ptr<Session> Database::Connect() {
  return std::make_unique<Session>(address_.connection_string.Reveal(), cancel_.get_token());
}

std::unique_ptr<Session> Database::Borrow(Patience patience) {
  {
    std::unique_lock lock(mutex_);
    const auto free = [&] {
      return options_.pool_size == 0 || lent_ < options_.pool_size || patience == Patience::kProbe;
    };
    if (!returned_.wait_for(lock, cancel_.get_token(), LimitOf(patience), free)) {
      throw Failure(
          Code::kUnavailable,
          fmt::format("none of the {} connections (DATABASE_POOL_SIZE) became free in {} s",
                      options_.pool_size, Seconds(LimitOf(patience))),
          Repeat::kNo);
    }
    ++lent_;
    if (!idle_.empty()) {
      std::unique_ptr<Session> session = std::move(idle_.back());
      idle_.pop_back();
      return session;
    }
  }
  try {
    return Connect();
  } catch (...) {
    Drop();
    throw;
  }
}

void Database::GiveBack(std::unique_ptr<Session> session) {
  {
    const std::lock_guard lock(mutex_);
    --lent_;
    idle_.push_back(std::move(session));
  }
  returned_.notify_one();
}

void Database::Drop() {
  std::vector<std::unique_ptr<Session>> suspects;
  {
    const std::lock_guard lock(mutex_);
    --lent_;
    // What broke one connection has most likely broken the others.
    suspects.swap(idle_);
  }
  returned_.notify_one();
}

bool Database::WithinLimit(Patience patience, Session& session,
                           const std::function<void(Session&)>& work) {
  const std::chrono::milliseconds limit = LimitOf(patience);
  const DeadlineKeeper::Call call(*keeper_, session.socket,
                                  std::chrono::steady_clock::now() + limit);
  try {
    work(session);
    return call.ended() == DeadlineKeeper::Ended::kNot;
  } catch (const std::exception& exception) {
    const Repeat repeat = Translate(exception, where()).repeat;
    const std::string_view doubt =
        repeat == Repeat::kInDoubt ? " to a commit: in doubt whether it is written" : "";
    switch (call.ended()) {
      case DeadlineKeeper::Ended::kNot:
        throw;
      case DeadlineKeeper::Ended::kOverdue:
        throw Failure(Code::kUnavailable,
                      fmt::format("no answer for {} s{}", Seconds(limit), doubt), repeat);
      case DeadlineKeeper::Ended::kCancelled:
        throw Failure(Code::kCancelled, "cancelled", repeat);
    }
    throw;
  }
}

void Database::WithPooled(Patience patience, const std::function<void(Session&)>& work) {
  std::unique_ptr<Session> session = Borrow(patience);
  bool usable = false;
  try {
    usable = WithinLimit(patience, *session, work);
  } catch (...) {
    session.reset();
    Drop();
    throw;
  }
  if (usable) {
    GiveBack(std::move(session));
  } else {
    Drop();
  }
}

Status Database::Repeatedly(Retries retries, const std::function<void()>& attempt) {
  const Clock::TimePoint give_up = clock_.Now() + options_.retry_for;
  for (std::chrono::milliseconds delay = kFirstDelay;; delay = std::min(2 * delay, kLongestDelay)) {
    DatabaseFailure failure = Failure(Code::kCancelled, "cancelled", Repeat::kNo).failure();
    if (cancel_.stop_requested()) return Fail(std::move(failure.error));
    try {
      attempt();
      return {};
    } catch (const std::exception& exception) {
      // What fails while all is cancelled fails because of that.
      if (!cancel_.stop_requested()) failure = Translate(exception, where());
    }
    const bool may_repeat = (failure.repeat == Repeat::kYes && retries != Retries::kNone) ||
                            (failure.repeat == Repeat::kInDoubt && retries == Retries::kAlways);
    if (!may_repeat || clock_.Now() + delay > give_up) return Fail(std::move(failure.error));
    Log(LogLevel::kDebug, "postgres", "trying again", {{"reason", failure.error.message}});
    clock_.WaitFor(delay, cancel_.get_token());
  }
}

}  // namespace dsw
