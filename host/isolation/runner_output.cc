// SPDX-License-Identifier: Apache-2.0
#include "host/isolation/runner_output.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "host/base/utf8.h"
#include "host/isolation/wire.h"

namespace dsw {
namespace {

dsw_str StrOf(std::string_view text) {
  return {text.data(), text.size()};
}

bool IsControl(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

}  // namespace

void LineCutter::Add(std::string_view bytes) {
  for (const char c : bytes) {
    if (c == '\n') {
      Finish();
    } else if (line_.size() < wire::kLongestLine) {
      line_ += IsControl(c) ? ' ' : c;
    }
  }
}

void LineCutter::Finish() {
  if (line_.find_first_not_of(' ') != std::string::npos) write_(CleanUtf8(line_));
  line_.clear();
}

bool LineBudget::Take(TimePoint now) {
  const std::chrono::duration<double> since = now - last_;
  last_ = now;
  left_ = std::min<double>(kBurst, left_ + since.count() * kPerSecond);
  if (left_ < 1) {
    ++dropped_;
    return false;
  }
  left_ -= 1;
  return true;
}

std::uint64_t LineBudget::TakeDropped() {
  return std::exchange(dropped_, 0);
}

bool ForwardLogLine(const dsw_host& host, const dsw_call* call, wire::Reader& message) {
  const std::int32_t level = message.I32();
  const dsw_str text = StrOf(message.Text());
  std::vector<dsw_kv> fields(message.Count(2 * sizeof(std::uint64_t)));
  for (dsw_kv& field : fields) {
    field.key = StrOf(message.Text());
    field.value = StrOf(message.Text());
  }
  if (message.bad()) return false;
  host.log(&host, call, level, &text, fields.data(), fields.size());
  return true;
}

}  // namespace dsw
