// SPDX-License-Identifier: Apache-2.0
// Search order, dlopen, and the errors for when nothing suitable is found.
#include "plugins/embed_fastembed/ort_library.h"

#include <algorithm>
#include <mutex>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <dlfcn.h>

namespace dsw::fastembed {
namespace {

namespace fs = std::filesystem;

// Everything called here is in this version of the API, and a library serves every version up to
// its own, whatever header this was compiled against.
constexpr std::uint32_t kApiVersion = 17;

constexpr const char* kName = "libonnxruntime.so";

/// libonnxruntime.so and its versioned names in `folder`, the plain name first.
std::vector<fs::path> LibrariesIn(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code ignored;
  for (fs::directory_iterator it(folder, ignored), end; !ignored && it != end;
       it.increment(ignored)) {
    const std::string name = it->path().filename().string();
    if (name == kName || name.rfind(std::string(kName) + ".", 0) == 0) found.push_back(it->path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

/// The file that this code is from. A worker may load a sealed copy in memory instead, by a link in
/// /proc that reads "/memfd:PATH (deleted)".
fs::path OwnFile() {
  Dl_info info{};
  if (dladdr(&kName, &info) == 0 || info.dli_fname == nullptr) return {};
  const fs::path loaded = info.dli_fname;
  std::error_code error;
  const std::string target = fs::read_symlink(loaded, error).string();
  constexpr std::string_view kStart = "/memfd:";
  constexpr std::string_view kEnd = " (deleted)";
  if (error || target.rfind(kStart, 0) != 0 || target.size() < kStart.size() + kEnd.size()) {
    return loaded;
  }
  return target.substr(kStart.size(), target.size() - kStart.size() - kEnd.size());
}

fs::path OwnFolder() {
  return OwnFile().parent_path();
}

/// The worker may know this plugin by its bytes, and so load it from a folder that everybody can
/// write to. Of a library there nobody knows anything.
bool OpenToEverybody(const fs::path& path) {
  std::error_code error;
  const fs::perms permissions = fs::status(path, error).permissions();
  return error || (permissions & fs::perms::others_write) != fs::perms::none;
}

std::vector<fs::path> LibrariesBesideThis() {
  if (OpenToEverybody(OwnFolder())) return {};
  std::vector<fs::path> found = LibrariesIn(OwnFolder());
  found.erase(std::remove_if(found.begin(), found.end(), OpenToEverybody), found.end());
  return found;
}

/// Candidates to open, in order. A name without a slash is for the dynamic linker to find.
std::vector<fs::path> Candidates(const fs::path& configured) {
  std::error_code ignored;
  if (!configured.empty()) {
    if (fs::is_directory(configured, ignored)) return LibrariesIn(configured);
    return {configured};
  }
  std::vector<fs::path> candidates = LibrariesBesideThis();
  candidates.insert(candidates.end(), {kName, std::string(kName) + ".1"});
  // Distributions give the library a versioned name that only their -dev package links to.
  for (const char* folder : {"/usr/local/lib", "/usr/lib/x86_64-linux-gnu",
                             "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"}) {
    for (const fs::path& path : LibrariesIn(folder)) candidates.push_back(path);
  }
  return candidates;
}

[[noreturn]] void NotFound(const fs::path& configured, const std::string& problems) {
  std::string message = "ONNX Runtime: ";
  if (configured.empty()) {
    message += "looked for " + std::string(kName) + " in the plugin's folder (" +
               OwnFolder().string() +
               ", unless everybody can write to it) and in the system's library folders";
  } else {
    message += "looked for " + configured.string() + " (ONNXRUNTIME_LIB)";
  }
  if (!problems.empty()) message += "; " + problems;
  message +=
      ". Get it with packaging/lib/fetch-onnxruntime.sh, or the system package libonnxruntime, or "
      "a release of ONNX Runtime, and set ONNXRUNTIME_LIB to the file or put it into the plugin's "
      "folder";
  throw Failure(DSW_E_INVALID_CONFIG, message).Local();
}

const OrtApiBase* Open(const fs::path& path, std::string& problem) {
  void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (handle == nullptr) {
    problem = dlerror();
    return nullptr;
  }
  using GetApiBase = const OrtApiBase* (*)();
  const auto get = reinterpret_cast<GetApiBase>(dlsym(handle, "OrtGetApiBase"));
  if (get == nullptr) {
    problem = path.string() + " has no OrtGetApiBase";
    return nullptr;
  }
  const OrtApiBase* base = get();
  if (base->GetApi(kApiVersion) == nullptr) {
    problem = path.string() + " is version " + base->GetVersionString() + ", needed is 1." +
              std::to_string(kApiVersion) + " or later";
    return nullptr;
  }
  return base;
}

void ORT_API_CALL LogToHost(void* host, OrtLoggingLevel severity, const char*, const char*,
                            const char* location, const char* message) {
  const std::int32_t level = severity >= ORT_LOGGING_LEVEL_ERROR ? DSW_LOG_ERROR : DSW_LOG_WARN;
  Log(*static_cast<const dsw_host*>(host), nullptr, level,
      "ONNX Runtime: " + std::string(message) + " (" + location + ")");
}

}  // namespace

OrtLibrary::OrtLibrary(const OrtApi* api, std::string version, const dsw_host& host)
    : api_(api), version_(std::move(version)) {
  Check(api_->CreateEnvWithCustomLogger(&LogToHost, const_cast<dsw_host*>(&host),
                                        ORT_LOGGING_LEVEL_WARNING, "fastembed", &env_),
        DSW_E_INTERNAL, "ONNX Runtime did not start");
}

const OrtLibrary& OrtLibrary::Load(const fs::path& configured, const dsw_host& host) {
  static std::mutex mutex;
  static const OrtLibrary* loaded = nullptr;  // outlives every session, exit handlers included
  const std::lock_guard<std::mutex> lock(mutex);
  if (loaded != nullptr) return *loaded;

  std::string problems;
  for (const fs::path& candidate : Candidates(configured)) {
    std::string problem;
    if (const OrtApiBase* base = Open(candidate, problem)) {
      loaded = new OrtLibrary(base->GetApi(kApiVersion), base->GetVersionString(), host);
      return *loaded;
    }
    // That a search finds nothing under a bare name is the ordinary case and says nothing.
    if (!configured.empty() || candidate.has_parent_path())
      problems += (problems.empty() ? "" : "; ") + problem;
  }
  if (problems.empty() && !configured.empty()) problems = "there is none in that folder";
  NotFound(configured, problems);
}

void OrtLibrary::Check(OrtStatus* status, dsw_status category, const std::string& context) const {
  if (status == nullptr) return;
  const std::string message = context + ": " + api_->GetErrorMessage(status);
  api_->ReleaseStatus(status);
  throw Failure(category, message);
}

}  // namespace dsw::fastembed
