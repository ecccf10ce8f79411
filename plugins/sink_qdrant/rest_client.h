// SPDX-License-Identifier: Apache-2.0
//
// Requests to Qdrant's REST API.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include <dsw/http.hpp>

#include "plugins/sink_qdrant/config.h"

namespace dsw::qdrant {

/// Thread-safe. Operations throw dsw::Failure.
class RestClient {
 public:
  /// `config` outlives it.
  RestClient(const dsw_host& host, const Config& config) : http_(host), config_(config) {}

  /// One exchange, whatever its status; `path` begins with a slash.
  HttpResponse Send(const dsw_call& call, std::string_view method, std::string_view path,
                    std::vector<dsw_str> body = {}) const;
  /// Throws what a response that is no success means; DSW_E_BAD_RESPONSE for one that does not come
  /// from Qdrant.
  void Require(const HttpResponse& response) const;
  /// "result" of a success; DSW_E_BAD_RESPONSE when there is none.
  nlohmann::ordered_json Result(const HttpResponse& response) const;

  nlohmann::ordered_json Get(const dsw_call& call, std::string_view path) const {
    return Result(Send(call, "GET", path));
  }
  nlohmann::ordered_json Post(const dsw_call& call, std::string_view path,
                              std::string_view body) const {
    return Result(Send(call, "POST", path, {Str(body)}));
  }

 private:
  const Http http_;
  const Config& config_;
};

}  // namespace dsw::qdrant
