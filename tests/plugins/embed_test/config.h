// SPDX-License-Identifier: Apache-2.0
//
// What the test embedder can be told to do, by the keys of its configuration.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <dsw/plugin.h>

namespace embed_test {

struct Config {
  std::uint32_t dimensions = 64;  ///< "model": "hash-N"; 0 for any other name.
  std::string model = "hash-64";  ///< "model"
  std::uint32_t delay_ms = 0;     ///< "delay_ms": how long a call takes; can be cancelled.
  std::string count_file;         ///< "count_file": each call appends "<texts embedded>\n".
  std::uint32_t max_batch = 0;    ///< "max_batch": more texts are refused as too large.
  std::uint32_t max_tokens = 0;   ///< "max_tokens": longer texts are reported as truncated.
  std::uint32_t fail_every = 0;   ///< "fail_every": call N, 2N, … of the instance fails.
  std::uint32_t fail_first = 0;   ///< "fail_first": the first N calls of the instance fail.
  dsw_status fail_category = DSW_E_UNAVAILABLE;  ///< "fail_category": "timeout", "auth", ….
  std::int64_t retry_after_ms = -1;              ///< "retry_after_ms": goes with those failures.
  bool deaf = false;                  ///< "deaf": calls to embed never return, cancelled or not.
  std::string fail_texts_containing;  ///< "fail_texts_containing": such texts fail for good.
};

/// Throws dsw::Failure that names the key for anything that is not such a configuration.
Config ParseConfig(std::string_view json);

}  // namespace embed_test
