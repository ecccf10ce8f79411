// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/http/h2c_server.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace dsw {
namespace {

using Clock = std::chrono::steady_clock;

nghttp2_nv Field(std::string_view name, std::string_view value) {
  // nghttp2 copies both, but asks for pointers to what may change.
  auto* const name_bytes = reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data()));
  auto* const value_bytes = reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data()));
  return {name_bytes, value_bytes, name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

}  // namespace

/// One connection.
class H2cSession {
 public:
  H2cSession(H2cServer& server, int socket, std::size_t number)
      : server_(server), socket_(socket), number_(number) {
    const int yes = 1;
    setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_send_callback(callbacks, &H2cSession::OnSend);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, &H2cSession::OnHeader);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, &H2cSession::OnData);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, &H2cSession::OnFrame);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, &H2cSession::OnClose);
    nghttp2_session_server_new(&session_, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
    constexpr std::uint32_t kWindow = 16u << 20;
    const std::array<nghttp2_settings_entry, 2> settings = {
        {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, server_.max_concurrent_streams_},
         {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kWindow}}};
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
    nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kWindow);
  }
  ~H2cSession() { nghttp2_session_del(session_); }
  H2cSession(const H2cSession&) = delete;
  H2cSession& operator=(const H2cSession&) = delete;

  void Serve() {
    std::this_thread::sleep_for(server_.settings_delay_);
    std::vector<std::uint8_t> bytes(256 * 1024);
    while (!dropped_ && nghttp2_session_send(session_) == 0) {
      pollfd waiting = {.fd = socket_, .events = POLLIN, .revents = 0};
      if (poll(&waiting, 1, PollTimeout()) > 0) {
        const ssize_t got = recv(socket_, bytes.data(), bytes.size(), 0);
        if (got <= 0) return;
        if (nghttp2_session_mem_recv(session_, bytes.data(), static_cast<std::size_t>(got)) < 0) {
          // What a server for HTTP/2 says to a client of HTTP/1.1.
          nghttp2_session_terminate_session(session_, NGHTTP2_PROTOCOL_ERROR);
          nghttp2_session_send(session_);
          return;
        }
      }
      AnswerDue();
    }
  }

 private:
  struct Stream {
    H2Request request;
    H2Reply reply;
    std::size_t sent = 0;
    std::optional<Clock::time_point> due;
  };

  static H2cSession& Self(void* self) { return *static_cast<H2cSession*>(self); }

  static ssize_t OnSend(nghttp2_session*, const std::uint8_t* bytes, std::size_t size, int,
                        void* self) {
    std::size_t sent = 0;
    while (sent < size) {
      const ssize_t part = send(Self(self).socket_, bytes + sent, size - sent, MSG_NOSIGNAL);
      if (part <= 0) return NGHTTP2_ERR_CALLBACK_FAILURE;
      sent += static_cast<std::size_t>(part);
    }
    return static_cast<ssize_t>(size);
  }

  static int OnHeader(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                      std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                      std::uint8_t, void* self) {
    const std::string_view key(reinterpret_cast<const char*>(name), name_size);
    if (key == ":path") {
      Self(self).streams_[frame->hd.stream_id].request.path.assign(
          reinterpret_cast<const char*>(value), value_size);
    }
    return 0;
  }

  static int OnData(nghttp2_session*, std::uint8_t, std::int32_t stream, const std::uint8_t* bytes,
                    std::size_t size, void* self) {
    Self(self).streams_[stream].request.body.append(reinterpret_cast<const char*>(bytes), size);
    return 0;
  }

  static int OnFrame(nghttp2_session*, const nghttp2_frame* frame, void* self) {
    const bool carries_request =
        frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    if (carries_request && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
      Self(self).Handle(Self(self).streams_[frame->hd.stream_id]);
    }
    return 0;
  }

  static int OnClose(nghttp2_session*, std::int32_t stream, std::uint32_t, void* self) {
    Self(self).streams_.erase(stream);
    return 0;
  }

  static ssize_t ReadBody(nghttp2_session* session, std::int32_t stream, std::uint8_t* to,
                          std::size_t room, std::uint32_t* flags, nghttp2_data_source* source,
                          void*) {
    Stream& state = *static_cast<Stream*>(source->ptr);
    const std::string_view left = std::string_view(state.reply.body).substr(state.sent, room);
    std::memcpy(to, left.data(), left.size());
    state.sent += left.size();
    if (state.sent == state.reply.body.size()) {
      *flags |= NGHTTP2_DATA_FLAG_EOF;
      if (!state.reply.trailers.empty()) {
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        std::vector<nghttp2_nv> fields;
        for (const auto& [name, value] : state.reply.trailers) {
          fields.push_back(Field(name, value));
        }
        nghttp2_submit_trailer(session, stream, fields.data(), fields.size());
      }
    }
    return static_cast<ssize_t>(left.size());
  }

  void Handle(Stream& stream) {
    {
      const std::lock_guard lock(server_.mutex_);
      ++server_.request_count_;
    }
    stream.request.connection = number_;
    stream.reply = server_.handler_(stream.request);
    stream.due = Clock::now() + stream.reply.delay;
    dropped_ = dropped_ || stream.reply.drop_connection;
  }

  int PollTimeout() const {
    std::optional<Clock::time_point> next;
    for (const auto& [id, stream] : streams_) {
      if (stream.due && (!next || *stream.due < *next)) next = stream.due;
    }
    if (!next) return -1;
    return std::max(
        0, static_cast<int>(
               std::chrono::ceil<std::chrono::milliseconds>(*next - Clock::now()).count()));
  }

  void AnswerDue() {
    for (auto& [id, stream] : streams_) {
      if (!stream.due || *stream.due > Clock::now()) continue;
      stream.due.reset();
      const std::string status = std::to_string(stream.reply.status);
      const nghttp2_nv field = Field(":status", status);
      nghttp2_data_provider body{};
      body.source.ptr = &stream;
      body.read_callback = &H2cSession::ReadBody;
      nghttp2_submit_response(session_, id, &field, 1, &body);
    }
  }

  H2cServer& server_;
  const int socket_;
  const std::size_t number_;
  nghttp2_session* session_ = nullptr;
  std::map<std::int32_t, Stream> streams_;
  bool dropped_ = false;
};

H2cServer::H2cServer(Handler handler, std::uint32_t max_concurrent_streams,
                     std::chrono::milliseconds settings_delay)
    : handler_(std::move(handler)),
      max_concurrent_streams_(max_concurrent_streams),
      settings_delay_(settings_delay) {
  accepting_ = std::thread([this] { Accept(); });
}

H2cServer::~H2cServer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  shutdown(listener_.socket(), SHUT_RDWR);
  accepting_.join();
  CloseConnections();
  for (Peer& peer : peers_) {
    peer.thread.join();
    close(peer.socket);
  }
}

void H2cServer::Accept() {
  while (true) {
    const int socket = accept4(listener_.socket(), nullptr, nullptr, SOCK_CLOEXEC);
    const std::lock_guard lock(mutex_);
    if (socket < 0) return;
    Peer& peer = peers_.emplace_back();
    peer.socket = socket;
    peer.thread = std::thread([this, socket, number = peers_.size()] {
      H2cSession(*this, socket, number).Serve();
      shutdown(socket, SHUT_RDWR);
    });
    if (stopping_) shutdown(socket, SHUT_RDWR);
  }
}

std::string H2cServer::Url(std::string_view path) const {
  return "http://127.0.0.1:" + std::to_string(listener_.port()) + std::string(path);
}

std::size_t H2cServer::connection_count() const {
  const std::lock_guard lock(mutex_);
  return peers_.size();
}

std::size_t H2cServer::request_count() const {
  const std::lock_guard lock(mutex_);
  return request_count_;
}

void H2cServer::CloseConnections() {
  const std::lock_guard lock(mutex_);
  for (const Peer& peer : peers_) shutdown(peer.socket, SHUT_RDWR);
}

}  // namespace dsw
