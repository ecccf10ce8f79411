// SPDX-License-Identifier: Apache-2.0
// Weak references find models in use; one strong reference keeps the last one.
#include "plugins/embed_fastembed/model_cache.h"

namespace dsw::fastembed {

std::shared_ptr<const Model> ModelCache::Get(const Config& config, const dsw_host& host) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const ModelFiles files = FindModelFiles(config.model, config.model_dir);
  std::weak_ptr<const Model>& entry = models_[files.onnx.string()];
  std::shared_ptr<const Model> model = entry.lock();
  if (model == nullptr) {
    last_.reset();  // before loading, so that the two need not fit into memory together
    const OrtLibrary& library = OrtLibrary::Load(config.onnxruntime_lib, host);
    try {
      model = std::make_shared<const Model>(library, files);
    } catch (Failure& failure) {
      BlameFiles(files, failure);
      throw;
    }
    entry = model;
    Log(host, nullptr, DSW_LOG_INFO,
        "model " + config.model + " loaded from " + files.onnx.string());
  }
  last_ = model;
  return model;
}

void ModelCache::Clear() {
  const std::lock_guard<std::mutex> lock(mutex_);
  last_.reset();
}

}  // namespace dsw::fastembed
