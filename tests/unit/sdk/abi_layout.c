/* SPDX-License-Identifier: Apache-2.0
 *
 * The layout of the ABI on 64-bit machines: what stands here is what existing plugins were compiled
 * with. New members are added at the end of a struct and change its size alone. Compiled as C and
 * C++ of several versions; included twice on purpose.
 */
#include <dsw/note.h>
#include <dsw/plugin.h>

#define CHECK_NAME_INNER(line) check_##line
#define CHECK_NAME(line) CHECK_NAME_INNER(line)
#define CHECK(condition) typedef char CHECK_NAME(__LINE__)[(condition) ? 1 : -1]
#define SIZE(type, size) CHECK(sizeof(type) == (size))
#define OFFSET(type, member, offset) CHECK(offsetof(type, member) == (offset))

DSW_PLUGIN_MANIFEST("id" : "test", "text" : "\\ \" ?");

SIZE(dsw_str, 16);
OFFSET(dsw_str, ptr, 0);
OFFSET(dsw_str, len, 8);

SIZE(dsw_kv, 32);
OFFSET(dsw_kv, key, 0);
OFFSET(dsw_kv, value, 16);

SIZE(dsw_error, 1208);
OFFSET(dsw_error, struct_size, 0);
OFFSET(dsw_error, category, 4);
OFFSET(dsw_error, flags, 8);
OFFSET(dsw_error, http_status, 12);
OFFSET(dsw_error, retry_after_ms, 16);
OFFSET(dsw_error, vendor_code, 24);
OFFSET(dsw_error, code, 32);
OFFSET(dsw_error, request_id, 96);
OFFSET(dsw_error, message, 160);
OFFSET(dsw_error, limit, 1184);
OFFSET(dsw_error, asked, 1192);
OFFSET(dsw_error, limit_unit, 1200);
OFFSET(dsw_error, item, 1204);

SIZE(dsw_call, 72);
OFFSET(dsw_call, struct_size, 0);
OFFSET(dsw_call, attempt, 4);
OFFSET(dsw_call, host_data, 8);
OFFSET(dsw_call, deadline_mono_ns, 16);
OFFSET(dsw_call, cancel_fd, 24);
OFFSET(dsw_call, reserved0, 28);
OFFSET(dsw_call, cancelled, 32);
OFFSET(dsw_call, idempotency_key, 40);
OFFSET(dsw_call, traceparent, 56);

SIZE(dsw_host, 80);
OFFSET(dsw_host, struct_size, 0);
OFFSET(dsw_host, abi_minor, 4);
OFFSET(dsw_host, host_data, 8);
OFFSET(dsw_host, name, 16);
OFFSET(dsw_host, version, 32);
OFFSET(dsw_host, log_enabled, 48);
OFFSET(dsw_host, log, 56);
OFFSET(dsw_host, now_mono_ns, 64);
OFFSET(dsw_host, get_extension, 72);

SIZE(dsw_model, 48);
OFFSET(dsw_model, struct_size, 0);
OFFSET(dsw_model, dimensions, 4);
OFFSET(dsw_model, max_tokens, 8);
OFFSET(dsw_model, min_dimensions, 12);
OFFSET(dsw_model, id, 16);
OFFSET(dsw_model, max_batch, 32);
OFFSET(dsw_model, max_request_tokens, 36);
OFFSET(dsw_model, price, 40);

SIZE(dsw_embed_request, 32);
OFFSET(dsw_embed_request, struct_size, 0);
OFFSET(dsw_embed_request, flags, 4);
OFFSET(dsw_embed_request, texts, 8);
OFFSET(dsw_embed_request, text_count, 16);
OFFSET(dsw_embed_request, input_type, 24);
OFFSET(dsw_embed_request, dimensions, 28);

SIZE(dsw_usage, 24);
OFFSET(dsw_usage, struct_size, 0);
OFFSET(dsw_usage, upstream_requests, 4);
OFFSET(dsw_usage, prompt_tokens, 8);
OFFSET(dsw_usage, total_tokens, 16);

SIZE(dsw_embed_out, 48);
OFFSET(dsw_embed_out, struct_size, 0);
OFFSET(dsw_embed_out, reserved0, 4);
OFFSET(dsw_embed_out, ctx, 8);
OFFSET(dsw_embed_out, alloc, 16);
OFFSET(dsw_embed_out, item_error, 24);
OFFSET(dsw_embed_out, item_truncated, 32);
OFFSET(dsw_embed_out, usage, 40);

SIZE(dsw_model_facts, 56);
OFFSET(dsw_model_facts, struct_size, 0);
OFFSET(dsw_model_facts, dimensions, 4);
OFFSET(dsw_model_facts, max_tokens, 8);
OFFSET(dsw_model_facts, max_batch, 12);
OFFSET(dsw_model_facts, max_request_tokens, 16);
OFFSET(dsw_model_facts, bytes_per_token, 20);
OFFSET(dsw_model_facts, requests_per_minute, 24);
OFFSET(dsw_model_facts, inputs_per_minute, 28);
OFFSET(dsw_model_facts, tokens_per_minute, 32);
OFFSET(dsw_model_facts, max_request_bytes, 40);
OFFSET(dsw_model_facts, max_concurrency, 48);
OFFSET(dsw_model_facts, reserved0, 52);

SIZE(dsw_embedder_ops, 32);
OFFSET(dsw_embedder_ops, struct_size, 0);
OFFSET(dsw_embedder_ops, reserved0, 4);
OFFSET(dsw_embedder_ops, embed, 8);
OFFSET(dsw_embedder_ops, describe, 16);
OFFSET(dsw_embedder_ops, health, 24);

SIZE(dsw_collection_spec, 32);
OFFSET(dsw_collection_spec, struct_size, 0);
OFFSET(dsw_collection_spec, dimensions, 4);
OFFSET(dsw_collection_spec, name, 8);
OFFSET(dsw_collection_spec, distance, 24);
OFFSET(dsw_collection_spec, flags, 28);

SIZE(dsw_points, 56);
OFFSET(dsw_points, struct_size, 0);
OFFSET(dsw_points, dimensions, 4);
OFFSET(dsw_points, count, 8);
OFFSET(dsw_points, ids, 16);
OFFSET(dsw_points, vectors, 24);
OFFSET(dsw_points, row_stride_bytes, 32);
OFFSET(dsw_points, payloads, 40);
OFFSET(dsw_points, fence, 48);

SIZE(dsw_sink_ops, 48);
OFFSET(dsw_sink_ops, struct_size, 0);
OFFSET(dsw_sink_ops, reserved0, 4);
OFFSET(dsw_sink_ops, ensure_collection, 8);
OFFSET(dsw_sink_ops, upsert, 16);
OFFSET(dsw_sink_ops, remove, 24);
OFFSET(dsw_sink_ops, count, 32);
OFFSET(dsw_sink_ops, health, 40);

SIZE(dsw_collection_state, 24);
OFFSET(dsw_collection_state, struct_size, 0);
OFFSET(dsw_collection_state, flags, 4);
OFFSET(dsw_collection_state, maker, 8);

SIZE(dsw_collection_out, 24);
OFFSET(dsw_collection_out, struct_size, 0);
OFFSET(dsw_collection_out, reserved0, 4);
OFFSET(dsw_collection_out, ctx, 8);
OFFSET(dsw_collection_out, state, 16);

SIZE(dsw_sink_collection, 32);
OFFSET(dsw_sink_collection, struct_size, 0);
OFFSET(dsw_sink_collection, reserved0, 4);
OFFSET(dsw_sink_collection, ensure, 8);
OFFSET(dsw_sink_collection, set_maker, 16);
OFFSET(dsw_sink_collection, remove, 24);

SIZE(dsw_point_stamp, 40);
OFFSET(dsw_point_stamp, struct_size, 0);
OFFSET(dsw_point_stamp, reserved0, 4);
OFFSET(dsw_point_stamp, id, 8);
OFFSET(dsw_point_stamp, stamp, 24);

SIZE(dsw_scan_out, 24);
OFFSET(dsw_scan_out, struct_size, 0);
OFFSET(dsw_scan_out, reserved0, 4);
OFFSET(dsw_scan_out, ctx, 8);
OFFSET(dsw_scan_out, point, 16);

SIZE(dsw_sink_scan, 16);
OFFSET(dsw_sink_scan, struct_size, 0);
OFFSET(dsw_sink_scan, reserved0, 4);
OFFSET(dsw_sink_scan, scan, 8);

SIZE(dsw_hit, 48);
OFFSET(dsw_hit, struct_size, 0);
OFFSET(dsw_hit, reserved0, 4);
OFFSET(dsw_hit, id, 8);
OFFSET(dsw_hit, payload, 24);
OFFSET(dsw_hit, score, 40);

SIZE(dsw_search_out, 24);
OFFSET(dsw_search_out, struct_size, 0);
OFFSET(dsw_search_out, reserved0, 4);
OFFSET(dsw_search_out, ctx, 8);
OFFSET(dsw_search_out, hit, 16);

SIZE(dsw_sink_search, 16);
OFFSET(dsw_sink_search, struct_size, 0);
OFFSET(dsw_sink_search, reserved0, 4);
OFFSET(dsw_sink_search, search, 8);

SIZE(dsw_instance_params, 48);
OFFSET(dsw_instance_params, struct_size, 0);
OFFSET(dsw_instance_params, flags, 4);
OFFSET(dsw_instance_params, host, 8);
OFFSET(dsw_instance_params, instance_id, 16);
OFFSET(dsw_instance_params, config_json, 32);

SIZE(dsw_provider, 152);
OFFSET(dsw_provider, struct_size, 0);
OFFSET(dsw_provider, kind, 4);
OFFSET(dsw_provider, id, 8);
OFFSET(dsw_provider, title, 24);
OFFSET(dsw_provider, models, 40);
OFFSET(dsw_provider, model_count, 48);
OFFSET(dsw_provider, max_batch, 56);
OFFSET(dsw_provider, max_concurrency, 60);
OFFSET(dsw_provider, max_request_bytes, 64);
OFFSET(dsw_provider, create, 72);
OFFSET(dsw_provider, destroy, 80);
OFFSET(dsw_provider, embedder, 88);
OFFSET(dsw_provider, sink, 96);
OFFSET(dsw_provider, get_extension, 104);
OFFSET(dsw_provider, default_base_url, 112);
OFFSET(dsw_provider, config_schema, 128);
OFFSET(dsw_provider, flags, 144);
OFFSET(dsw_provider, reserved0, 148);

SIZE(dsw_http_request, 80);
OFFSET(dsw_http_request, struct_size, 0);
OFFSET(dsw_http_request, flags, 4);
OFFSET(dsw_http_request, method, 8);
OFFSET(dsw_http_request, url, 24);
OFFSET(dsw_http_request, headers, 40);
OFFSET(dsw_http_request, header_count, 48);
OFFSET(dsw_http_request, body, 56);
OFFSET(dsw_http_request, body_count, 64);
OFFSET(dsw_http_request, max_response_bytes, 72);

SIZE(dsw_http_response, 56);
OFFSET(dsw_http_response, struct_size, 0);
OFFSET(dsw_http_response, status, 4);
OFFSET(dsw_http_response, headers, 8);
OFFSET(dsw_http_response, header_count, 16);
OFFSET(dsw_http_response, trailers, 24);
OFFSET(dsw_http_response, trailer_count, 32);
OFFSET(dsw_http_response, body, 40);

SIZE(dsw_host_http, 32);
OFFSET(dsw_host_http, struct_size, 0);
OFFSET(dsw_host_http, reserved0, 4);
OFFSET(dsw_host_http, perform, 8);
OFFSET(dsw_host_http, release, 16);
OFFSET(dsw_host_http, classify, 24);

SIZE(dsw_plugin, 112);
OFFSET(dsw_plugin, struct_size, 0);
OFFSET(dsw_plugin, abi_minor, 4);
OFFSET(dsw_plugin, host_minor_min, 8);
OFFSET(dsw_plugin, reserved0, 12);
OFFSET(dsw_plugin, id, 16);
OFFSET(dsw_plugin, version, 32);
OFFSET(dsw_plugin, vendor, 48);
OFFSET(dsw_plugin, license, 64);
OFFSET(dsw_plugin, providers, 80);
OFFSET(dsw_plugin, provider_count, 88);
OFFSET(dsw_plugin, init, 96);
OFFSET(dsw_plugin, shutdown, 104);

CHECK(DSW_OK == 0 && DSW_E_NO_MEMORY == 14);
CHECK(DSW_KIND_EMBEDDER == 1 && DSW_KIND_SINK == 2);
CHECK(DSW_DISTANCE_COSINE == 1 && DSW_DISTANCE_EUCLID == 2 && DSW_DISTANCE_DOT == 3);
CHECK(DSW_INPUT_UNSPECIFIED == 0 && DSW_INPUT_DOCUMENT == 1 && DSW_INPUT_QUERY == 2);
CHECK(DSW_LOG_TRACE == 0 && DSW_LOG_ERROR == 4);
CHECK(DSW_ERR_RETRYABLE == 0x10000u && DSW_ERR_HAS_RETRYABLE == 0x20000u);
CHECK(DSW_ERR_LOCAL == 0x40000u);
CHECK(DSW_COLLECTION_MUST_EXIST == 1u);
CHECK(DSW_COLLECTION_CREATED == 0x10000u && DSW_COLLECTION_EMPTY == 0x20000u);
