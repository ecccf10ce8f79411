// SPDX-License-Identifier: Apache-2.0
#include "host/runner/connection.h"

#include <algorithm>

#include <unistd.h>

namespace dsw::runner {
namespace {

constexpr std::size_t kMostFields = 32;
constexpr std::size_t kLongestField = 256;

std::string_view Cut(const dsw_str& text, std::size_t most) {
  if (text.ptr == nullptr) return {};
  return {text.ptr, std::min(text.len, most)};
}

}  // namespace

void Leave() {
  _exit(0);
}

void WriteLogLine(wire::Writer& writer, std::int32_t level, const dsw_str* message,
                  const dsw_kv* fields, std::size_t field_count) {
  const std::size_t count = fields == nullptr ? 0 : std::min(field_count, kMostFields);
  writer.I32(level);
  writer.Text(message == nullptr ? std::string_view() : Cut(*message, wire::kLongestLine));
  writer.U64(count);
  for (std::size_t i = 0; i < count; ++i) {
    writer.Text(Cut(fields[i].key, kLongestField / 4));
    writer.Text(Cut(fields[i].value, kLongestField));
  }
}

void ControlConnection::Next(wire::Datagram& datagram) const {
  if (wire::ReceiveWithFds(socket_, datagram) != wire::Received::kMessage) Leave();
}

void ControlConnection::Reply(std::string_view content) const {
  do {
    const std::string_view part = content.substr(0, wire::kInlineBytes);
    content.remove_prefix(part.size());
    const wire::Head head{.kind = static_cast<std::uint32_t>(wire::Kind::kReply),
                          .flags = content.empty() ? 0u : wire::kMore,
                          .offset = 0,
                          .size = part.size()};
    if (!wire::Send(socket_, head, part)) Leave();
  } while (!content.empty());
}

void ControlConnection::Log(std::int32_t level, const dsw_str* message, const dsw_kv* fields,
                            std::size_t field_count) const {
  std::string memory(wire::kInlineBytes, '\0');
  wire::Writer writer(memory.data(), memory.size());
  WriteLogLine(writer, level, message, fields, field_count);
  if (writer.full()) return;
  const wire::Head head{.kind = static_cast<std::uint32_t>(wire::Kind::kLog),
                        .flags = 0,
                        .offset = 0,
                        .size = writer.size()};
  // Whether the worker is still there is for the main thread to notice.
  (void)wire::Send(socket_, head, writer.view());
}

}  // namespace dsw::runner
