// SPDX-License-Identifier: Apache-2.0
//
// What the fault plugins are told to do, while they run. They share a directory with the test,
// DSW_FAULT_DIR, in which script.json may be replaced at any time:
//
//   {"rules": [{"id": "once", "at": "before_upsert", "do": "die", "after": 2, "times": 1,
//               "worker": "a", "text": "marker"}]}
//
// A rule fires when a call comes to the step `at`, in the worker whose DSW_FAULT_WORKER is `worker`
// (absent: any), when one of the call's texts contains `text` (absent: any). It lets `after` such
// calls pass and fires at most `times` times (absent: always), over all processes together. Each
// call that it counts leaves a file fired/<id>.<number> with the process's id, those that pass too.
//
// `do` is one of
//   die, abort          the process ends: SIGKILL, abort()
//   stop                SIGSTOP to the process; goes on after SIGCONT
//   hold                waits for the file release-<id>, until cancelled
//   sleep               `ms`, and `ms_per_text` for each text, until cancelled or past the
//                       deadline; with `serial` one call after the other, as a server with one
//                       processor
//   fail                the call fails with `category`, `http_status`, `message`
//   nan, refuse         embed alone: rows of matching texts are NaN; such texts fail for good
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <dsw/plugin.hpp>

namespace fault {

struct Rule {
  std::string id;
  std::string at;
  std::string what;  ///< "do"
  std::string text;
  std::string worker;
  int after = 0;
  int times = -1;
  std::int64_t ms = 0;
  std::int64_t ms_per_text = 0;
  bool serial = false;
  dsw_status category = DSW_E_UNAVAILABLE;
  std::int32_t http_status = 0;
  std::string message;
};

using Texts = std::vector<std::string_view>;

/// The shared directory. Throws dsw::Failure when DSW_FAULT_DIR is not set.
std::string Directory();

/// Does what the script's rules for this step say, which may not return, or throw dsw::Failure. The
/// rules "nan" and "refuse" that fired are returned for the caller to follow. Thread-safe.
std::vector<Rule> Act(const dsw_host& host, const dsw_call& call, std::string_view step,
                      const Texts& texts = {});

/// Appends to a file of the directory, in one write. Throws dsw::Failure.
void Append(const std::string& name, std::string_view text);

}  // namespace fault
