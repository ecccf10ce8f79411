/* SPDX-License-Identifier: Apache-2.0
 *
 * Optional services of sink instances, which dsw_provider.get_extension hands out. A part of
 * plugin.h, which includes it; the same rules hold.
 */
#ifndef DSW_SINK_H
#define DSW_SINK_H

#ifndef DSW_PLUGIN_H
#error "include <dsw/plugin.h>"
#endif

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Id of an optional service of a sink instance, a dsw_sink_collection: says what a collection is,
 * and keeps a text with it. Since 0.3.
 */
#define DSW_EXT_COLLECTION "dsw.collection/1"

/** dsw_collection_state.flags, advisory: made by this call. */
#define DSW_COLLECTION_CREATED (1u << 16)
/** dsw_collection_state.flags, advisory: certainly without points. */
#define DSW_COLLECTION_EMPTY (1u << 17)

/** What a collection is. Borrowed from the plugin until `state` returns. */
typedef struct dsw_collection_state {
  uint32_t struct_size;
  uint32_t flags; /**< DSW_COLLECTION_CREATED, DSW_COLLECTION_EMPTY. */
  dsw_str maker;  /**< The text that set_maker stored last; empty when there is none. */
} dsw_collection_state;

/** Receives a collection's state; the host copies. */
typedef struct dsw_collection_out {
  uint32_t struct_size;
  uint32_t reserved0;
  void* ctx; /**< The host's own. */
  void (*state)(const struct dsw_collection_out* out, const dsw_collection_state* state);
} dsw_collection_out;

/** Collections with a state. All [inst], blocking, one attempt. */
typedef struct dsw_sink_collection {
  uint32_t struct_size;
  uint32_t reserved0;
  /** dsw_sink_ops.ensure_collection that also tells the state, once. Called in its place. */
  dsw_status (*ensure)(void* instance, const dsw_call* call, const dsw_collection_spec* spec,
                       const dsw_collection_out* out, dsw_error* error);
  /**
   * Keeps a text of at most 1024 bytes with the collection, instead of the last one; DSW_OK without
   * effect when the server cannot keep one.
   */
  dsw_status (*set_maker)(void* instance, const dsw_call* call, dsw_str const* collection,
                          dsw_str const* maker, dsw_error* error);
  /** dsw_sink_ops.remove that leaves points of a larger fence, as dsw_points.fence; may be NULL. */
  dsw_status (*remove)(void* instance, const dsw_call* call, dsw_str const* collection,
                       const dsw_str* ids, size_t id_count, int64_t fence, dsw_error* error);
} dsw_sink_collection;

/** Id of an optional service of a sink instance, a dsw_sink_scan: lists its points. Since 0.3. */
#define DSW_EXT_SCAN "dsw.scan/1"

/** A point of a scan. Borrowed from the plugin until `point` returns. */
typedef struct dsw_point_stamp {
  uint32_t struct_size;
  uint32_t reserved0;
  dsw_str id;    /**< In the one form in which this sink gives it, also as dsw_hit.id. */
  dsw_str stamp; /**< The payload's DSW_STAMP_KEY as JSON text; empty when it has none. */
} dsw_point_stamp;

/** Receives points in the order of their ids; the host copies. */
typedef struct dsw_scan_out {
  uint32_t struct_size;
  uint32_t reserved0;
  void* ctx; /**< The host's own. */
  void (*point)(const struct dsw_scan_out* out, const dsw_point_stamp* point);
} dsw_scan_out;

/** Walks over all points of a collection, in pages. */
typedef struct dsw_sink_scan {
  uint32_t struct_size;
  uint32_t reserved0;
  /**
   * The first `limit` points behind the id `after` in the sink's own order of ids, which is the
   * same in all calls; an empty `after` begins. Fewer than `limit` are the last. [inst]
   */
  dsw_status (*scan)(void* instance, const dsw_call* call, dsw_str const* collection,
                     dsw_str const* after, uint32_t limit, const dsw_scan_out* out,
                     dsw_error* error);
} dsw_sink_scan;

/** Id of the optional search service of a sink instance: a dsw_sink_search. */
#define DSW_EXT_SEARCH "dsw.search/1"

/** One answer of a search. Borrowed from the plugin until `hit` returns. */
typedef struct dsw_hit {
  uint32_t struct_size;
  uint32_t reserved0;
  dsw_str id;      /**< As it was stored. */
  dsw_str payload; /**< JSON object. */
  double score;    /**< Similarity for Cosine and Dot (larger is nearer), distance for Euclid. */
} dsw_hit;

/** Receives answers, nearest first; the host copies. */
typedef struct dsw_search_out {
  uint32_t struct_size;
  uint32_t reserved0;
  void* ctx; /**< The host's own. */
  void (*hit)(const struct dsw_search_out* out, const dsw_hit* hit);
} dsw_search_out;

/** Nearest-neighbour search. */
typedef struct dsw_sink_search {
  uint32_t struct_size;
  uint32_t reserved0;
  /** The `limit` nearest points by the collection's distance; DSW_E_NOT_FOUND without it. [inst] */
  dsw_status (*search)(void* instance, const dsw_call* call, dsw_str const* collection,
                       const float* vector, uint32_t dimensions, uint32_t limit,
                       const dsw_search_out* out, dsw_error* error);
} dsw_sink_search;

#ifdef __cplusplus
}
#endif
#endif /* DSW_SINK_H */
