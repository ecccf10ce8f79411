// SPDX-License-Identifier: Apache-2.0
#include "host/runner/plugin.h"

#include <dlfcn.h>

#include "host/base/floating_point.h"

namespace dsw::runner {
namespace {

std::string LinkersWords() {
  const char* const words = dlerror();
  return words == nullptr ? "the dynamic linker does not say why" : words;
}

}  // namespace

std::string Plugin::Open(int fd) {
  const FloatingPointKeeper keeper;
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  void* const library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (library == nullptr) return LinkersWords();
  entry_ = reinterpret_cast<dsw_plugin_entry_fn>(dlsym(library, DSW_ENTRY_SYMBOL));
  return entry_ == nullptr ? LinkersWords() : std::string();
}

Outcome Plugin::Enter(const dsw_host* host) {
  const FloatingPointKeeper keeper;
  return Guarded([&](dsw_error* error) { return entry_(host, &table_, error); });
}

Outcome Plugin::Initialise(const dsw_host* host) {
  const FloatingPointKeeper keeper;
  return Guarded([&](dsw_error* error) { return table_->init(host, &state_, error); });
}

Outcome Plugin::ShutDown() {
  return Guarded([&](dsw_error*) {
    table_->shutdown(state_);
    return dsw_status{DSW_OK};
  });
}

}  // namespace dsw::runner
