// SPDX-License-Identifier: Apache-2.0
#include "host/isolation/isolated_plugin.h"

#include <utility>

#include "host/base/sealed_file.h"
#include "host/isolation/forward.h"

namespace dsw {
namespace {

RunnerOptions RunnerOptionsFrom(const IsolationOptions& options,
                                std::shared_ptr<const FileDescriptor> bytes) {
  return {.program = options.program,
          .name = options.path.filename().string(),
          .sha256 = options.sha256,
          .bytes = std::move(bytes),
          .host = options.host,
          .memory = options.memory,
          .files = options.files,
          .net = options.net};
}

std::string_view ViewOf(const dsw_str& text) {
  return text.ptr == nullptr ? std::string_view() : std::string_view(text.ptr, text.len);
}

}  // namespace

Result<std::unique_ptr<IsolatedPlugin>> IsolatedPlugin::Open(const IsolationOptions& options) {
  ASSIGN_OR_RETURN(FileDescriptor file, SealedFile(options.image, options.path.string()));
  std::unique_ptr<IsolatedPlugin> plugin(
      new IsolatedPlugin(options, std::make_shared<const FileDescriptor>(std::move(file))));
  RETURN_IF_ERROR(plugin->supervisor_.Open());
  return plugin;
}

IsolatedPlugin::IsolatedPlugin(const IsolationOptions& options,
                               std::shared_ptr<const FileDescriptor> bytes)
    : host_(*options.host),
      supervisor_(RunnerOptionsFrom(options, std::move(bytes)), options.limit,
                  options.instance_limit) {}

IsolatedPlugin::~IsolatedPlugin() {
  supervisor_.ShutDown(false);
}

dsw_status IsolatedPlugin::Enter(const dsw_plugin** table, dsw_error* error) {
  const Result<std::string> content = supervisor_.Enter();
  if (!content) return ReportFailure(DSW_E_UNAVAILABLE, content.error().message, error);
  wire::Reader reader(*content);
  RemoteOutcome outcome;
  if (!outcome.Read(reader)) {
    return ReportFailure(DSW_E_INTERNAL, "its process broke the protocol", error);
  }
  if (!outcome.ok()) return outcome.Deliver(error);
  Result<std::unique_ptr<RemoteTable>> read = RemoteTable::Read(reader.rest());
  if (!read) return ReportFailure(DSW_E_INVALID_CONFIG, read.error().message, error);
  tables_.push_back(*std::move(read));
  *table = tables_.back()->table();
  return DSW_OK;
}

dsw_status IsolatedPlugin::Initialise(dsw_error* error) {
  if (!tables_.back()->has_init()) return DSW_OK;
  const Result<std::string> content = supervisor_.Initialise();
  if (!content) return ReportFailure(DSW_E_UNAVAILABLE, content.error().message, error);
  wire::Reader reader(*content);
  RemoteOutcome outcome;
  if (!outcome.Read(reader)) {
    return ReportFailure(DSW_E_INTERNAL, "its process broke the protocol", error);
  }
  return outcome.Deliver(error);
}

dsw_status IsolatedPlugin::Create(std::size_t provider, const dsw_instance_params& params,
                                  void** instance, dsw_error* error) {
  std::unique_ptr<RemoteInstance> remote(
      new RemoteInstance{.supervisor = supervisor_,
                         .host = host_,
                         .provider = static_cast<std::uint32_t>(provider),
                         .id = std::string(ViewOf(params.instance_id)),
                         .config = std::string(ViewOf(params.config_json))});
  bool made = false;
  const dsw_status status = CreateRemote(*remote, made, error);
  if (status == DSW_OK && made) *instance = remote.release();
  return status;
}

void IsolatedPlugin::Destroy(void* instance) {
  const std::unique_ptr<RemoteInstance> remote(static_cast<RemoteInstance*>(instance));
  DestroyRemote(*remote);
}

const dsw_plugin* IsolatedPlugin::TakeOver(IsolatedPlugin& newer) {
  supervisor_.TakeOver(newer.supervisor_);
  tables_.push_back(std::move(newer.tables_.back()));
  newer.tables_.pop_back();
  return tables_.back()->table();
}

void IsolatedPlugin::ShutDown() {
  supervisor_.ShutDown(true);
}

}  // namespace dsw
