// SPDX-License-Identifier: Apache-2.0
//
// The thread that moves the bytes of all exchanges, with deadlines, cancellation and the one
// repetition of a request that met a dead connection, or one without room for its stream.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

#include <curl/curl.h>

#include "host/base/result.h"
#include "host/http/body_buffer.h"
#include "host/http/curl_http_client.h"
#include "host/http/prior_knowledge.h"
#include "host/http/transfer.h"

namespace dsw {

/// Run() is thread-safe; everything else is the loop's own.
class MultiLoop {
 public:
  explicit MultiLoop(const CurlHttpClientOptions& options);
  /// Ends what runs with kCancelled.
  ~MultiLoop();

  /// Blocks until the transfer has ended.
  Result<std::unique_ptr<HttpResponse>> Run(Transfer& transfer, const std::stop_token& cancel);

 private:
  struct CleanUpMulti {
    void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
  };
  struct CleanUpEasy {
    void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
  };
  using Easy = std::unique_ptr<CURL, CleanUpEasy>;

  void Loop();
  /// False when the loop is to end.
  bool TakeNew();
  void EndOverdue();
  /// What libcurl has finished. True when transfers were started.
  bool TakeFinished();
  /// Connections that others wait for. True when transfers were started.
  bool TakeOpened();
  std::chrono::milliseconds PollTimeout() const;

  void Start(Transfer& transfer);
  void Begin(Transfer& transfer, Connecting connecting);
  void Settle(Transfer& transfer, CURLcode code);
  void Detach(Transfer& transfer);
  /// Of a transfer that is detached.
  void Finish(Transfer& transfer, Result<std::unique_ptr<HttpResponse>> outcome);
  void FinishFailed(Transfer& transfer, Error error);
  void StartAll(const std::vector<Transfer*>& transfers);

  const std::unique_ptr<CURLM, CleanUpMulti> multi_;
  const std::shared_ptr<BodyBufferPool> pool_ = std::make_shared<BodyBufferPool>();
  std::vector<Transfer*> active_;
  PriorKnowledge prior_knowledge_;

  std::mutex mutex_;
  std::condition_variable left_;
  std::vector<Transfer*> new_;  ///< Guarded by mutex_.
  std::size_t inside_ = 0;      ///< Calls of Run(); guarded by mutex_.
  bool stopping_ = false;       ///< Guarded by mutex_.
  std::thread thread_;
};

}  // namespace dsw
