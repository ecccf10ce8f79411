// SPDX-License-Identifier: Apache-2.0
#include "host/app/plugin_host.h"

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "host/http/curl_http_client.h"
#include "host/secrets/resolve.h"

namespace dsw {
namespace {

CatalogOptions OptionsFrom(const Settings& settings, HttpClient& http) {
  CatalogOptions options{
      .defaults = {settings.provider_defaults.begin(), settings.provider_defaults.end()},
      .aliases = {},
      .sink = settings.vector_sink,
      .keys = settings.provider_keys,
      .resolve_key =
          [master_key = settings.encryption_master_key](const Secret& reference) {
            return ResolveSecret(reference, master_key, std::getenv);
          },
      .http = &http};
  if (settings.use_local_embedder) options.aliases.emplace("internal", "fastembed");
  return options;
}

}  // namespace

std::vector<std::filesystem::path> PluginDirectories(const Settings& settings) {
  std::vector<std::filesystem::path> directories;
  std::string_view rest = settings.plugin_dir;
  while (!rest.empty()) {
    const std::string_view part = rest.substr(0, rest.find(':'));
    if (!part.empty()) directories.emplace_back(part);
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
  }
  return directories;
}

Result<LoadOptions> PluginLoadOptions(const Settings& settings) {
  std::error_code error;
  const std::filesystem::path here =
      std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  LoadOptions options;
  ASSIGN_OR_RETURN(options.trust, TrustPolicy::Create({.mode = settings.plugin_trust,
                                                       .trusted_keys = settings.plugin_trusted_keys,
                                                       .deny = settings.plugin_deny}));
  options.isolation = settings.plugin_isolation;
  options.own_directories = {DefaultPluginDirectory(), here / "../lib/worker-datasets/plugins"};
  options.grants = settings.plugin_grants;
  options.memory = static_cast<std::uint64_t>(settings.plugin_memory) << 20;
  const std::filesystem::path runner = here / "dsw-plugin-runner";
  if (std::filesystem::exists(runner, error)) options.runner = runner;
  return options;
}

Result<std::unique_ptr<PluginHost>> PluginHost::Open(const Settings& settings) {
  ASSIGN_OR_RETURN(LoadOptions options, PluginLoadOptions(settings));
  ASSIGN_OR_RETURN(std::unique_ptr<CurlHttpClient> http,
                   CurlHttpClient::Create({.user_agent = "worker-datasets/" DSW_VERSION,
                                           .https_proxy = settings.https_proxy,
                                           .http_proxy = settings.http_proxy,
                                           .no_proxy = settings.no_proxy,
                                           .ca_file = settings.ssl_cert_file,
                                           .ca_dir = settings.ssl_cert_dir,
                                           .egress = settings.egress}));
  std::unique_ptr<PluginHost> host(new PluginHost(settings, std::move(options), std::move(http)));
  RETURN_IF_ERROR(host->Check(settings));
  return host;
}

PluginHost::PluginHost(const Settings& settings, LoadOptions options,
                       std::unique_ptr<HttpClient> http)
    : http_(std::move(http)),
      plugins_(PluginDirectories(settings), std::move(options)),
      catalog_(std::make_unique<LoadedCatalog>(plugins_, OptionsFrom(settings, *http_))) {}

PluginHost::~PluginHost() {
  catalog_.reset();
  plugins_.Shutdown();
}

bool PluginHost::Reload(bool refused) {
  const std::lock_guard turn(reloading_);
  const bool changed = plugins_.Reload(refused);
  if (changed) catalog_->CloseIdle();
  return changed;
}

Status PluginHost::Check(const Settings& settings) const {
  RETURN_IF_ERROR(plugins_.CheckUnique());
  const auto providers = plugins_.providers();
  const bool any_embedder =
      std::any_of(providers.begin(), providers.end(),
                  [](const auto& provider) { return provider->kind == ProviderKind::kEmbedder; });
  if (!any_embedder) {
    return Fail(Code::kNotFound,
                fmt::format("no plugin in {} offers an embedder: set PLUGIN_DIR, and see "
                            "`worker-datasets plugins` for what became of each file",
                            settings.plugin_dir));
  }
  if (plugins_.Find(ProviderKind::kSink, settings.vector_sink) == nullptr) {
    return Fail(Code::kNotFound,
                fmt::format("no plugin in {} offers the sink `{}` of VECTOR_SINK: see "
                            "`worker-datasets plugins` for what there is",
                            settings.plugin_dir, settings.vector_sink));
  }
  return {};
}

}  // namespace dsw
