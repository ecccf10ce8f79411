// SPDX-License-Identifier: Apache-2.0
//
// The worker's settings, as typed values. settings_table.cc says which variable fills which member.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/egress_rules.h"
#include "host/base/log_filter.h"
#include "host/base/result.h"
#include "host/base/secret.h"
#include "host/domain/isolation.h"
#include "host/domain/plugin_trust.h"
#include "host/domain/point.h"

namespace dsw {

/// Immutable once parsed. Members are described in the table, by the variable that fills them.
struct Settings {
  // NATS
  std::string nats_url;  ///< One server or several, separated by commas; may hold a password.
  std::string nats_creds;
  std::string nats_stream;
  std::string nats_consumer;
  std::string nats_dlq_stream;
  std::string nats_dlq_consumer;
  std::string nats_status_stream;
  bool nats_create_streams = true;
  std::int64_t nats_replicas = 0;
  std::chrono::milliseconds nats_ack_wait{};

  // PostgreSQL
  std::string database_url;  ///< May hold a password.
  std::int64_t database_pool_size = 0;
  Secret encryption_master_key;

  // Jobs
  std::int64_t worker_concurrency = 0;
  std::int64_t max_retries = 0;
  std::chrono::milliseconds provider_patience{};
  std::int64_t batch_retention_days = 0;
  std::vector<std::chrono::milliseconds> retry_schedule;  ///< Never empty.
  std::chrono::milliseconds job_timeout{};
  std::chrono::milliseconds shutdown_timeout{};

  // Embedding
  std::int64_t embedding_batch_size = 0;
  std::int64_t max_chunks_per_job = 0;
  std::int64_t batches_in_flight = 0;  ///< 0: auto.
  std::int64_t worker_memory = 0;      ///< MiB; 0: auto.
  std::chrono::milliseconds embedder_timeout{};
  std::int64_t embedder_max_retries = 0;
  std::chrono::milliseconds embedder_retry_delay{};
  std::int64_t max_embedder_requests_per_second = 0;
  std::chrono::milliseconds embedder_outage_patience{};
  std::string failed_chunk_policy;  ///< "record" or "fail".
  bool use_local_embedder = false;

  /// Keys of services, by provider id; those of qdrant as well. References as in EmbedderConfig.
  std::map<std::string, Secret, std::less<>> provider_keys;

  // HTTP
  std::string https_proxy;  ///< May hold a password, as the next one.
  std::string http_proxy;
  std::string no_proxy;
  std::string ssl_cert_file;
  std::string ssl_cert_dir;
  EgressRules egress;

  // Plugins
  std::string plugin_dir;  ///< Directories, separated by colons.
  PluginTrust plugin_trust = PluginTrust::kAuto;
  std::string plugin_trusted_keys;
  std::string plugin_deny;
  Isolation plugin_isolation = Isolation::kAuto;
  /// By the plugin's id: "files", "net".
  std::map<std::string, std::set<std::string>, std::less<>> plugin_grants;
  std::int64_t plugin_memory = 0;  ///< MiB; 0: any number.
  std::string fastembed_model_dir;
  std::int64_t fastembed_threads = 0;
  std::string onnxruntime_lib;

  // Sink
  std::string vector_sink;
  PayloadStyle payload_style = PayloadStyle::kSpec;
  std::string sqlite_path;
  std::string qdrant_url;
  std::string qdrant_transport;
  std::string qdrant_grpc_url;
  bool qdrant_create_collection = true;
  std::string qdrant_distance;  ///< "Cosine", "Euclid" or "Dot".
  std::int64_t qdrant_hnsw_m = 0;
  std::int64_t qdrant_hnsw_ef_construct = 0;
  std::int64_t qdrant_upload_batch_size = 0;
  bool qdrant_enable_quantization = false;

  // Observability
  std::string metrics_address;
  std::int64_t metrics_port = 0;
  LogFilter log_filter;
  LogFormat log_format = LogFormat::kAuto;
  std::string otel_endpoint;
  std::string otel_service_name;
  std::string otel_service_version;

  /// What each variable ended up as, by name; passwords masked.
  struct Effective {
    std::string value;
    bool from_environment = false;
  };
  std::map<std::string, Effective, std::less<>> effective;
  /// By provider id: the default options of its instances, as JSON object text, without secrets.
  std::map<std::string, std::string, std::less<>> provider_defaults;
  /// Remarks that do not keep the worker from running, as variables that look misspelled.
  std::vector<std::string> warnings;
};

/// PLUGIN_DIR where it is not set: where this build installs its plugins.
std::string_view DefaultPluginDirectory();

/// Names and values, as of the process.
using Environment = std::map<std::string, std::string, std::less<>>;
Environment ProcessEnvironment();

/// The settings that `environment` asks for; a variable that is empty counts as not set. On failure
/// the message has one line per mistake, each with the variable, its value (masked where it may
/// hold a secret) and what is allowed.
Result<Settings> ParseSettings(const Environment& environment);

}  // namespace dsw
