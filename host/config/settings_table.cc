// SPDX-License-Identifier: Apache-2.0
#include "host/config/settings_table.h"

#include <utility>

#include <fmt/format.h>

#include "host/config/setting_rules.h"

namespace dsw {
namespace {

using namespace rules;

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

Setting Row(std::string_view group, std::string_view name, std::string_view default_value,
            Rule rule, std::string_view help, Sensitivity sensitivity = Sensitivity::kPlain,
            ProviderOption option = {}) {
  return {group,       name,  default_value, std::move(rule.allowed), help, std::move(rule.read),
          sensitivity, option};
}

constexpr std::string_view kStreamName =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
constexpr std::string_view kStreamNameHelp = "letters, digits, _ and -";
constexpr std::string_view kProviderId = "abcdefghijklmnopqrstuvwxyz0123456789._-";
constexpr std::string_view kProviderIdHelp = "lower-case letters, digits, ., _ and -";
constexpr auto kAddress = Sensitivity::kAddress;
constexpr auto kSecret = Sensitivity::kSecret;
constexpr auto kPlain = Sensitivity::kPlain;

void AddNats(std::vector<Setting>& rows) {
  constexpr std::string_view kGroup = "NATS";
  using S = Settings;
  rows.push_back(Row(kGroup, "NATS_URL", "nats://localhost:4222",
                     Address(&S::nats_url, {"nats", "tls"}),
                     "NATS server, or several separated by commas; may hold user:password or a "
                     "token",
                     kAddress));
  rows.push_back(Row(kGroup, "NATS_CREDS", "", Text(&S::nats_creds, "file"),
                     "Credentials file (JWT and seed), for servers that ask for one"));
  rows.push_back(Row(kGroup, "NATS_STREAM", "DATASET_TRANSFORMS",
                     Name(&S::nats_stream, kStreamName, kStreamNameHelp),
                     "Stream that jobs come from"));
  rows.push_back(Row(kGroup, "NATS_CONSUMER", "worker-datasets",
                     Name(&S::nats_consumer, kStreamName, kStreamNameHelp),
                     "Durable consumer that all workers of a fleet share"));
  rows.push_back(Row(kGroup, "NATS_DLQ_STREAM", "DLQ_DATASET_TRANSFORMS",
                     Name(&S::nats_dlq_stream, kStreamName, kStreamNameHelp),
                     "Stream that failed jobs go to"));
  rows.push_back(Row(kGroup, "NATS_DLQ_CONSUMER", "worker-datasets-dlq",
                     Name(&S::nats_dlq_consumer, kStreamName, kStreamNameHelp),
                     "Durable consumer for reading failed jobs"));
  rows.push_back(Row(kGroup, "NATS_STATUS_STREAM", "TRANSFORM_STATUS",
                     Name(&S::nats_status_stream, kStreamName, kStreamNameHelp),
                     "Stream that status events go to"));
  rows.push_back(Row(kGroup, "NATS_CREATE_STREAMS", "true", Flag(&S::nats_create_streams),
                     "Create streams and consumers that are missing; those that exist are never "
                     "changed"));
  rows.push_back(Row(kGroup, "NATS_REPLICAS", "1", Integer(&S::nats_replicas, 1, 5),
                     "Replicas of the streams that are created"));
  rows.push_back(Row(kGroup, "NATS_ACK_WAIT_SECS", "60",
                     Duration(&S::nats_ack_wait, seconds(1), seconds(1), hours(1)),
                     "Silence after which a job is handed to another worker; for a consumer that "
                     "is created"));
}

void AddDatabase(std::vector<Setting>& rows) {
  constexpr std::string_view kGroup = "PostgreSQL";
  using S = Settings;
  rows.push_back(Row(kGroup, "DATABASE_URL", "postgresql://localhost/semantic_explorer",
                     Database(&S::database_url),
                     "Database with datasets, embedders and transforms; may hold a password",
                     kAddress));
  rows.push_back(Row(kGroup, "DATABASE_POOL_SIZE", "0", Integer(&S::database_pool_size, 0, 1000),
                     "Most connections at a time; 0: as many as the jobs need"));
  rows.push_back(Row(kGroup, "ENCRYPTION_MASTER_KEY", "", HexKey(&S::encryption_master_key),
                     "Key of API keys that are stored encrypted (enc:v1:…)", kSecret));
}

void AddJobs(std::vector<Setting>& rows) {
  constexpr std::string_view kGroup = "Jobs";
  using S = Settings;
  rows.push_back(Row(kGroup, "WORKER_CONCURRENCY", "4", Integer(&S::worker_concurrency, 1, 1024),
                     "Jobs at a time"));
  rows.push_back(Row(kGroup, "MAX_RETRIES", "3", Integer(&S::max_retries, 0, 1000),
                     "Retries of a failed job before it goes to the dead-letter stream"));
  rows.push_back(Row(kGroup, "RETRY_SCHEDULE", "30,120,300,900,3600",
                     Durations(&S::retry_schedule, milliseconds(1), 24 * hours(1)),
                     "Wait before each retry; the last one repeats"));
  rows.push_back(Row(kGroup, "PROVIDER_PATIENCE_SECS", "3600",
                     Duration(&S::provider_patience, seconds(1), seconds(0), 30 * 24 * hours(1)),
                     "How long a job whose provider this worker lacks is left to other workers, "
                     "before it goes to the dead-letter stream"));
  rows.push_back(Row(kGroup, "BATCH_RETENTION_DAYS", "30",
                     Integer(&S::batch_retention_days, 0, 3650),
                     "Days that batch records of finished jobs are kept"));
  rows.push_back(Row(kGroup, "JOB_TIMEOUT", "1800",
                     Duration(&S::job_timeout, seconds(1), seconds(1), 7 * 24 * hours(1)),
                     "Time after which a job is handed back, to go on later from where it was"));
  rows.push_back(Row(kGroup, "WORKER_SHUTDOWN_TIMEOUT_SECS", "30",
                     Duration(&S::shutdown_timeout, seconds(1), seconds(0), hours(1)),
                     "Time that batches in flight get to finish when the worker is told to stop"));
}

void AddEmbedding(std::vector<Setting>& rows) {
  constexpr std::string_view kGroup = "Embedding";
  using S = Settings;
  rows.push_back(Row(kGroup, "EMBEDDING_BATCH_SIZE", "100",
                     Integer(&S::embedding_batch_size, 1, 100000),
                     "Chunks per batch where neither job nor embedder says; providers may cut it "
                     "down"));
  rows.push_back(Row(kGroup, "BATCHES_IN_FLIGHT", "auto",
                     IntegerOrAuto(&S::batches_in_flight, 1, 256),
                     "Most batches of one job at a time; auto: as many as the embedder takes"));
  rows.push_back(
      Row(kGroup, "WORKER_MEMORY", "auto", IntegerOrAuto(&S::worker_memory, 1, 1 << 20),
          "MiB that the batches in flight of all jobs may take together; auto: a quarter "
          "of what the container or machine allows, at most 192"));
  rows.push_back(Row(kGroup, "MAX_CHUNKS_PER_JOB", "100000",
                     Integer(&S::max_chunks_per_job, 1, 1'000'000'000),
                     "Pending chunks above which a job is shared out over all workers, in ranges "
                     "of about so many"));
  rows.push_back(Row(kGroup, "EMBEDDER_TIMEOUT", "60",
                     Duration(&S::embedder_timeout, seconds(1), seconds(1), hours(1)),
                     "Time limit of one call to an embedder"));
  rows.push_back(Row(kGroup, "EMBEDDER_MAX_RETRIES", "3", Integer(&S::embedder_max_retries, 0, 100),
                     "Retries of a failed call, within the job's attempt"));
  rows.push_back(Row(kGroup, "EMBEDDER_RETRY_DELAY_MS", "1000",
                     Duration(&S::embedder_retry_delay, milliseconds(1), milliseconds(0),
                              std::chrono::minutes(10)),
                     "Wait before the first retry of a call; doubles with each"));
  rows.push_back(Row(kGroup, "MAX_EMBEDDER_REQUESTS_PER_SECOND", "10",
                     Integer(&S::max_embedder_requests_per_second, 0, 1'000'000),
                     "Calls per second to an embedder that is a network service; 0: no limit"));
  rows.push_back(Row(kGroup, "EMBEDDER_OUTAGE_PATIENCE", "300",
                     Duration(&S::embedder_outage_patience, seconds(1), seconds(0), 24 * hours(1)),
                     "Time for which jobs wait in place while an embedder is down, before they "
                     "count as failed"));
  rows.push_back(
      Row(kGroup, "FAILED_CHUNK_POLICY", "record",
          Choice<std::string>(&S::failed_chunk_policy, {"record", "fail"}, {"record", "fail"}),
          "What becomes of a chunk that cannot be embedded: it is recorded as failed "
          "and the job goes on, or the job fails"));
  rows.push_back(Row(kGroup, "USE_LOCAL_EMBEDDER", "false", Flag(&S::use_local_embedder),
                     "Serve embedders of provider `internal` in this process, by fastembed"));
  rows.push_back(Row(kGroup, "OPENAI_API_KEY", "", ProviderKey("openai"),
                     "Key for embedders of provider openai that have none of their own and use "
                     "OpenAI's address",
                     kSecret));
  rows.push_back(Row(kGroup, "COHERE_API_KEY", "", ProviderKey("cohere"),
                     "The same for provider cohere", kSecret));
  rows.push_back(
      Row(kGroup, "JINA_API_KEY", "", ProviderKey("jina"), "The same for provider jina", kSecret));
  rows.push_back(Row(kGroup, "VOYAGE_API_KEY", "", ProviderKey("voyage"),
                     "The same for provider voyage", kSecret));
}

void AddHttp(std::vector<Setting>& rows) {
  constexpr std::string_view kGroup = "HTTP";
  using S = Settings;
  rows.push_back(Row(kGroup, "HTTPS_PROXY", "",
                     Address(&S::https_proxy, {"http", "https", "socks5", "socks5h"}),
                     "Proxy for requests to https addresses", kAddress));
  rows.push_back(Row(kGroup, "HTTP_PROXY", "",
                     Address(&S::http_proxy, {"http", "https", "socks5", "socks5h"}),
                     "Proxy for requests to http addresses", kAddress));
  rows.push_back(Row(kGroup, "NO_PROXY", "", Text(&S::no_proxy, "hosts, separated by commas"),
                     "Hosts that are reached without a proxy; a name stands for its subdomains "
                     "too, * for all"));
  rows.push_back(Row(kGroup, "SSL_CERT_FILE", "", Text(&S::ssl_cert_file, "file"),
                     "Certificates (PEM) of the authorities to trust, instead of the system's"));
  rows.push_back(Row(kGroup, "SSL_CERT_DIR", "", Text(&S::ssl_cert_dir, "directory"),
                     "The same as a directory with hashed names"));
  rows.push_back(Row(kGroup, "EGRESS_ALLOW", "", Egress(&EgressRules::allow),
                     "Where providers' requests may go, as api.openai.com,*.example.org:443,"
                     "10.0.0.0/8; not set: wherever EGRESS_DENY does not forbid. QDRANT_URL needs "
                     "no naming, link-local and metadata addresses always do"));
  rows.push_back(Row(kGroup, "EGRESS_DENY", "", Egress(&EgressRules::deny),
                     "Where they may not go; wins over EGRESS_ALLOW"));
}

void AddPlugins(std::vector<Setting>& rows) {
  constexpr std::string_view kGroup = "Plugins";
  using S = Settings;
  rows.push_back(Row(kGroup, "PLUGIN_DIR", DSW_DEFAULT_PLUGIN_DIR,
                     Text(&S::plugin_dir, "directories, separated by colons"),
                     "Where plugins are loaded from"));
  rows.push_back(Row(
      kGroup, "PLUGIN_TRUST", "auto",
      Choice(&S::plugin_trust, {"auto", "off", "warn", "enforce"},
             {PluginTrust::kAuto, PluginTrust::kOff, PluginTrust::kWarn, PluginTrust::kEnforce}),
      "What becomes of a plugin that the plugins.lock beside it does not vouch for; "
      "auto: refused where there is a lock or a trusted key, else loaded"));
  rows.push_back(Row(kGroup, "PLUGIN_TRUSTED_KEYS", "",
                     Text(&S::plugin_trusted_keys, "*.pub file, or directory of them"),
                     "Keys of which one must have signed plugins.lock; none: no signature is "
                     "asked for"));
  rows.push_back(Row(kGroup, "PLUGIN_DENY", "",
                     Text(&S::plugin_deny, "list with commas, or file with one a line"),
                     "SHA-256 sums of plugins that are never loaded"));
  rows.push_back(Row(kGroup, "PLUGIN_ISOLATION", "auto",
                     Choice(&S::plugin_isolation, {"auto", "all", "none"},
                            {Isolation::kAuto, Isolation::kAll, Isolation::kNone}),
                     "Which plugins run in a process of their own; auto: those that did not come "
                     "with the worker"));
  rows.push_back(Row(kGroup, "PLUGIN_GRANTS", "", Grants(),
                     "What a plugin in a process of its own may use beyond the worker's services: "
                     "files, the network"));
  rows.push_back(Row(kGroup, "PLUGIN_MEMORY", "4096", Integer(&S::plugin_memory, 0, 1 << 20),
                     "MiB that the process of a plugin may use before it is ended; 0: no limit"));
  rows.push_back(Row(kGroup, "FASTEMBED_MODEL_DIR", "", Text(&S::fastembed_model_dir, "directory"),
                     "Models of provider fastembed: a FastEmbed or Hugging Face cache, or folders "
                     "with model.onnx",
                     kPlain, {"fastembed", "model_dir"}));
  rows.push_back(Row(kGroup, "FASTEMBED_THREADS", "0", Integer(&S::fastembed_threads, 0, 1024),
                     "Threads of provider fastembed; 0: one per processor", kPlain,
                     {"fastembed", "threads", false}));
  rows.push_back(Row(kGroup, "ONNXRUNTIME_LIB", "", Text(&S::onnxruntime_lib, "file"),
                     "libonnxruntime.so for provider fastembed, where it is not found by itself",
                     kPlain, {"fastembed", "onnxruntime_lib"}));
}

void AddSink(std::vector<Setting>& rows) {
  constexpr std::string_view kGroup = "Vector sink";
  using S = Settings;
  rows.push_back(Row(kGroup, "VECTOR_SINK", "qdrant",
                     Name(&S::vector_sink, kProviderId, kProviderIdHelp),
                     "Provider that stores vectors; `plugins` lists those there are"));
  rows.push_back(Row(kGroup, "PAYLOAD_STYLE", "spec",
                     Choice(&S::payload_style, {"spec", "original", "both"},
                            {PayloadStyle::kSpec, PayloadStyle::kOriginal, PayloadStyle::kBoth}),
                     "Payload keys: dataset_item_id, title, …; or Semantic Explorer's item_id, "
                     "item_title, …"));
  rows.push_back(Row(kGroup, "SQLITE_PATH", "vectors.sqlite", Text(&S::sqlite_path, "file"),
                     "Database file of sink sqlite", kPlain, {"sqlite", "path"}));
  rows.push_back(Row(kGroup, "QDRANT_URL", "http://localhost:6333",
                     Address(&S::qdrant_url, {"http", "https"}), "Address of sink qdrant", kAddress,
                     {"qdrant", "url"}));
  rows.push_back(
      Row(kGroup, "QDRANT_API_KEY", "", ProviderKey("qdrant"), "API key of sink qdrant", kSecret));
  rows.push_back(Row(kGroup, "QDRANT_CREATE_COLLECTION", "true", Flag(&S::qdrant_create_collection),
                     "Create collections that are missing, in any sink"));
  rows.push_back(Row(kGroup, "QDRANT_DISTANCE", "Cosine",
                     Choice<std::string>(&S::qdrant_distance, {"Cosine", "Euclid", "Dot"},
                                         {"Cosine", "Euclid", "Dot"}),
                     "Distance of collections that are created, in any sink"));
  rows.push_back(Row(kGroup, "QDRANT_HNSW_M", "16", Integer(&S::qdrant_hnsw_m, 0, 1024),
                     "Links per node of qdrant's index; 0: no index", kPlain,
                     {"qdrant", "hnsw_m", false}));
  rows.push_back(Row(kGroup, "QDRANT_HNSW_EF_CONSTRUCT", "100",
                     Integer(&S::qdrant_hnsw_ef_construct, 4, 100000),
                     "Candidates that qdrant looks at when it builds its index", kPlain,
                     {"qdrant", "hnsw_ef_construct", false}));
  rows.push_back(Row(kGroup, "QDRANT_UPLOAD_BATCH_SIZE", "100",
                     Integer(&S::qdrant_upload_batch_size, 1, 100000),
                     "Most vectors per upsert, in any sink"));
  rows.push_back(Row(kGroup, "QDRANT_ENABLE_QUANTIZATION", "false",
                     Flag(&S::qdrant_enable_quantization),
                     "Let qdrant keep vectors in one byte per dimension in memory", kPlain,
                     {"qdrant", "quantization", false}));
  rows.push_back(Row(
      kGroup, "QDRANT_TRANSPORT", "auto",
      Choice<std::string>(&S::qdrant_transport, {"auto", "grpc", "rest"}, {"auto", "grpc", "rest"}),
      "What carries vectors to qdrant; auto: gRPC where the server has it", kPlain,
      {"qdrant", "transport"}));
  rows.push_back(Row(kGroup, "QDRANT_GRPC_URL", "", Address(&S::qdrant_grpc_url, {"http", "https"}),
                     "Address of qdrant's gRPC port, where it is not QDRANT_URL's port + 1",
                     kAddress, {"qdrant", "grpc_url"}));
}

void AddObservability(std::vector<Setting>& rows) {
  constexpr std::string_view kGroup = "Observability";
  using S = Settings;
  rows.push_back(Row(kGroup, "METRICS_PORT", "9090", Integer(&S::metrics_port, 0, 65535),
                     "Port of /metrics, /livez, /healthz and /readyz; 0: any free one"));
  rows.push_back(Row(kGroup, "METRICS_ADDRESS", "0.0.0.0", Text(&S::metrics_address, "address"),
                     "Address to listen on"));
  // LOG_LEVEL comes second, so that it replaces what RUST_LOG said.
  rows.push_back(Row(kGroup, "RUST_LOG", "info", LogLevels(),
                     "Lowest level that is logged, as info or info,pipeline=debug,nats=warn"));
  rows.push_back(Row(kGroup, "LOG_LEVEL", "", LogLevels(), "The same as RUST_LOG, and wins"));
  rows.push_back(Row(kGroup, "LOG_FORMAT", "auto",
                     Choice(&S::log_format, {"auto", "text", "json"},
                            {LogFormat::kAuto, LogFormat::kText, LogFormat::kJson}),
                     "Form of a log line; auto: text on a terminal, else json"));
  rows.push_back(Row(kGroup, "OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4317",
                     Address(&S::otel_endpoint, {"http", "https"}),
                     "Collector for traces; checked, but not yet used", kAddress));
  rows.push_back(Row(kGroup, "OTEL_SERVICE_NAME", "worker-datasets",
                     Text(&S::otel_service_name, "text"),
                     "Name of this service in traces and in "
                     "the worker label of metrics"));
  rows.push_back(Row(kGroup, "OTEL_SERVICE_VERSION", "1.0.0",
                     Text(&S::otel_service_version, "text"),
                     "Version of this service in traces; checked, but not yet used"));
}

}  // namespace

std::string_view DefaultPluginDirectory() {
  return DSW_DEFAULT_PLUGIN_DIR;
}

std::span<const Setting> SettingsTable() {
  static const std::vector<Setting> table = [] {
    std::vector<Setting> rows;
    AddNats(rows);
    AddDatabase(rows);
    AddJobs(rows);
    AddEmbedding(rows);
    AddHttp(rows);
    AddPlugins(rows);
    AddSink(rows);
    AddObservability(rows);
    return rows;
  }();
  return table;
}

}  // namespace dsw
