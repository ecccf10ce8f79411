// SPDX-License-Identifier: Apache-2.0
//
// The jobs of a process side by side, and one of them by itself when a worker died at it: only then
// does another death say whose fault it is.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <stop_token>

namespace dsw {

/// Jobs make room for each other between two steps of their work, of which a batch is the longest:
/// to wait until whole jobs have ended would leave a busy worker idle. Thread-safe.
class Company {
 public:
  /// Under way until it is destroyed.
  using Step = std::shared_ptr<void>;

  /// A job that runs. Borrows the company; ends with no step under way. Thread-safe.
  class Member {
   public:
    explicit Member(Company& company) : company_(company) {}
    ~Member() { Admit(); }
    Member(const Member&) = delete;
    Member& operator=(const Member&) = delete;

    /// Begins a step, once no other member is alone or waits to be. Null when stopped. Whoever has
    /// a step under way waits for nothing but what other steps give back.
    Step Begin(const std::stop_token& stop);
    /// Waits until no other member has a step under way; none begins one until Admit(). False when
    /// that takes longer than `most`, or is stopped. To be asked once, before the first step.
    bool BeAlone(std::chrono::milliseconds most, const std::stop_token& stop);
    /// The others go on.
    void Admit();

   private:
    Company& company_;
  };

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  // Guarded by mutex_.
  std::size_t steps_ = 0;            ///< Under way, of all members.
  std::deque<const Member*> apart_;  ///< The first is alone, or is next; the others wait.
};

}  // namespace dsw
