// SPDX-License-Identifier: Apache-2.0
//
// An embedder over a server of one's own, whose dialect it finds out.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include <dsw/http.hpp>
#include <dsw/plugin.hpp>

#include "plugins/embed_internal/config.h"
#include "plugins/embed_internal/dialect.h"

namespace dsw::self_hosted {

/// Thread-safe. Operations throw a Failure.
class InternalEmbedder {
 public:
  InternalEmbedder(const dsw_host& host, std::string_view config_json);

  void Embed(const dsw_call& call, const dsw_embed_request& request, const dsw_embed_out& out);
  void Describe(const dsw_call& call, dsw_model_facts& facts);

 private:
  /// How to reach the server. Immutable.
  struct Route {
    Dialect dialect;
    std::string url;
    ServerFacts facts;
  };
  using RoutePtr = std::shared_ptr<const Route>;

  /// The route that was found before, or a new one. An answer that leaves the dialect open, as that
  /// of a server that is starting, is a failure and is not kept.
  RoutePtr FindRoute(const dsw_call& call);
  RoutePtr AskAll(const dsw_call& call);
  /// Nothing when the server does not speak the dialect.
  std::optional<ServerFacts> Ask(const dsw_call& call, Dialect dialect);
  RoutePtr Keep(const dsw_call& call, Dialect dialect, std::optional<ServerFacts> facts);
  /// Another route after `failure` of `route`; null when there is none.
  RoutePtr Correct(const dsw_call& call, const Route& route, const Failure& failure);
  void Post(const dsw_call& call, const Route& route, const dsw_embed_request& request,
            const dsw_embed_out& out) const;

  const dsw_host& host_;
  const Http http_;
  const Config config_;
  std::mutex mutex_;
  RoutePtr route_;  // Guarded by mutex_.
};

}  // namespace dsw::self_hosted
