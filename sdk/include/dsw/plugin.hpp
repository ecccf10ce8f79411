// SPDX-License-Identifier: Apache-2.0
//
// C++17 glue over plugin.h for plugin authors: errors as exceptions that stop at the boundary, and
// trampolines from the tables of the ABI to member functions. Header-only and compiled into each
// plugin, so no C++ type crosses the boundary.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <utility>

#include <dsw/plugin.h>

namespace dsw {

inline std::string_view View(dsw_str text) noexcept {
  return text.len == 0 ? std::string_view() : std::string_view(text.ptr, text.len);
}

/// Borrows: the result lives as long as `text`.
inline dsw_str Str(std::string_view text) noexcept {
  return {text.data(), text.size()};
}

namespace abi_detail {

/// Copies as much of `text` as fits, cut at a character, and terminates it.
inline void CopyText(char* target, std::size_t capacity, std::string_view text) noexcept {
  std::size_t size = std::min(text.size(), capacity - 1);
  if (size < text.size()) {
    while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0u) == 0x80u) --size;
  }
  // Empty text may have no address.
  if (size > 0) std::memcpy(target, text.data(), size);
  target[size] = '\0';
}

}  // namespace abi_detail

/// What plugin code throws to fail a call; `message` is for a person and holds no secret.
class Failure : public std::exception {
 public:
  /// Takes over what another side wrote; a category of DSW_OK becomes DSW_E_INTERNAL.
  explicit Failure(const dsw_error& error) noexcept : error_(error) {
    error_.struct_size = sizeof error_;
    if (error_.category == DSW_OK) error_.category = DSW_E_INTERNAL;
  }
  Failure(dsw_status category, std::string_view message) noexcept {
    error_.struct_size = sizeof error_;
    error_.category = category;
    error_.retry_after_ms = -1;
    abi_detail::CopyText(error_.message, sizeof error_.message, message);
  }
  Failure& HttpStatus(std::int32_t status) noexcept {
    error_.http_status = status;
    return *this;
  }
  Failure& RetryAfterMs(std::int64_t ms) noexcept {
    error_.retry_after_ms = ms;
    return *this;
  }
  Failure& Retryable(bool retryable) noexcept {
    error_.flags |= DSW_ERR_HAS_RETRYABLE | (retryable ? DSW_ERR_RETRYABLE : 0u);
    return *this;
  }
  /// The cause lies on the worker's machine: its files, its settings.
  Failure& Local() noexcept {
    error_.flags |= DSW_ERR_LOCAL;
    return *this;
  }
  Failure& UpstreamCode(std::string_view code) noexcept {
    abi_detail::CopyText(error_.code, sizeof error_.code, code);
    return *this;
  }
  Failure& RequestId(std::string_view id) noexcept {
    abi_detail::CopyText(error_.request_id, sizeof error_.request_id, id);
    return *this;
  }

  Failure& Category(dsw_status category) noexcept {
    error_.category = category;
    return *this;
  }
  /// The size that the upstream refused: `unit` is a DSW_LIMIT_*; `asked` 0 when it did not say.
  Failure& Limit(std::uint32_t unit, std::int64_t allowed, std::int64_t asked) noexcept {
    error_.limit_unit = unit;
    error_.limit = allowed;
    error_.asked = asked;
    return *this;
  }
  /// The text, by its position, that the failure is about.
  Failure& Item(std::size_t index) noexcept {
    error_.item = static_cast<std::uint32_t>(index + 1);
    return *this;
  }

  const dsw_error& error() const noexcept { return error_; }
  const char* what() const noexcept override { return error_.message; }

 private:
  dsw_error error_{};
};

/// Writes `error` as far as the caller's struct reaches; returns its category.
inline dsw_status Put(dsw_error* out, const dsw_error& error) noexcept {
  const std::size_t head = sizeof out->struct_size;
  if (out != nullptr && out->struct_size > head) {
    const std::size_t size = std::min<std::size_t>(out->struct_size, sizeof error);
    std::memcpy(reinterpret_cast<char*>(out) + head, reinterpret_cast<const char*>(&error) + head,
                size - head);
  }
  return error.category == DSW_OK ? DSW_E_INTERNAL : error.category;
}

/// Runs `body`; turns whatever it throws into *error and a status.
template <class Body>
dsw_status Guard(dsw_error* error, Body&& body) noexcept {
  try {
    std::forward<Body>(body)();
    return DSW_OK;
  } catch (const Failure& failure) {
    return Put(error, failure.error());
  } catch (const std::bad_alloc&) {
    return Put(error, Failure(DSW_E_NO_MEMORY, "out of memory").error());
  } catch (const std::exception& exception) {
    return Put(error, Failure(DSW_E_INTERNAL, exception.what()).error());
  } catch (...) {
    return Put(error, Failure(DSW_E_INTERNAL, "an exception of unknown type").error());
  }
}

/// Throws a Failure when the call is cancelled or past its deadline; for the gaps between steps.
inline void CheckCall(const dsw_host& host, const dsw_call& call) {
  if (DSW_CAN(&call, cancelled) && call.cancelled(&call) != 0) {
    throw Failure(DSW_E_CANCELLED, "cancelled by the host");
  }
  if (call.deadline_mono_ns != 0 && host.now_mono_ns(&host) >= call.deadline_mono_ns) {
    throw Failure(DSW_E_TIMEOUT, "the call's deadline passed");
  }
}

/// Logs through the host; `call` ties the line to its job and may be null.
inline void Log(const dsw_host& host, const dsw_call* call, std::int32_t level,
                std::string_view message) {
  if (host.log_enabled(&host, level) == 0) return;
  const dsw_str text = Str(message);
  host.log(&host, call, level, &text, nullptr, 0);
}

/// What points that are stored already are compared with; 0: nothing, also from hosts before 0.3.
inline std::int64_t FenceOf(const dsw_points& points) noexcept {
  return DSW_HAS(&points, fence) ? points.fence : 0;
}

/// Gives the host one state of a collection; `flags` are DSW_COLLECTION_CREATED and _EMPTY.
inline void TellState(const dsw_collection_out& out, std::uint32_t flags, std::string_view maker) {
  dsw_collection_state state{};
  state.struct_size = sizeof state;
  state.flags = flags;
  state.maker = Str(maker);
  out.state(&out, &state);
}

/// Gives the host one point of a scan.
inline void TellPoint(const dsw_scan_out& out, std::string_view id, std::string_view stamp) {
  dsw_point_stamp point{};
  point.struct_size = sizeof point;
  point.id = Str(id);
  point.stamp = Str(stamp);
  out.point(&out, &point);
}

/// create and destroy of a provider whose instances are T(const dsw_host&, std::string_view json).
template <class T>
struct Instance {
  static dsw_status Create(void*, const dsw_instance_params* params, void** instance,
                           dsw_error* error) noexcept {
    return Guard(error, [&] { *instance = new T(*params->host, View(params->config_json)); });
  }
  static void Destroy(void* instance) noexcept { delete static_cast<T*>(instance); }
};

/// Embedder table over a T with
///   void Embed(const dsw_call&, const dsw_embed_request&, const dsw_embed_out&);
///   void Describe(const dsw_call&, dsw_model_facts&);
template <class T>
struct Embedder : Instance<T> {
  static dsw_status Embed(void* instance, const dsw_call* call, const dsw_embed_request* request,
                          const dsw_embed_out* out, dsw_error* error) noexcept {
    return Guard(error, [&] { static_cast<T*>(instance)->Embed(*call, *request, *out); });
  }
  static dsw_status Describe(void* instance, const dsw_call* call, dsw_model_facts* facts,
                             dsw_error* error) noexcept {
    return Guard(error, [&] { static_cast<T*>(instance)->Describe(*call, *facts); });
  }
  static constexpr dsw_embedder_ops kOps{sizeof(dsw_embedder_ops), 0, &Embed, &Describe, nullptr};
};

/// Sink table over a T with
///   void EnsureCollection(const dsw_call&, const dsw_collection_spec&);
///   void Upsert(const dsw_call&, std::string_view collection, const dsw_points&);
///   void Remove(const dsw_call&, std::string_view collection, const dsw_str* ids, size_t count);
///   std::uint64_t Count(const dsw_call&, std::string_view collection);
///   void Health(const dsw_call&);
template <class T>
struct Sink : Instance<T> {
  static dsw_status EnsureCollection(void* instance, const dsw_call* call,
                                     const dsw_collection_spec* spec, dsw_error* error) noexcept {
    return Guard(error, [&] { static_cast<T*>(instance)->EnsureCollection(*call, *spec); });
  }
  static dsw_status Upsert(void* instance, const dsw_call* call, dsw_str const* collection,
                           const dsw_points* points, dsw_error* error) noexcept {
    return Guard(error,
                 [&] { static_cast<T*>(instance)->Upsert(*call, View(*collection), *points); });
  }
  static dsw_status Remove(void* instance, const dsw_call* call, dsw_str const* collection,
                           const dsw_str* ids, std::size_t count, dsw_error* error) noexcept {
    return Guard(error,
                 [&] { static_cast<T*>(instance)->Remove(*call, View(*collection), ids, count); });
  }
  static dsw_status Count(void* instance, const dsw_call* call, dsw_str const* collection,
                          std::uint64_t* count, dsw_error* error) noexcept {
    return Guard(error,
                 [&] { *count = static_cast<T*>(instance)->Count(*call, View(*collection)); });
  }
  static dsw_status Health(void* instance, const dsw_call* call, dsw_error* error) noexcept {
    return Guard(error, [&] { static_cast<T*>(instance)->Health(*call); });
  }
  static constexpr dsw_sink_ops kOps{
      sizeof(dsw_sink_ops), 0, &EnsureCollection, &Upsert, &Remove, &Count, &Health};
};

/// Table of DSW_EXT_COLLECTION over a T with
///   void Ensure(const dsw_call&, const dsw_collection_spec&, const dsw_collection_out&);
///   void SetMaker(const dsw_call&, std::string_view collection, std::string_view maker);
///   void Remove(const dsw_call&, std::string_view collection, const dsw_str* ids, size_t count,
///               std::int64_t fence);
template <class T>
struct SinkCollection {
  static dsw_status Ensure(void* instance, const dsw_call* call, const dsw_collection_spec* spec,
                           const dsw_collection_out* out, dsw_error* error) noexcept {
    return Guard(error, [&] { static_cast<T*>(instance)->Ensure(*call, *spec, *out); });
  }
  static dsw_status SetMaker(void* instance, const dsw_call* call, dsw_str const* collection,
                             dsw_str const* maker, dsw_error* error) noexcept {
    return Guard(error, [&] {
      static_cast<T*>(instance)->SetMaker(*call, View(*collection), View(*maker));
    });
  }
  static dsw_status Remove(void* instance, const dsw_call* call, dsw_str const* collection,
                           const dsw_str* ids, std::size_t count, std::int64_t fence,
                           dsw_error* error) noexcept {
    return Guard(error, [&] {
      static_cast<T*>(instance)->Remove(*call, View(*collection), ids, count, fence);
    });
  }
  static constexpr dsw_sink_collection kOps{sizeof(dsw_sink_collection), 0, &Ensure, &SetMaker,
                                            &Remove};
};

/// Table of DSW_EXT_SCAN over a T with
///   void Scan(const dsw_call&, std::string_view collection, std::string_view after,
///             std::uint32_t limit, const dsw_scan_out&);
template <class T>
struct SinkScan {
  static dsw_status Scan(void* instance, const dsw_call* call, dsw_str const* collection,
                         dsw_str const* after, std::uint32_t limit, const dsw_scan_out* out,
                         dsw_error* error) noexcept {
    return Guard(error, [&] {
      static_cast<T*>(instance)->Scan(*call, View(*collection), View(*after), limit, *out);
    });
  }
  static constexpr dsw_sink_scan kOps{sizeof(dsw_sink_scan), 0, &Scan};
};

/// Table of DSW_EXT_SEARCH over a T with
///   void Search(const dsw_call&, std::string_view collection, const float* vector,
///               std::uint32_t dimensions, std::uint32_t limit, const dsw_search_out&);
template <class T>
struct SinkSearch {
  static dsw_status Search(void* instance, const dsw_call* call, dsw_str const* collection,
                           const float* vector, std::uint32_t dimensions, std::uint32_t limit,
                           const dsw_search_out* out, dsw_error* error) noexcept {
    return Guard(error, [&] {
      static_cast<T*>(instance)->Search(*call, View(*collection), vector, dimensions, limit, *out);
    });
  }
  static constexpr dsw_sink_search kOps{sizeof(dsw_sink_search), 0, &Search};
};

}  // namespace dsw
