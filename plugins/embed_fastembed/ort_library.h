// SPDX-License-Identifier: Apache-2.0
// ONNX Runtime, found and loaded at run time.
#pragma once

#include <filesystem>
#include <string>

#include <onnxruntime_c_api.h>

#include <dsw/plugin.hpp>

namespace dsw::fastembed {

/// A loaded ONNX Runtime with its environment. Immutable after construction. Thread-safe.
class OrtLibrary {
 public:
  /// The process's ONNX Runtime, loaded by the first call that succeeds and never unloaded.
  /// `configured` is a file or the folder it is in; when empty, the plugin's own folder and then
  /// the system are searched. Its warnings go to the host's log. Thread-safe. Throws Failure
  /// (DSW_E_INVALID_CONFIG, local) that says what was looked for, where, and how to get it.
  static const OrtLibrary& Load(const std::filesystem::path& configured, const dsw_host& host);

  OrtLibrary(const OrtLibrary&) = delete;
  OrtLibrary& operator=(const OrtLibrary&) = delete;

  const OrtApi& api() const { return *api_; }
  OrtEnv* env() const { return env_; }
  const std::string& version() const { return version_; }

  /// Throws Failure (`category`) with `context` and ONNX Runtime's own words when `status` is an
  /// error; releases it.
  void Check(OrtStatus* status, dsw_status category, const std::string& context) const;

 private:
  OrtLibrary(const OrtApi* api, std::string version, const dsw_host& host);

  const OrtApi* api_;
  std::string version_;
  OrtEnv* env_ = nullptr;
};

}  // namespace dsw::fastembed
