// SPDX-License-Identifier: Apache-2.0
#include "host/http/early_answer.h"

#include <array>
#include <charconv>
#include <cstddef>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/base/ascii.h"

namespace dsw {
namespace {

constexpr std::size_t kMaxBytes = 64 * 1024;

}  // namespace

std::optional<HttpHeader> ParseHeader(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  return HttpHeader{LowerCase(Trim(line.substr(0, colon))),
                    std::string(Trim(line.substr(colon + 1)))};
}

std::optional<EarlyAnswer> ParseEarlyAnswer(std::string_view bytes) {
  constexpr std::string_view kVersion = "HTTP/1.1 ";
  const std::size_t end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos || bytes.substr(0, kVersion.size()) != kVersion) {
    return std::nullopt;
  }
  std::string_view head = bytes.substr(kVersion.size(), end + 2 - kVersion.size());
  EarlyAnswer answer;
  std::from_chars(head.data(), head.data() + head.size(), answer.status);
  if (answer.status < 400 || answer.status > 599) return std::nullopt;
  bool encoded = false;
  while (!head.empty()) {
    const std::size_t line_end = head.find("\r\n");
    if (std::optional<HttpHeader> header = ParseHeader(head.substr(0, line_end))) {
      encoded =
          encoded || header->name == "transfer-encoding" || header->name == "content-encoding";
      answer.headers.push_back(*std::move(header));
    }
    head.remove_prefix(line_end + 2);
  }
  if (!encoded) answer.body = bytes.substr(end + 4);
  return answer;
}

void SocketCopy::Take(curl_socket_t socket) {
  Close();
  if (socket != CURL_SOCKET_BAD) socket_ = fcntl(socket, F_DUPFD_CLOEXEC, 0);
}

void SocketCopy::Close() {
  if (socket_ >= 0) close(socket_);
  socket_ = -1;
}

std::string SocketCopy::ReadRest() {
  std::string rest;
  std::array<char, 4096> part{};
  while (socket_ >= 0 && rest.size() < kMaxBytes) {
    const ssize_t got = recv(socket_, part.data(), part.size(), MSG_DONTWAIT);
    if (got <= 0) break;
    rest.append(part.data(), static_cast<std::size_t>(got));
  }
  return rest;
}

}  // namespace dsw
