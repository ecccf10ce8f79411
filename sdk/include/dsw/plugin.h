/* SPDX-License-Identifier: Apache-2.0
 *
 * The plugin ABI of the datasets worker: C99, no dependencies beyond the C standard headers.
 *
 * A plugin is a shared object that exports one function, dsw_plugin_entry_v0(), and describes
 * itself a second time in an ELF note (section .note.dsw) that the worker reads before it runs
 * any of the plugin's code. The ABI is a draft: the entry point becomes dsw_plugin_entry_v1()
 * when it is frozen, and a v0 plugin must then be rebuilt.
 *
 * Rules, binding for both sides:
 *  1. A struct that may grow starts with `struct_size`, which its producer sets to sizeof as
 *     compiled. Members are only appended. A reader tests DSW_HAS() before it touches a member
 *     newer than the first release of the struct. Structs marked FROZEN never change.
 *  2. Arrays of structs that may grow are arrays of pointers.
 *  3. Text is UTF-8 as (ptr, len), not NUL-terminated; ptr may be NULL when len is 0.
 *  4. Nobody frees what the other side allocated. Arguments are borrowed for the duration of the
 *     call unless a member says otherwise; results travel through receivers that the host passes.
 *  5. No struct by value, no varargs, no bool, no bit-fields, no members of enum type, no long.
 *     No C++ exception, panic or longjmp crosses a call.
 *  6. In a flags word, bits 0-15 are critical: a receiver that does not know a set bit fails with
 *     DSW_E_UNSUPPORTED. Bits 16-31 are advisory and ignored when unknown.
 *  7. Reserved members are zero.
 *
 * Thread tags:
 *  [load]  the thread that loads plugins; never concurrent with any other call to the plugin.
 *  [any]   any thread, possibly several at once.
 *  [inst]  any thread, at most dsw_provider.max_concurrency calls at a time per instance.
 *
 * A plugin does not change signal dispositions, locale, environment, working directory or
 * floating-point mode, does not write to stdout, and does not exit the process. It is never
 * unloaded. "Since 0.1" is meant wherever no other version is named.
 */
#ifndef DSW_PLUGIN_H
#define DSW_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Version of this header. Another major is another entry symbol; a minor only appends. */
#define DSW_ABI_MAJOR 0
#define DSW_ABI_MINOR 3

/** Name of the one exported function. */
#define DSW_ENTRY_SYMBOL "dsw_plugin_entry_v0"

#if defined(__GNUC__) || defined(__clang__)
#define DSW_EXPORT __attribute__((visibility("default")))
#else
#define DSW_EXPORT
#endif

/** True when `member` lies inside the struct that the producer of *p compiled. */
#ifdef __cplusplus
#define DSW_HAS(p, member)                                           \
  (static_cast<size_t>(reinterpret_cast<const char*>(&(p)->member) - \
                       reinterpret_cast<const char*>(p)) +           \
       sizeof((p)->member) <=                                        \
   (p)->struct_size)
#else
#define DSW_HAS(p, member) \
  ((size_t)((const char*)&(p)->member - (const char*)(p)) + sizeof((p)->member) <= (p)->struct_size)
#endif
/** True when `function` is present in *p and not NULL. */
#define DSW_CAN(p, function) (DSW_HAS(p, function) && (p)->function != NULL)
/** Initialiser of a dsw_str from a string literal. */
#define DSW_STR(literal) \
  { (literal), sizeof(literal) - 1 }

/** Borrowed UTF-8 text. FROZEN. */
typedef struct dsw_str {
  const char* ptr; /**< First byte; may be NULL when len is 0. */
  size_t len;      /**< Bytes. */
} dsw_str;

/** A named value: a log field. FROZEN. */
typedef struct dsw_kv {
  dsw_str key;   /**< Lower-case with underscores. */
  dsw_str value; /**< Free text, no secrets. */
} dsw_kv;

/** DSW_OK or one DSW_E_*; a receiver treats an unknown value as DSW_E_INTERNAL. */
typedef int32_t dsw_status;

/** What went wrong, in terms of what can be done about it. Values are only appended. */
enum {
  DSW_OK = 0,
  DSW_E_INTERNAL = 1,        /**< A bug, or anything unclassified. */
  DSW_E_INVALID_CONFIG = 2,  /**< The configuration; the message names the JSON pointer. */
  DSW_E_INVALID_REQUEST = 3, /**< This request can never succeed. */
  DSW_E_TOO_LARGE = 4,       /**< Too many or too long texts or points; works when split. */
  DSW_E_AUTH = 5,            /**< Key missing, wrong, or without the grant. */
  DSW_E_NOT_FOUND = 6,       /**< Unknown model or collection, or a file that must be provided. */
  DSW_E_RATE_LIMITED = 7,    /**< Asked to wait; see dsw_error.retry_after_ms. */
  DSW_E_QUOTA = 8,           /**< Billing or hard quota: waiting seconds does not help. */
  DSW_E_TIMEOUT = 9,         /**< The call's deadline, or the upstream's own timeout. */
  DSW_E_UNAVAILABLE = 10,    /**< Cannot be reached or is failing for now. */
  DSW_E_CANCELLED = 11,      /**< The host cancelled the call; for nothing else. */
  DSW_E_CONFLICT = 12,       /**< Exists in another shape, as a collection of another size. */
  DSW_E_UNSUPPORTED = 13,    /**< Unknown critical flag or unimplemented operation. */
  DSW_E_NO_MEMORY = 14,      /**< Allocation failed. */
  DSW_E_INPUT_TOO_LONG = 15, /**< One text is over the model's limit; dsw_error.item. Since 0.2. */
  DSW_E_OVERLOADED = 16,     /**< Asked for fewer calls at a time. Since 0.2. */
  DSW_E_BAD_RESPONSE = 17    /**< The upstream answered what it must not. Since 0.2. */
};

/** dsw_error.flags: the failure is worth retrying; read only with DSW_ERR_HAS_RETRYABLE. */
#define DSW_ERR_RETRYABLE (1u << 16)
/** dsw_error.flags: the plugin decided on DSW_ERR_RETRYABLE; otherwise the category decides. */
#define DSW_ERR_HAS_RETRYABLE (1u << 17)
/**
 * dsw_error.flags: the cause lies on the worker's machine: its files, its settings. The worker
 * takes no job until that is mended; with DSW_E_NOT_FOUND it lacks what another worker may have,
 * and leaves such jobs to others. Advisory.
 */
#define DSW_ERR_LOCAL (1u << 18)

/** dsw_error.limit_unit. */
enum {
  DSW_LIMIT_NONE = 0,   /**< The upstream named no limit. */
  DSW_LIMIT_ITEMS = 1,  /**< Texts or points per request. */
  DSW_LIMIT_TOKENS = 2, /**< Tokens per request. */
  DSW_LIMIT_BYTES = 3   /**< Bytes of a request's body. */
};

/**
 * A failure. The caller owns the struct, sets struct_size, sets retry_after_ms to -1 and zeroes
 * the rest; the callee writes at most struct_size bytes. Holds no pointers.
 */
typedef struct dsw_error {
  uint32_t struct_size;
  int32_t category;       /**< DSW_E_*. */
  uint32_t flags;         /**< DSW_ERR_*. */
  int32_t http_status;    /**< Upstream's HTTP status, 0 when there was none. */
  int64_t retry_after_ms; /**< How long the upstream asked to wait, -1 when it did not say. */
  int64_t vendor_code;    /**< Upstream's numeric code, 0 when there was none. */
  char code[64];          /**< Upstream's symbolic code, NUL-terminated, may be empty. */
  char request_id[64];    /**< Upstream's id of the request, NUL-terminated, may be empty. */
  char message[1024];     /**< For a person; NUL-terminated, cut at a character, no secrets. */
  int64_t limit;          /**< With DSW_E_TOO_LARGE: what limit_unit allows. Since 0.2. */
  int64_t asked;          /**< What the request had of it, 0 when not said. Since 0.2. */
  uint32_t limit_unit;    /**< DSW_LIMIT_*. Since 0.2. */
  uint32_t item; /**< Number, from 1, of the text that it is about; 0: unknown. Since 0.2. */
} dsw_error;

/** The circumstances of one call. Owned by the host, valid until the call returns. */
typedef struct dsw_call {
  uint32_t struct_size;
  uint32_t attempt;          /**< 1 for the first try of this unit of work. */
  void* host_data;           /**< The host's own; plugins leave it alone. */
  uint64_t deadline_mono_ns; /**< CLOCK_MONOTONIC nanoseconds, 0 for none. */
  int32_t cancel_fd; /**< Becomes readable on cancel, for poll(); never read it. -1: none. */
  uint32_t reserved0;
  /** Non-zero once the call is cancelled; return within about a second then. [any] */
  uint32_t (*cancelled)(const struct dsw_call* call);
  dsw_str idempotency_key; /**< The same for every try of one unit of work; may be empty. */
  dsw_str traceparent;     /**< W3C trace context header value; may be empty. */
} dsw_call;

/** Severities of dsw_host.log. */
enum {
  DSW_LOG_TRACE = 0,
  DSW_LOG_DEBUG = 1,
  DSW_LOG_INFO = 2,
  DSW_LOG_WARN = 3,
  DSW_LOG_ERROR = 4
};

/** Services of the host. Valid from the entry call until the process ends. */
typedef struct dsw_host {
  uint32_t struct_size;
  uint32_t abi_minor; /**< The host's DSW_ABI_MINOR. */
  void* host_data;    /**< The host's own. */
  dsw_str name;       /**< "worker-datasets". */
  dsw_str version;    /**< The host's version, for user agents and logs. */
  /** Non-zero when a line of this DSW_LOG_* level would be written. [any] */
  uint32_t (*log_enabled)(const struct dsw_host* host, int32_t level);
  /** Writes one event; `call` may be NULL and ties the line to its job. Copies. [any] */
  void (*log)(const struct dsw_host* host, const dsw_call* call, int32_t level,
              dsw_str const* message, const dsw_kv* fields, size_t field_count);
  /** CLOCK_MONOTONIC in nanoseconds. [any] */
  uint64_t (*now_mono_ns)(const struct dsw_host* host);
  /**
   * An optional service by id, or NULL when this host does not have it. The result starts with
   * `uint32_t struct_size` and is valid until the process ends. [any]
   */
  const void* (*get_extension)(const struct dsw_host* host, const char* id, size_t id_len);
} dsw_host;

/** A model that a provider knows by name. Static data of the plugin. */
typedef struct dsw_model {
  uint32_t struct_size;
  uint32_t dimensions;     /**< Floats per vector; 0 when only dsw_embedder_ops.describe knows. */
  uint32_t max_tokens;     /**< Tokens of one text that count; 0 when unknown. */
  uint32_t min_dimensions; /**< Smallest size that can be asked for; 0 when fixed. */
  dsw_str id;              /**< As users write it. */
  uint32_t max_batch;      /**< Texts per call; 0: the provider's. */
  uint32_t max_request_tokens; /**< Tokens of all texts of a call; 0: any number. Since 0.2. */
  uint64_t price; /**< Millionths of a US dollar per million tokens; 0: unknown. Since 0.2. */
} dsw_model;

/** dsw_embed_request.input_type. */
enum {
  DSW_INPUT_UNSPECIFIED = 0,
  DSW_INPUT_DOCUMENT = 1, /**< A passage to be stored. */
  DSW_INPUT_QUERY = 2     /**< A question to be asked. */
};

/** Texts to embed. */
typedef struct dsw_embed_request {
  uint32_t struct_size;
  uint32_t flags;       /**< None defined yet. */
  const dsw_str* texts; /**< text_count texts, possibly empty ones. */
  size_t text_count;    /**< At least 1, at most the effective max_batch. */
  uint32_t input_type;  /**< DSW_INPUT_*. */
  uint32_t dimensions;  /**< Wanted floats per vector; 0 for the model's own. */
} dsw_embed_request;

/** What a call consumed. */
typedef struct dsw_usage {
  uint32_t struct_size;
  uint32_t upstream_requests; /**< Requests made for this call; 0 in process. */
  int64_t prompt_tokens;      /**< -1 when unknown. */
  int64_t total_tokens;       /**< -1 when unknown. */
} dsw_usage;

/** Receives the result of one embed call. All members [any], only until embed returns. */
typedef struct dsw_embed_out {
  uint32_t struct_size;
  uint32_t reserved0;
  void* ctx; /**< The host's own. */
  /**
   * Host memory for the result: row-major floats, 64-byte aligned, zero-filled. `rows` equals
   * text_count, row i belongs to text i. Called once per embed call. NULL when the shape is not
   * acceptable: return DSW_E_CONFLICT then.
   */
  float* (*alloc)(const struct dsw_embed_out* out, uint32_t rows, uint32_t dimensions);
  /** Text `index` failed for good while others did not; its row stays zero. */
  void (*item_error)(const struct dsw_embed_out* out, uint32_t index, const dsw_error* error);
  /** Text `index` was cut to the model's limit before it was embedded. */
  void (*item_truncated)(const struct dsw_embed_out* out, uint32_t index);
  /** Consumption; at most once. */
  void (*usage)(const struct dsw_embed_out* out, const dsw_usage* usage);
} dsw_embed_out;

/**
 * Receives the facts about an instance's model and the pace that its upstream allows. Caller-owned
 * and zeroed; the plugin fills it as far as struct_size reaches.
 */
typedef struct dsw_model_facts {
  uint32_t struct_size;
  uint32_t dimensions;          /**< Floats per vector; 0 when only an embed call can tell. */
  uint32_t max_tokens;          /**< 0 when unknown. */
  uint32_t max_batch;           /**< Texts per call; 0: the provider's. */
  uint32_t max_request_tokens;  /**< Tokens of all texts of a call; 0: any number. Since 0.2. */
  uint32_t bytes_per_token;     /**< To estimate tokens with, on the safe side; 0: 4. Since 0.2. */
  uint32_t requests_per_minute; /**< 0: any number. Since 0.2. */
  uint32_t inputs_per_minute;   /**< Texts; 0: any number. Since 0.2. */
  uint64_t tokens_per_minute;   /**< 0: any number. Since 0.2. */
  uint64_t max_request_bytes;   /**< Text bytes per call; 0: the provider's. Since 0.2. */
  uint32_t max_concurrency;     /**< Calls at a time on all instances; 0: any. Since 0.2. */
  uint32_t reserved0;
} dsw_model_facts;

/** Operations of an embedder instance. */
typedef struct dsw_embedder_ops {
  uint32_t struct_size;
  uint32_t reserved0;
  /** Embeds; blocking; one attempt, no retry inside. DSW_OK may carry item_error()s. [inst] */
  dsw_status (*embed)(void* instance, const dsw_call* call, const dsw_embed_request* request,
                      const dsw_embed_out* out, dsw_error* error);
  /** Facts about the instance's model; DSW_E_NOT_FOUND for a model it does not have. [inst] */
  dsw_status (*describe)(void* instance, const dsw_call* call, dsw_model_facts* facts,
                         dsw_error* error);
  /** Cheap check that embed could work now; may be NULL. [inst] */
  dsw_status (*health)(void* instance, const dsw_call* call, dsw_error* error);
} dsw_embedder_ops;

/** How vectors of a collection are compared. */
enum { DSW_DISTANCE_COSINE = 1, DSW_DISTANCE_EUCLID = 2, DSW_DISTANCE_DOT = 3 };

/**
 * The member of a payload that the worker keeps for itself: a small object, in which the number "t"
 * is the dsw_points.fence that the point was written with. Since 0.3.
 */
#define DSW_STAMP_KEY "_dsw"

/** dsw_collection_spec.flags, critical: fail with DSW_E_NOT_FOUND instead of creating. */
#define DSW_COLLECTION_MUST_EXIST (1u << 0)

/** The collection that a job writes to. */
typedef struct dsw_collection_spec {
  uint32_t struct_size;
  uint32_t dimensions; /**< Floats per vector. */
  dsw_str name;        /**< As the sink's users see it. */
  uint32_t distance;   /**< DSW_DISTANCE_*. */
  uint32_t flags;      /**< DSW_COLLECTION_*. */
} dsw_collection_spec;

/** Points to store. Row i of the matrix belongs to ids[i] and payloads[i]. */
typedef struct dsw_points {
  uint32_t struct_size;
  uint32_t dimensions;     /**< Floats per vector. */
  size_t count;            /**< At least 1. */
  const dsw_str* ids;      /**< UUIDs in text form. */
  const float* vectors;    /**< Finite; aligned as floats are. */
  size_t row_stride_bytes; /**< From one row to the next. */
  const dsw_str* payloads; /**< One JSON object each. */
  /**
   * A stored point whose payload has a larger number "t" under DSW_STAMP_KEY was written by a later
   * runner: it stays as it is, and the call succeeds. 0: every point is overwritten. A sink that
   * cannot compare overwrites. Since 0.3.
   */
  int64_t fence;
} dsw_points;

/** Operations of a sink instance. All [inst], blocking, one attempt. */
typedef struct dsw_sink_ops {
  uint32_t struct_size;
  uint32_t reserved0;
  /**
   * Makes the collection usable: creates it, or checks an existing one. DSW_E_CONFLICT when it
   * exists with another size or distance; the message names both.
   */
  dsw_status (*ensure_collection)(void* instance, const dsw_call* call,
                                  const dsw_collection_spec* spec, dsw_error* error);
  /** Stores points, all or none, overwriting equal ids; returns once they are durable. */
  dsw_status (*upsert)(void* instance, const dsw_call* call, dsw_str const* collection,
                       const dsw_points* points, dsw_error* error);
  /** Removes points by id; unknown ids are ignored; returns once that is durable. */
  dsw_status (*remove)(void* instance, const dsw_call* call, dsw_str const* collection,
                       const dsw_str* ids, size_t id_count, dsw_error* error);
  /** Number of points stored; DSW_E_NOT_FOUND without the collection. */
  dsw_status (*count)(void* instance, const dsw_call* call, dsw_str const* collection,
                      uint64_t* count, dsw_error* error);
  /** Cheap check that upsert could work now; may be NULL. */
  dsw_status (*health)(void* instance, const dsw_call* call, dsw_error* error);
} dsw_sink_ops;

/** Id of the host's HTTP client: a dsw_host_http. Since 0.2. */
#define DSW_EXT_HTTP "dsw.http/1"

/**
 * dsw_http_request.flags, critical: HTTP/2 or nothing, without TLS by prior knowledge. Trailers
 * are reported.
 */
#define DSW_HTTP_2 (1u << 0)

/** Zero bytes that follow a response's body in memory, so that parsers may read past its end. */
#define DSW_HTTP_BODY_PADDING 64

/** One request. Borrowed until perform returns. */
typedef struct dsw_http_request {
  uint32_t struct_size;
  uint32_t flags; /**< DSW_HTTP_*. */
  dsw_str method; /**< "GET", "POST", … */
  dsw_str url;    /**< Absolute; its origin is one of those that the instance's settings name. */
  /**
   * In a value, "{{secret:NAME}}" stands for a secret of the instance's settings, as in
   * "Bearer {{secret:api_key}}". The host adds Content-Length, User-Agent, Accept-Encoding and
   * traceparent.
   */
  const dsw_kv* headers;
  size_t header_count;
  const dsw_str* body; /**< Pieces, sent one after another. */
  size_t body_count;
  uint64_t max_response_bytes; /**< Decompressed; 0 for the host's own limit. */
} dsw_http_request;

/** An answer. Owned by the host until release. */
typedef struct dsw_http_response {
  uint32_t struct_size;
  int32_t status;        /**< HTTP status. */
  const dsw_kv* headers; /**< Names in lower case. */
  size_t header_count;
  const dsw_kv* trailers; /**< Names in lower case. */
  size_t trailer_count;
  dsw_str body; /**< Decompressed; followed by DSW_HTTP_BODY_PADDING zero bytes. */
} dsw_http_response;

/**
 * The host's HTTP client: connections are kept and shared, deadline and cancellation are the
 * call's, redirects are not followed, nothing is repeated but a request that met a connection
 * which the peer had closed. Since 0.2.
 */
typedef struct dsw_host_http {
  uint32_t struct_size;
  uint32_t reserved0;
  /**
   * One exchange. DSW_OK with any HTTP status; sets *response, which the caller releases. Fails
   * with DSW_E_UNAVAILABLE, DSW_E_TIMEOUT, DSW_E_CANCELLED, DSW_E_BAD_RESPONSE, or
   * DSW_E_INVALID_REQUEST for a URL outside the instance's origins. `call` is the one that the
   * plugin is serving, or a copy of it with an earlier deadline; not NULL. [any]
   */
  dsw_status (*perform)(const dsw_host* host, const dsw_call* call, const dsw_http_request* request,
                        const dsw_http_response** response, dsw_error* error);
  /** Ends a response; NULL is ignored. [any] */
  void (*release)(const dsw_host* host, const dsw_http_response* response);
  /**
   * What a response that is not a success means, by status, headers and the error texts that are
   * common: fills *error with category, retryable, retry-after, request id, message; returns the
   * category. [any]
   */
  dsw_status (*classify)(const dsw_host* host, const dsw_http_response* response, dsw_error* error);
} dsw_host_http;

/** dsw_provider.flags, advisory: calls go to a network service, so that the host paces them. */
#define DSW_PROVIDER_REMOTE (1u << 16)

/** dsw_provider.kind. */
enum { DSW_KIND_EMBEDDER = 1, DSW_KIND_SINK = 2 };

/** What an instance is made from. Borrowed during create, but `host` stays valid. */
typedef struct dsw_instance_params {
  uint32_t struct_size;
  uint32_t flags;       /**< None defined yet. */
  const dsw_host* host; /**< Valid until the process ends. */
  dsw_str instance_id;  /**< For logs. */
  /**
   * A JSON object; "model" names the model of an embedder. A secret, as "api_key", stands in it as
   * the placeholder "{{secret:api_key}}" for use in dsw_http_request.headers.
   */
  dsw_str config_json;
} dsw_instance_params;

/** One embedder or sink that a plugin offers. Static data of the plugin. */
typedef struct dsw_provider {
  uint32_t struct_size;
  uint32_t kind;                  /**< DSW_KIND_*. */
  dsw_str id;                     /**< [a-z0-9._-]+, unique per kind over all plugins. */
  dsw_str title;                  /**< For people. */
  const dsw_model* const* models; /**< Models known by name; may be NULL when model_count is 0. */
  size_t model_count;
  uint32_t max_batch;         /**< Texts or points per call, 0 for any number. */
  uint32_t max_concurrency;   /**< Calls at a time per instance, 0 for any number. */
  uint64_t max_request_bytes; /**< Text or payload bytes per call, 0 for any number. */
  /** Sets *instance, not to NULL; no I/O. `plugin` is what init returned. [any] */
  dsw_status (*create)(void* plugin, const dsw_instance_params* params, void** instance,
                       dsw_error* error);
  /** Ends an instance; no call to it is under way. [any] */
  void (*destroy)(void* instance);
  const dsw_embedder_ops* embedder; /**< Set if and only if kind is DSW_KIND_EMBEDDER. */
  const dsw_sink_ops* sink;         /**< Set if and only if kind is DSW_KIND_SINK. */
  /** An optional service by id, valid as long as the instance, or NULL; may be NULL. [any] */
  const void* (*get_extension)(void* instance, const char* id, size_t id_len);
  /** "base_url" of instances whose settings do not name one; may be empty. Since 0.2. */
  dsw_str default_base_url;
  dsw_str config_schema; /**< JSON Schema of config_json; may be empty. Since 0.2. */
  uint32_t flags;        /**< DSW_PROVIDER_*. Since 0.2. */
  uint32_t reserved0;
} dsw_provider;

/** A plugin. Static data; agrees with the ELF note. */
typedef struct dsw_plugin {
  uint32_t struct_size;
  uint32_t abi_minor;      /**< DSW_ABI_MINOR as compiled. */
  uint32_t host_minor_min; /**< Oldest host minor that it can live with. */
  uint32_t reserved0;
  dsw_str id;      /**< Reverse DNS, as "org.example.acme". */
  dsw_str version; /**< Semantic version of the plugin. */
  dsw_str vendor;  /**< For people. */
  dsw_str license; /**< SPDX expression. */
  const dsw_provider* const* providers;
  size_t provider_count; /**< At least 1. */
  /** Called once after the checks, before any instance; may be NULL. [load] */
  dsw_status (*init)(const dsw_host* host, void** plugin, dsw_error* error);
  /** Called once, after the last destroy; joins the plugin's threads; may be NULL. [load] */
  void (*shutdown)(void* plugin);
} dsw_plugin;

/** Type of the entry function. */
typedef dsw_status (*dsw_plugin_entry_fn)(const dsw_host* host, const dsw_plugin** out,
                                          dsw_error* error);

/**
 * The only exported symbol. Sets *out to static data that stays valid until the process ends.
 * No I/O, no threads, a few milliseconds at most. [load]
 */
DSW_EXPORT dsw_status dsw_plugin_entry_v0(const dsw_host* host, const dsw_plugin** out,
                                          dsw_error* error);

#ifdef __cplusplus
}
#endif

#include <dsw/sink.h>

#endif /* DSW_PLUGIN_H */
