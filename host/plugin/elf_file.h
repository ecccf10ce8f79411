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
  std::vector<std::string> needed;         ///< Libraries that are loaded with it.
  std::string run_path;                    ///< Where those are looked for; empty: as usual.
  std::string glibc;                       ///< Oldest C library that will do, as "2.36"; or empty.
};

/// Whether version `a` is later than `b`; both are numbers with dots, or empty for none.
bool NewerVersion(std::string_view a, std::string_view b);

/// The architecture that this process runs on, named as ElfFile::architecture.
std::string_view NativeArchitecture();

/// Reads the image of a file. Never reads outside `image`, whatever stands in it. kInvalid, with
/// the reason, when it is not an ELF file or its tables are damaged. Layout: System V ABI,
/// chapter 4.
Result<ElfFile> ParseElf(std::string_view image);

}  // namespace dsw
