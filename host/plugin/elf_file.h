// SPDX-License-Identifier: Apache-2.0
//
// What a shared object says about itself, read without running any of it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/base/result.h"

namespace dsw {

struct ElfFile {
  std::string architecture;  ///< As "x86-64" or "32-bit ARM".
  bool native = false;       ///< This process could load it; else the rest is empty.
  bool shared_object = false;
  std::string note;                        ///< Descriptor of the plugin note; empty without one.
  std::vector<std::string> entry_symbols;  ///< Defined symbols dsw_plugin_entry_v*.
};

/// The architecture that this process runs on, named as ElfFile::architecture.
std::string_view NativeArchitecture();

/// Reads the image of a file. Never reads outside `image`, whatever stands in it. kInvalid, with
/// the reason, when it is not an ELF file or its tables are damaged. Layout: System V ABI,
/// chapter 4.
Result<ElfFile> ParseElf(std::string_view image);

}  // namespace dsw
