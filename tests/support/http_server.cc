// SPDX-License-Identifier: Apache-2.0
#include "tests/support/http_server.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <stdexcept>
#include <system_error>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#include <zlib.h>

namespace dsw {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMaxHeadBytes = 64 * 1024;
constexpr std::size_t kReadBytes = 64 * 1024;
constexpr milliseconds kReadTimeout{30'000};

/// Ends a connection: the client is gone, or said what cannot be understood.
struct Disconnect {};
struct Refuse {
  int status;
  const char* reason;
};

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::uint64_t Number(std::string_view text, int base) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size()) throw Refuse{400, "bad length"};
  return value;
}

std::string Gzip(std::string_view plain) {
  z_stream stream{};
  constexpr int kGzipWindow = 15 + 16;
  if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::runtime_error("cannot begin to compress");
  }
  std::string packed(deflateBound(&stream, plain.size()), '\0');
  std::string input(plain);
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  const int result = deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  if (result != Z_STREAM_END) throw std::runtime_error("cannot compress");
  return packed;
}

ReceivedRequest ParseHead(std::string_view head) {
  ReceivedRequest request;
  const std::string_view line = head.substr(0, head.find("\r\n"));
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || last <= first || line.substr(last) != " HTTP/1.1") {
    throw Refuse{400, "bad request line"};
  }
  request.method = line.substr(0, first);
  const std::string_view target = line.substr(first + 1, last - first - 1);
  const std::size_t question = target.find('?');
  request.path = target.substr(0, question);
  if (question != std::string_view::npos) request.query = target.substr(question + 1);
  head.remove_prefix(line.size() + 2);
  while (!head.empty()) {
    const std::string_view field = head.substr(0, head.find("\r\n"));
    const std::size_t colon = field.find(':');
    if (colon == std::string_view::npos || colon == 0) throw Refuse{400, "bad header"};
    request.headers.emplace_back(Lower(field.substr(0, colon)), Trim(field.substr(colon + 1)));
    head.remove_prefix(std::min(head.size(), field.size() + 2));
  }
  return request;
}

[[noreturn]] void ThrowErrno(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> MakeTls(const RawHttpServerOptions& options) {
  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context(nullptr, &SSL_CTX_free);
  if (options.certificate_file.empty()) return context;
  context.reset(SSL_CTX_new(TLS_server_method()));
  SSL_CTX* const raw = context.get();
  if (raw == nullptr ||
      SSL_CTX_use_certificate_chain_file(raw, options.certificate_file.c_str()) != 1 ||
      SSL_CTX_use_PrivateKey_file(raw, options.key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    throw std::runtime_error("cannot use " + options.certificate_file.string());
  }
  return context;
}

}  // namespace

/// One connection, with or without TLS, and what was read ahead from it.
class RawHttpServer::Connection {
 public:
  Connection(RawHttpServer& server, int socket, std::uint64_t number)
      : server_(server), socket_(socket), number_(number), tls_(nullptr, &SSL_free) {
    const int yes = 1;
    setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    SetTimeout(kReadTimeout);
    if (server_.tls_ == nullptr) return;
    tls_.reset(SSL_new(server_.tls_.get()));
    SSL_set_fd(tls_.get(), socket_);
    if (SSL_accept(tls_.get()) != 1) throw Disconnect{};
  }

  /// False when the client has no further request.
  bool ServeOne() {
    SetTimeout(server_.options_.keep_alive);
    std::size_t end = std::string::npos;
    while ((end = ahead_.find("\r\n\r\n")) == std::string::npos) {
      if (ahead_.size() > kMaxHeadBytes) throw Refuse{431, "head too long"};
      ReadAhead();
      if (ahead_[0] < 'A' || ahead_[0] > 'Z') throw Refuse{400, "not HTTP"};
      SetTimeout(kReadTimeout);
    }
    ReceivedRequest request = ParseHead(std::string_view(ahead_).substr(0, end));
    request.arrived = std::chrono::steady_clock::now();
    request.connection = number_;
    ahead_.erase(0, end + 4);

    const bool chunked = Lower(request.header("transfer-encoding")) == "chunked";
    const std::string_view length = request.header("content-length");
    const std::uint64_t content_length = length.empty() ? 0 : Number(length, 10);
    if (server_.options_.early) {
      if (const std::optional<HttpReply> reply = server_.options_.early(request, content_length)) {
        Send(request, *reply);
        return false;
      }
    }
    if (chunked) {
      ReadChunks(request.body);
    } else {
      ReadBody(request.body, content_length);
    }
    server_.Record(request);

    HttpReply reply;
    try {
      reply = server_.handler_(request);
    } catch (const std::exception& e) {
      reply = {.status = 500, .body = e.what()};
    }
    return Send(request, reply) && Lower(request.header("connection")) != "close";
  }

  void Answer(const Refuse& refuse) {
    Send({}, {.status = refuse.status, .body = refuse.reason, .close = true});
  }

 private:
  void SetTimeout(milliseconds timeout) {
    const timeval value = {.tv_sec = timeout.count() / 1000,
                           .tv_usec = timeout.count() % 1000 * 1000};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &value, sizeof value);
  }

  std::size_t Read(char* to, std::size_t size) {
    ssize_t got = 0;
    if (tls_ != nullptr) {
      got = SSL_read(tls_.get(), to, static_cast<int>(std::min<std::size_t>(size, 1u << 30)));
    } else {
      do {
        got = recv(socket_, to, size, 0);
      } while (got < 0 && errno == EINTR);
    }
    if (got <= 0) throw Disconnect{};
    server_.bytes_received_ += static_cast<std::uint64_t>(got);
    return static_cast<std::size_t>(got);
  }

  void ReadAhead() {
    const std::size_t had = ahead_.size();
    ahead_.resize(had + kReadBytes);
    const std::size_t got = Read(ahead_.data() + had, kReadBytes);
    ahead_.resize(had + got);
  }

  void ReadBody(std::string& body, std::uint64_t size) {
    const std::size_t had = body.size();
    if (size > server_.options_.max_body_bytes - std::min(had, server_.options_.max_body_bytes)) {
      throw Refuse{413, "body too long"};
    }
    body.resize(had + size);
    std::size_t filled = std::min<std::size_t>(size, ahead_.size());
    std::memcpy(body.data() + had, ahead_.data(), filled);
    ahead_.erase(0, filled);
    while (filled < size) filled += Read(body.data() + had + filled, size - filled);
  }

  std::string ReadLine() {
    std::size_t end = std::string::npos;
    while ((end = ahead_.find("\r\n")) == std::string::npos) {
      if (ahead_.size() > kMaxHeadBytes) throw Refuse{400, "line too long"};
      ReadAhead();
    }
    std::string line = ahead_.substr(0, end);
    ahead_.erase(0, end + 2);
    return line;
  }

  void ReadChunks(std::string& body) {
    while (true) {
      const std::string line = ReadLine();
      const std::uint64_t size = Number(Trim(std::string_view(line).substr(0, line.find(';'))), 16);
      if (size == 0) break;
      ReadBody(body, size);
      if (!ReadLine().empty()) throw Refuse{400, "bad chunk"};
    }
    while (!ReadLine().empty()) {
    }
  }

  void Write(std::string_view first, std::string_view second = {}, std::string_view third = {}) {
    std::array<iovec, 3> pieces = {};
    std::size_t count = 0;
    for (const std::string_view piece : {first, second, third}) {
      if (!piece.empty()) pieces[count++] = {const_cast<char*>(piece.data()), piece.size()};
    }
    std::size_t next = 0;
    while (next < count) {
      const ssize_t sent = WriteSome(&pieces[next], count - next);
      if (sent <= 0) throw Disconnect{};
      server_.bytes_sent_ += static_cast<std::uint64_t>(sent);
      for (std::size_t left = static_cast<std::size_t>(sent); left > 0;) {
        const std::size_t part = std::min(left, pieces[next].iov_len);
        pieces[next].iov_base = static_cast<char*>(pieces[next].iov_base) + part;
        pieces[next].iov_len -= part;
        left -= part;
        if (pieces[next].iov_len == 0) ++next;
      }
    }
  }

  ssize_t WriteSome(iovec* pieces, std::size_t count) {
    if (tls_ != nullptr) {
      return SSL_write(tls_.get(), pieces->iov_base,
                       static_cast<int>(std::min<std::size_t>(pieces->iov_len, 1u << 30)));
    }
    msghdr message{};
    message.msg_iov = pieces;
    message.msg_iovlen = count;
    ssize_t sent = 0;
    do {
      sent = sendmsg(socket_, &message, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent;
  }

  /// A close() that follows sends RST in place of FIN.
  void ArmReset() {
    const linger at_once = {.l_onoff = 1, .l_linger = 0};
    setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }

  /// Until the client gives up or the server stops.
  void Hang() {
    SetTimeout(milliseconds(0));
    std::string dropped(kReadBytes, '\0');
    while (true) Read(dropped.data(), dropped.size());
  }

  /// False when the connection is not to be used again.
  bool Send(const ReceivedRequest& request, const HttpReply& reply) {
    using Fate = HttpReply::Fate;
    if (reply.delay.count() > 0 && !server_.Wait(reply.delay)) return false;
    if (reply.fate == Fate::kReset) ArmReset();
    if (reply.fate == Fate::kHang) Hang();
    if (reply.fate == Fate::kReset || reply.fate == Fate::kClose) return false;

    std::string_view body = reply.shared_body ? *reply.shared_body : reply.body;
    std::string packed;
    std::string head = "HTTP/1.1 " + std::to_string(reply.status) + " Status\r\n";
    for (const auto& [name, value] : reply.headers) head.append(name + ": " + value + "\r\n");
    if (reply.gzip && request.header("accept-encoding").find("gzip") != std::string_view::npos) {
      packed = Gzip(body);
      body = packed;
      head += "Content-Encoding: gzip\r\n";
    }
    if (reply.chunked) {
      head += "Transfer-Encoding: chunked\r\n";
    } else if (reply.status >= 200 && reply.status != 204 && reply.status != 304) {
      head += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    }
    if (reply.close) head += "Connection: close\r\n";
    head += "\r\n";
    if (request.method == "HEAD") body = {};

    if (reply.fate != Fate::kWhole) {
      if (reply.chunked) head += Hex(body.size());
      Write(head, body.substr(0, reply.sent));
      if (reply.fate == Fate::kResetBody) ArmReset();
      if (reply.fate == Fate::kHangInBody) Hang();
      return false;
    }
    if (reply.chunked && !body.empty()) {
      Write(head);
      constexpr std::size_t kChunk = 64 * 1024;
      for (; !body.empty(); body.remove_prefix(std::min(kChunk, body.size()))) {
        const std::string_view chunk = body.substr(0, kChunk);
        Write(Hex(chunk.size()), chunk, "\r\n");
      }
      Write("0\r\n\r\n");
    } else {
      Write(head, reply.chunked ? std::string_view("0\r\n\r\n") : body);
    }
    return !reply.close;
  }

  static std::string Hex(std::size_t size) {
    std::array<char, 24> digits{};
    const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), size, 16);
    return std::string(digits.data(), end) + "\r\n";
  }

  RawHttpServer& server_;
  const int socket_;
  const std::uint64_t number_;
  std::unique_ptr<SSL, void (*)(SSL*)> tls_;
  std::string ahead_;
};

std::string_view ReceivedRequest::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

RawHttpServer::RawHttpServer(Handler handler, RawHttpServerOptions options, int port)
    : handler_(std::move(handler)), options_(std::move(options)), tls_(MakeTls(options_)) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listener_ < 0) ThrowErrno("socket");
  const int yes = 1;
  setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      listen(listener_, SOMAXCONN) != 0 ||
      getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    close(listener_);
    ThrowErrno("listen");
  }
  port_ = ntohs(address.sin_port);
  accepting_ = std::thread([this] { Accept(); });
}

RawHttpServer::~RawHttpServer() {
  Stop();
}

std::string RawHttpServer::Url(std::string_view path) const {
  return (tls_ != nullptr ? "https://127.0.0.1:" : "http://127.0.0.1:") + std::to_string(port_) +
         std::string(path);
}

void RawHttpServer::Stop() {
  if (!accepting_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (const Peer& peer : peers_) {
      if (!peer.finished) shutdown(peer.socket, SHUT_RDWR);
    }
  }
  changed_.notify_all();
  shutdown(listener_, SHUT_RDWR);
  accepting_.join();
  close(listener_);
  for (Peer& peer : peers_) peer.thread.join();
}

void RawHttpServer::Accept() {
  while (true) {
    const int socket = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0 && (errno == EINTR || errno == ECONNABORTED)) continue;
    std::list<Peer> finished;
    {
      const std::lock_guard lock(mutex_);
      if (socket < 0 || stopping_) {
        if (socket >= 0) close(socket);
        return;
      }
      for (auto peer = peers_.begin(); peer != peers_.end();) {
        const auto next = std::next(peer);
        if (peer->finished) finished.splice(finished.end(), peers_, peer);
        peer = next;
      }
      Peer& peer = peers_.emplace_back();
      peer.socket = socket;
      peer.thread =
          std::thread([this, &peer, number = ++connection_count_] { Serve(peer, number); });
    }
    for (Peer& peer : finished) peer.thread.join();
  }
}

void RawHttpServer::Serve(Peer& peer, std::uint64_t number) {
  // OpenSSL writes without MSG_NOSIGNAL.
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
  try {
    Connection connection(*this, peer.socket, number);
    try {
      while (connection.ServeOne()) {
      }
    } catch (const Refuse& refuse) {
      connection.Answer(refuse);
    }
  } catch (const Disconnect&) {
  }
  const std::lock_guard lock(mutex_);
  close(peer.socket);
  peer.finished = true;
}

void RawHttpServer::Record(ReceivedRequest& request) {
  const std::lock_guard lock(mutex_);
  request.sequence = ++request_count_;
  if (options_.record) {
    if (options_.record_bodies) {
      requests_.push_back(request);
    } else {
      std::string body = std::move(request.body);
      requests_.push_back(request);
      request.body = std::move(body);
    }
  }
  changed_.notify_all();
}

bool RawHttpServer::Wait(milliseconds duration) {
  std::unique_lock lock(mutex_);
  return !changed_.wait_for(lock, duration, [this] { return stopping_; });
}

std::vector<ReceivedRequest> RawHttpServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

std::size_t RawHttpServer::request_count() const {
  const std::lock_guard lock(mutex_);
  return request_count_;
}

std::size_t RawHttpServer::connection_count() const {
  const std::lock_guard lock(mutex_);
  return connection_count_;
}

bool RawHttpServer::WaitForRequests(std::size_t count) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::seconds(20),
                           [this, count] { return request_count_ >= count; });
}

}  // namespace dsw
