// SPDX-License-Identifier: Apache-2.0
// Shares loaded models between instances.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "plugins/embed_fastembed/model.h"

namespace dsw::fastembed {

/// Thread-safe.
class ModelCache {
 public:
  /// The model of `config`, loaded unless somebody holds it or it was the last one asked for, which
  /// stays loaded so that one job after another does not load it again. Reads files. Throws Failure
  /// as FindModelFiles, OrtLibrary::Load and Model do; a failure is not remembered.
  std::shared_ptr<const Model> Get(const Config& config, const dsw_host& host);

  /// Lets go of the last model.
  void Clear();

 private:
  std::mutex mutex_;  // held while loading: two callers want the same model or compete for memory
  std::map<std::string, std::weak_ptr<const Model>> models_;  // guarded by mutex_; key: ONNX file
  std::shared_ptr<const Model> last_;                         // guarded by mutex_
};

}  // namespace dsw::fastembed
