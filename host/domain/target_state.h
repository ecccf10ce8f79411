// SPDX-License-Identifier: Apache-2.0
//
// What is known about a target before and while a job works on it.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

namespace dsw {

/// Items by id, both ends included.
struct ItemSpan {
  std::int64_t first = 0;
  std::int64_t last = std::numeric_limits<std::int64_t>::max();

  friend bool operator==(const ItemSpan&, const ItemSpan&) = default;
};

/// Who takes a claim, and for how long it holds without being renewed.
struct Claimant {
  std::string holder;  ///< Names this worker, for people.
  std::chrono::milliseconds lease{60000};
};

/// What the opened plugins say of the target.
struct Surroundings {
  std::string maker;  ///< All that makes the vectors what they are, as text; equal or not.
  std::uint32_t dimensions = 0;
  bool collection_empty = false;  ///< New, or certainly without points.
  std::string collection_maker;   ///< Of the vectors that are in it, as far as it says.
};

/// What there is to do.
struct Survey {
  std::int64_t pending = 0;  ///< Chunks to embed.
  ItemSpan pending_items;    ///< Those that have them; meaningless without pending chunks.
  bool stale = false;        ///< Points may be there that the dataset has no chunks for.
  std::int64_t generation = 0;
  /// Why all is embedded again though it was before; empty when that is not so.
  std::string start_over;
  bool must_mark = false;  ///< The collection has to be told the maker once all is embedded.
};

/// Counts of a job's work on a target, over all of its deliveries and workers.
struct RunTotals {
  std::int64_t total = 0;   ///< Chunks of the target.
  std::int64_t done = 0;    ///< Embedded, whenever that was.
  std::int64_t failed = 0;  ///< Recorded as failed, whenever that was.
  std::int64_t batches = 0;
  std::int64_t tokens = 0;
  std::chrono::milliseconds took{0};  ///< Since the run began.
  bool over = false;                  ///< It ended, whoever ended it.
};

/// How a job stands, over all of its targets.
struct JobEnd {
  bool over = false;      ///< Nothing of any of them is left to do.
  std::string failure{};  ///< Why it is no success; empty while no target has failed.
};

/// How far a target came.
struct Reached {
  std::int64_t embedded_dataset_id = 0;
  RunTotals totals;
};

/// How a run stands after a piece of it was finished.
struct RunEnd {
  bool complete = false;             ///< Nothing of it is left: it is over.
  JobEnd job{};                      ///< Whose run it is.
  std::int64_t dead_ranges = 0;      ///< Pieces that were given up.
  std::optional<Reached> reached{};  ///< Of EndFailed(), as far as any work had begun.
};

/// Why a run failed whose ranges all ended, for people.
inline std::string RangesGivenUp(std::int64_t count) {
  return std::to_string(count) + " of the job's ranges given up";
}

}  // namespace dsw
