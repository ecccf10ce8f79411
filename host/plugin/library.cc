// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/library.h"

#include <exception>
#include <string>

#include <boost/dll/shared_library.hpp>
#include <dlfcn.h>

#include "host/base/floating_point.h"

namespace dsw {
namespace {

std::string LinkerMessage() {
  const char* message = dlerror();
  return message == nullptr ? "the dynamic linker does not say why" : message;
}

}  // namespace

Result<dsw_plugin_entry_fn> LoadEntry(const std::filesystem::path& path) {
  // Boost.DLL would add RTLD_LAZY, with which a missing symbol ends the process at its first use.
  constexpr auto kMode =
      static_cast<boost::dll::load_mode::type>(RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  const FloatingPointKeeper keeper;
  try {
    // RTLD_NODELETE turns the closing of the handle into nothing.
    boost::dll::shared_library library;
    boost::dll::fs::error_code error;
    library.load(path, kMode, error);
    // Of the linker's words Boost's own exceptions make a longer sentence that misleads.
    if (error) return Fail(Code::kInvalid, "cannot be loaded: " + LinkerMessage());
    return &library.get<dsw_status(const dsw_host*, const dsw_plugin**, dsw_error*)>(
        DSW_ENTRY_SYMBOL);
  } catch (const std::exception& failure) {
    return Fail(Code::kInvalid, std::string("cannot be loaded: ") + failure.what());
  }
}

}  // namespace dsw
