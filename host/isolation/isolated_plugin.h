// SPDX-License-Identifier: Apache-2.0
//
// A plugin in a process of its own, behind an ordinary table.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <dsw/plugin.h>

#include "host/base/result.h"
#include "host/isolation/remote_table.h"
#include "host/isolation/supervisor.h"

namespace dsw {

struct IsolationOptions {
  std::filesystem::path program;               ///< dsw-plugin-runner.
  std::filesystem::path path;                  ///< The plugin's file, for people.
  std::string_view image;                      ///< Its bytes; borrowed by Open() only.
  std::string sha256;                          ///< Of them, for people.
  const dsw_host* host = nullptr;              ///< Valid until the process ends.
  std::chrono::milliseconds limit{};           ///< For each step of loading.
  std::chrono::milliseconds instance_limit{};  ///< For making and ending an instance.
  std::uint64_t memory = 0;                    ///< Bytes that the process may take; 0: any number.
  // What the operator granted.
  bool files = false;
  bool net = false;
};

/// The plugin's code never runs here, and its bytes are those that were checked: its process gets
/// them as a sealed file. Open(), Enter(), Initialise() and ShutDown() belong to the thread that
/// loads plugins; the functions of table() may then be used as those of any plugin's table, with
/// this object as the state that they take. Outlives its instances.
class IsolatedPlugin {
 public:
  /// Starts the process and loads the file there. kInvalid says what the dynamic linker said, or
  /// how the process ended; kUnavailable as SealedFile().
  static Result<std::unique_ptr<IsolatedPlugin>> Open(const IsolationOptions& options);
  IsolatedPlugin(const IsolatedPlugin&) = delete;
  IsolatedPlugin& operator=(const IsolatedPlugin&) = delete;
  ~IsolatedPlugin();

  /// As the entry function, also in what it throws.
  dsw_status Enter(const dsw_plugin** table, dsw_error* error);
  /// As dsw_plugin.init, which the plugin need not have.
  dsw_status Initialise(dsw_error* error);

  /// From now on calls go to the process of `newer`, another version that has the same providers at
  /// the same places and was loaded but not used yet; those under way end in the process that they
  /// are in, which goes with the last of them. Instances are made again as they are used. The table
  /// of `newer`; it is not to be used itself any more.
  const dsw_plugin* TakeOver(IsolatedPlugin& newer);

  // For the functions of the table.
  dsw_status Create(std::size_t provider, const dsw_instance_params& params, void** instance,
                    dsw_error* error);
  static void Destroy(void* instance);
  void ShutDown();

  // At any time, on any thread.
  ProcessStatus Look() { return supervisor_.Look(); }
  bool Release() { return supervisor_.Release(); }

 private:
  IsolatedPlugin(const IsolationOptions& options, std::shared_ptr<const FileDescriptor> bytes);

  const dsw_host& host_;
  Supervisor supervisor_;
  /// Of all versions: instances keep to the table that they were made with. Belongs to whoever
  /// loads.
  std::vector<std::unique_ptr<RemoteTable>> tables_;
};

}  // namespace dsw
