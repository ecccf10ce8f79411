// SPDX-License-Identifier: Apache-2.0
#include "host/http/transfer.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include <fmt/format.h>
#include <sys/socket.h>

#include "host/base/ascii.h"
#include "host/http/errors.h"

namespace dsw {
namespace {

/// More than libcurl's defaults, since most bodies are of megabytes.
constexpr long kReceiveBytes = 256 * 1024;
constexpr long kSendBytes = 256 * 1024;
constexpr long kKeepAliveIdleSeconds = 30;
constexpr long kKeepAliveIntervalSeconds = 10;
/// Qdrant and the servers made with actix close a connection that was idle for 5 s, and a request
/// that crosses that close costs a second attempt. libcurl cuts the age to whole seconds: 3 is
/// "below 4 s". Behind TLS a new connection is dear, and public services wait for a minute or more.
constexpr long kMaxIdleSeconds = 3;
constexpr long kMaxIdleSecondsTls = 30;

class CurlResponse final : public HttpResponse {
 public:
  CurlResponse(BodyBuffer body, std::shared_ptr<BodyBufferPool> pool)
      : body_(std::move(body)), pool_(std::move(pool)) {}
  ~CurlResponse() override { pool_->Give(std::move(body_)); }
  std::string_view body() const override { return body_.view(); }

 private:
  BodyBuffer body_;
  const std::shared_ptr<BodyBufferPool> pool_;
};

template <typename T>
void Set(CURL* easy, CURLoption option, T value, CURLcode& failed) {
  const CURLcode code = curl_easy_setopt(easy, option, value);
  if (code != CURLE_OK) failed = code;
}

long Info(CURL* easy, CURLINFO what) {
  long value = 0;
  curl_easy_getinfo(easy, what, &value);
  return value;
}

/// Up to libcurl 8.0, a connection opened by prior knowledge is broken by a request that also asks
/// for prior knowledge, and served well by one that asks for HTTP/2 (curl/curl#10634).
long VersionOnOpenConnection() {
  static const bool repaired = curl_version_info(CURLVERSION_NOW)->version_num >= 0x080000;
  return repaired ? CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE : CURL_HTTP_VERSION_2_0;
}

}  // namespace

Transfer::Transfer(const CurlHttpClientOptions& options, const HttpRequest& request,
                   const RequestParts& parts, const EgressCheck& egress)
    : options_(options),
      request_(request),
      parts_(parts),
      egress_(egress),
      max_response_bytes_(request.max_response_bytes != 0 ? request.max_response_bytes
                                                          : options.max_response_bytes) {}

Status Transfer::Prepare(CURL* handle, Connecting connecting,
                         const std::shared_ptr<BodyBufferPool>& pool) {
  handle_ = handle;
  pool_ = pool;
  piece_ = 0;
  position_ = 0;
  early_answer_.reset();
  headers_.clear();
  trailers_.clear();
  in_trailers_ = receiving_ = answered_ = too_large_ = no_memory_ = connected_ =
      found_no_connection_ = tried_address_ = false;
  denied_.reset();
  may_open_ = connecting != Connecting::kOpen;
  error_text_[0] = '\0';

  CURLcode failed = CURLE_OK;
  Set(handle, CURLOPT_PRIVATE, static_cast<void*>(this), failed);
  Set(handle, CURLOPT_ERRORBUFFER, error_text_.data(), failed);
  Set(handle, CURLOPT_NOSIGNAL, 1L, failed);
  // Else libcurl's thread waits for the resolver when it gives up a transfer.
  Set(handle, CURLOPT_QUICK_EXIT, 1L, failed);
  Set(handle, CURLOPT_BUFFERSIZE, kReceiveBytes, failed);
  Set(handle, CURLOPT_UPLOAD_BUFFERSIZE, kSendBytes, failed);
  Set(handle, CURLOPT_ACCEPT_ENCODING, "", failed);
  if (!options_.user_agent.empty()) {
    Set(handle, CURLOPT_USERAGENT, options_.user_agent.c_str(), failed);
  }
  Set(handle, CURLOPT_WRITEFUNCTION, &Transfer::OnWrite, failed);
  Set(handle, CURLOPT_WRITEDATA, static_cast<void*>(this), failed);
  Set(handle, CURLOPT_HEADERFUNCTION, &Transfer::OnHeader, failed);
  Set(handle, CURLOPT_HEADERDATA, static_cast<void*>(this), failed);
  Set(handle, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L, failed);
  SetRequest(handle, failed);
  SetConnection(handle, connecting, failed);
  if (failed != CURLE_OK) {
    return Fail(Code::kInternal, fmt::format("cannot set up a call to {}: {}", parts_.origin,
                                             curl_easy_strerror(failed)));
  }
  return {};
}

void Transfer::SetRequest(CURL* handle, CURLcode& failed) {
  Set(handle, CURLOPT_CURLU, parts_.url.get(), failed);
  Set(handle, CURLOPT_HTTPHEADER, parts_.headers.get(), failed);
  const std::string& method = parts_.method;
  if (parts_.body_bytes > 0 || method == "POST" || method == "PUT" || method == "PATCH") {
    Set(handle, CURLOPT_POST, 1L, failed);
    Set(handle, CURLOPT_POSTFIELDSIZE_LARGE, parts_.body_bytes, failed);
    Set(handle, CURLOPT_READFUNCTION, &Transfer::OnRead, failed);
    Set(handle, CURLOPT_READDATA, static_cast<void*>(this), failed);
    Set(handle, CURLOPT_SEEKFUNCTION, &Transfer::OnSeek, failed);
    Set(handle, CURLOPT_SEEKDATA, static_cast<void*>(this), failed);
  } else if (method == "HEAD") {
    Set(handle, CURLOPT_NOBODY, 1L, failed);
  }
  Set(handle, CURLOPT_CUSTOMREQUEST, method.c_str(), failed);
}

void Transfer::SetConnection(CURL* handle, Connecting connecting, CURLcode& failed) {
  Set(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.connect_timeout.count()),
      failed);
  Set(handle, CURLOPT_TCP_KEEPALIVE, 1L, failed);
  Set(handle, CURLOPT_TCP_KEEPIDLE, kKeepAliveIdleSeconds, failed);
  Set(handle, CURLOPT_TCP_KEEPINTVL, kKeepAliveIntervalSeconds, failed);
  Set(handle, CURLOPT_MAXAGE_CONN, parts_.tls ? kMaxIdleSecondsTls : kMaxIdleSeconds, failed);
  // An empty text, unlike none, keeps libcurl from looking into the environment.
  Set(handle, CURLOPT_PROXY, parts_.proxy.c_str(), failed);
  Set(handle, CURLOPT_NOPROXY, "", failed);
  if (!options_.ca_file.empty() || !options_.ca_dir.empty()) {
    Set(handle, CURLOPT_CAINFO, options_.ca_file.empty() ? nullptr : options_.ca_file.c_str(),
        failed);
    Set(handle, CURLOPT_CAPATH, options_.ca_dir.empty() ? nullptr : options_.ca_dir.c_str(),
        failed);
  }

  long version = CURL_HTTP_VERSION_1_1;
  if (parts_.tls) {
    version = CURL_HTTP_VERSION_2TLS;
    // Rather a stream of the connection that is being opened than one connection per call.
    Set(handle, CURLOPT_PIPEWAIT, 1L, failed);
  } else if (request_.http2) {
    version = connecting == Connecting::kOpen ? VersionOnOpenConnection()
                                              : long{CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE};
    Set(handle, CURLOPT_HTTPPROXYTUNNEL, 1L, failed);
  }
  Set(handle, CURLOPT_HTTP_VERSION, version, failed);
  Set(handle, CURLOPT_PREREQFUNCTION, &Transfer::OnConnected, failed);
  Set(handle, CURLOPT_PREREQDATA, static_cast<void*>(this), failed);
  // What TLS has hidden cannot be read from the socket, and short bodies are sent at once. On a
  // connection that had served before, a failed send is followed by one on a new connection.
  if (!parts_.tls && !request_.http2 && parts_.body_bytes > kSendBytes) {
    Set(handle, CURLOPT_SOCKOPTFUNCTION, &Transfer::OnNewSocket, failed);
    Set(handle, CURLOPT_SOCKOPTDATA, static_cast<void*>(this), failed);
  }
  if (connecting == Connecting::kFresh) Set(handle, CURLOPT_FRESH_CONNECT, 1L, failed);
  Set(handle, CURLOPT_OPENSOCKETFUNCTION, &Transfer::OnSocket, failed);
  Set(handle, CURLOPT_OPENSOCKETDATA, static_cast<void*>(this), failed);
}

std::size_t Transfer::OnRead(char* to, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const std::size_t room = size * count;
  std::size_t filled = 0;
  while (filled < room && transfer.piece_ < transfer.request_.body.size()) {
    const std::string_view left =
        transfer.request_.body[transfer.piece_].substr(transfer.position_);
    const std::size_t part = std::min(left.size(), room - filled);
    std::memcpy(to + filled, left.data(), part);
    filled += part;
    transfer.position_ += part;
    if (part == left.size()) {
      ++transfer.piece_;
      transfer.position_ = 0;
    }
  }
  return filled;
}

/// libcurl asks for this before it sends a body again by itself, up to five times. It shall not: it
/// is MultiLoop that sends a request once more.
int Transfer::OnSeek(void*, curl_off_t, int) {
  return CURL_SEEKFUNC_FAIL;
}

std::size_t Transfer::OnWrite(char* from, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const std::string_view bytes(from, size * count);
  return transfer.Receive(transfer.handle_, bytes) ? bytes.size() : bytes.size() + 1;
}

bool Transfer::Receive(CURL* handle, std::string_view bytes) {
  if (bytes.size() > max_response_bytes_ - body_.view().size()) {
    too_large_ = true;
    return false;
  }
  if (!receiving_) {
    receiving_ = true;
    // The length on the wire, which compression makes a guess; and what a server only says it has
    // is not believed beyond the limit.
    curl_off_t length = -1;
    curl_easy_getinfo(handle, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    const auto expected = static_cast<std::size_t>(std::min<std::uint64_t>(
        length > 0 ? static_cast<std::uint64_t>(length) : 0, max_response_bytes_));
    body_ = pool_->Take(expected);
    no_memory_ = !body_.Reserve(expected);
  }
  no_memory_ = no_memory_ || !body_.Append(bytes);
  return !no_memory_;
}

/// A status line, a field, or the empty line behind the fields; trailers come after that. libcurl's
/// own list of headers, in 7.88, takes trailers of HTTP/2 for headers.
std::size_t Transfer::OnHeader(char* from, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const std::string_view line = Trim({from, size * count});
  transfer.answered_ = true;
  if (line.substr(0, 5) == "HTTP/") {
    // What came before was interim, as "100 Continue".
    transfer.headers_.clear();
    transfer.in_trailers_ = false;
  } else if (line.empty()) {
    transfer.in_trailers_ = true;
  } else if (std::optional<HttpHeader> header = ParseHeader(line)) {
    (transfer.in_trailers_ ? transfer.trailers_ : transfer.headers_).push_back(*std::move(header));
  }
  return size * count;
}

/// Also for a connection that was opened for another request, which may have been allowed more.
int Transfer::OnConnected(void* self, char* address, char*, int, int) {
  auto& transfer = *static_cast<Transfer*>(self);
  transfer.denied_ = transfer.egress_.Connection(ParseIpAddress(address));
  if (transfer.denied_) return CURL_PREREQFUNC_ABORT;
  transfer.connected_ = true;
  return CURL_PREREQFUNC_OK;
}

int Transfer::OnNewSocket(void* self, curl_socket_t socket, curlsocktype) {
  static_cast<Transfer*>(self)->socket_.Take(socket);
  return CURL_SOCKOPT_OK;
}

/// The address is the one that is connected to next, whatever the name stood for before.
curl_socket_t Transfer::OnSocket(void* self, curlsocktype, curl_sockaddr* address) {
  auto& transfer = *static_cast<Transfer*>(self);
  if (!transfer.may_open_) {
    transfer.found_no_connection_ = true;
    return CURL_SOCKET_BAD;
  }
  if (auto denied = transfer.egress_.Connection(AddressIn(&address->addr))) {
    if (!transfer.tried_address_) transfer.denied_ = std::move(denied);
    return CURL_SOCKET_BAD;
  }
  // With an address that is allowed, whatever fails is a failure of the peer.
  transfer.tried_address_ = true;
  transfer.denied_.reset();
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

void Transfer::LookForEarlyAnswer() {
  if (!answered_) early_answer_ = ParseEarlyAnswer(socket_.ReadRest());
}

bool Transfer::MetDeadConnection(CURL* handle, CURLcode code) const {
  if (!LooksStale(code) || answered_ || early_answer_) return false;
  // libcurl was about to send on a new connection by itself.
  if (code == CURLE_SEND_FAIL_REWIND) return true;
  return connected_ && Info(handle, CURLINFO_NUM_CONNECTS) == 0;
}

Error Transfer::Timeout() const {
  return DescribeTimeout(parts_.origin, std::chrono::duration_cast<std::chrono::milliseconds>(
                                            std::max(request_.deadline, began_) - began_));
}

Result<std::unique_ptr<HttpResponse>> Transfer::Collect(CURL* handle, CURLcode code) {
  if (too_large_) return Fail(DescribeTooLarge(parts_.origin, max_response_bytes_));
  if (no_memory_) code = CURLE_OUT_OF_MEMORY;
  if (code != CURLE_OK && denied_) return Fail(*denied_);
  const bool http2 = Info(handle, CURLINFO_HTTP_VERSION) == CURL_HTTP_VERSION_2_0;
  if (code == CURLE_OK && request_.http2 && !http2) code = CURLE_UNSUPPORTED_PROTOCOL;
  if (code == CURLE_OK && !body_.Pad()) code = CURLE_OUT_OF_MEMORY;
  if (code != CURLE_OK && early_answer_) return MakeEarlyResponse();
  if (code != CURLE_OK) {
    return Fail(DescribeFailure({.code = code,
                                 .origin = parts_.origin,
                                 .os_error = static_cast<int>(Info(handle, CURLINFO_OS_ERRNO)),
                                 .proxy_status = Info(handle, CURLINFO_HTTP_CONNECTCODE),
                                 .http2 = request_.http2,
                                 .reused = repeated || Info(handle, CURLINFO_NUM_CONNECTS) == 0,
                                 .answered = answered_,
                                 .detail = error_text_.data(),
                                 .connect_timeout = options_.connect_timeout}));
  }
  auto response = std::make_unique<CurlResponse>(std::move(body_), pool_);
  response->status = static_cast<int>(Info(handle, CURLINFO_RESPONSE_CODE));
  response->headers = std::move(headers_);
  response->trailers = std::move(trailers_);
  return response;
}

Result<std::unique_ptr<HttpResponse>> Transfer::MakeEarlyResponse() {
  BodyBuffer body;
  if (!body.Append(early_answer_->body) || !body.Pad()) {
    return Fail(Code::kInternal, "no memory for a response");
  }
  auto response = std::make_unique<CurlResponse>(std::move(body), pool_);
  response->status = early_answer_->status;
  response->headers = std::move(early_answer_->headers);
  return response;
}

void Transfer::Drop() {
  socket_.Close();
  if (pool_ != nullptr) pool_->Give(std::exchange(body_, {}));
}

}  // namespace dsw
