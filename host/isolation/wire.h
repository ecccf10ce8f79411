// SPDX-License-Identifier: Apache-2.0
//
// What the worker and a plugin's process say to each other. Private to one build of the two, which
// are installed together: it may change at will.
//
// There are two sorts of connections, both SOCK_SEQPACKET, one datagram a message:
//  - the control connection, one per process: loading, slots, the end, and log lines of threads
//    that serve no call;
//  - slots, one per call at a time: a socket, an arena of shared memory and an event that a
//    cancellation raises. The worker asks (kCall); until kDone comes, the thread that asked serves
//    what the plugin wants of its host. Calls of a slot nest strictly.
// A message whose content is larger than kInlineBytes lies in the arena, as do matrices and the
// bodies of HTTP requests: in the half of who sends it. The worker believes nothing that it reads:
// see wire_reader.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace dsw::wire {

/// Content of a message that is sent over the socket itself.
constexpr std::size_t kInlineBytes = 16 * 1024;
/// Log lines beyond this are cut.
constexpr std::size_t kLongestLine = 4 * 1024;

/// The arena: a header, then the worker's half, then the plugin's. Memory that nobody touched is
/// not there.
constexpr std::size_t kHeaderBytes = 4096;
constexpr std::size_t kHalfBytes = std::size_t{160} << 20;
constexpr std::size_t kWorkerHalf = kHeaderBytes;
constexpr std::size_t kPluginHalf = kHeaderBytes + kHalfBytes;
constexpr std::size_t kArenaBytes = kHeaderBytes + 2 * kHalfBytes;
/// As dsw_embed_out.alloc promises.
constexpr std::size_t kAlignment = 64;

/// Calls at a time per process; more wait.
constexpr std::size_t kMostSlots = 64;
/// What one plugin offers at most.
constexpr std::size_t kMostProviders = 32;
constexpr std::size_t kMostModels = 4096;
/// Of a table, with its models and schemas.
constexpr std::size_t kLargestTable = std::size_t{4} << 20;

/// Descriptors of a fresh runner.
constexpr int kControlFd = 3;
constexpr int kPluginFd = 4;

/// At the start of the arena.
struct ArenaHeader {
  std::uint32_t cancelled;  ///< Not 0 once the call is to end. Accessed atomically.
};

enum class Kind : std::uint32_t {
  kReply = 1,  ///< Answers the one message before that asks for it.
  // Control, from the worker; each is answered with kReply.
  kOpen,      ///< Sandbox and dynamic linker; reply: text of the failure, empty for none.
  kEntry,     ///< The entry function; reply: Outcome, then the table.
  kInit,      ///< dsw_plugin.init; reply: Outcome.
  kAddSlot,   ///< With three descriptors: socket, arena, cancel event.
  kShutdown,  ///< dsw_plugin.shutdown.
  // Slots, from the worker.
  kCall,  ///< An Op, its arguments; answered with kDone.
  // From the plugin's process.
  kDone,          ///< Outcome, then results of the Op.
  kLog,           ///< level, message, count, key and value of each; also on the control connection.
  kAlloc,         ///< rows, dimensions; reply: offset of the matrix, 0 for NULL.
  kItemError,     ///< index, dsw_error.
  kTruncated,     ///< index.
  kUsage,         ///< dsw_usage.
  kState,         ///< dsw_collection_state.
  kPoint,         ///< dsw_point_stamp.
  kHit,           ///< dsw_hit.
  kHttp,          ///< deadline, request; reply: Outcome, number of the response, the response.
  kHttpRelease,   ///< number.
  kHttpClassify,  ///< number; reply: Outcome.
};

/// What kCall asks for. All but kCreate begin with the number of the instance.
enum class Op : std::uint32_t {
  kCreate = 1,  ///< provider's position, instance_id, config; done: instance, Extension bits.
  kDestroy,
  kEmbed,        ///< flags, input_type, dimensions, texts.
  kDescribe,     ///< done: dsw_model_facts.
  kEmbedHealth,  ///< Nothing.
  kEnsureCollection,
  kUpsert,  ///< collection, dimensions, stride, fence, offset of the matrix, ids, payloads.
  kRemove,  ///< collection, fence, ids.
  kCount,   ///< collection; done: the number.
  kSinkHealth,
  kEnsure,       ///< As kEnsureCollection.
  kSetMaker,     ///< collection, maker.
  kRemoveOlder,  ///< As kRemove, of dsw_sink_collection.
  kScan,         ///< collection, after, limit.
  kSearch,       ///< collection, limit, floats.
};

/// Services of a sink instance.
enum Extension : std::uint32_t {
  kCollectionExtension = 1u << 0,
  kRemoveOlderExtension = 1u << 1,  ///< The collection extension has `remove`.
  kScanExtension = 1u << 2,
  kSearchExtension = 1u << 3,
};

/// How plugin code ended, in front of its results: dsw_status, then its dsw_error.
enum class Ending : std::uint32_t {
  kReturned = 1,
  kThrew,         ///< A text follows instead.
  kThrewUnknown,  ///< Nothing follows.
};

enum HeadFlags : std::uint32_t {
  kInArena = 1u << 0,     ///< The content lies in the sender's half at `offset`, else it follows.
  kWantsReply = 1u << 1,  ///< An empty one, where the kind has no other.
  kMore = 1u << 2,        ///< On the control connection: the next message continues this one.
};

/// In front of each message.
struct Head {
  std::uint32_t kind;  ///< Kind.
  std::uint32_t flags;
  std::uint64_t offset;  ///< From the start of the arena.
  std::uint64_t size;    ///< Of the content.
};
static_assert(std::is_trivially_copyable_v<Head> && sizeof(Head) == 24);

constexpr std::size_t kDatagramBytes = sizeof(Head) + kInlineBytes;

}  // namespace dsw::wire
