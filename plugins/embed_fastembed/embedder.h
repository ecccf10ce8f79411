// SPDX-License-Identifier: Apache-2.0
// One instance of the provider.
#pragma once

#include <memory>
#include <mutex>
#include <string_view>

#include <dsw/plugin.hpp>

#include "plugins/embed_fastembed/config.h"
#include "plugins/embed_fastembed/model.h"
#include "plugins/embed_fastembed/model_cache.h"
#include "plugins/embed_fastembed/slots.h"

namespace dsw::fastembed {

/// What all instances of a process share.
struct Shared {
  ModelCache models;
  Slots slots;
};

/// Thread-safe.
class FastEmbedder {
 public:
  /// No I/O. Throws Failure as ParseConfig does.
  FastEmbedder(Shared& shared, const dsw_host& host, std::string_view config_json);

  /// The two operations of the ABI; the first call of either loads the model. Throw Failure.
  void Embed(const dsw_call& call, const dsw_embed_request& request, const dsw_embed_out& out);
  void Describe(const dsw_call& call, dsw_model_facts& facts);

 private:
  struct Loaded {
    std::shared_ptr<const Model> model;
    Model::Options options;
  };
  const Loaded& Load();

  Shared& shared_;
  const dsw_host& host_;
  const Config config_;
  std::mutex mutex_;
  Loaded loaded_;  // guarded by mutex_ until its model is set, constant from then on
};

}  // namespace dsw::fastembed
