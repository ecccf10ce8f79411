// SPDX-License-Identifier: Apache-2.0
#include "host/runner/instances.h"

#include <string_view>

#include "host/isolation/wire.h"

namespace dsw::runner {
namespace {

template <class Extension>
const Extension* Find(const Instance& instance, std::string_view id) {
  return static_cast<const Extension*>(
      instance.provider->get_extension(instance.handle, id.data(), id.size()));
}

}  // namespace

std::uint32_t Instance::extensions() const {
  std::uint32_t bits = 0;
  if (collection != nullptr) bits |= wire::kCollectionExtension;
  if (collection != nullptr && DSW_CAN(collection, remove)) bits |= wire::kRemoveOlderExtension;
  if (scan != nullptr) bits |= wire::kScanExtension;
  if (search != nullptr) bits |= wire::kSearchExtension;
  return bits;
}

std::uint64_t Instances::Add(const Instance& instance) {
  const std::lock_guard lock(mutex_);
  by_number_.emplace(++last_, instance);
  return last_;
}

Instance Instances::Find(std::uint64_t number) const {
  const std::lock_guard lock(mutex_);
  const auto found = by_number_.find(number);
  return found == by_number_.end() ? Instance() : found->second;
}

void Instances::Remove(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  by_number_.erase(number);
}

void FindExtensions(Instance& instance) {
  if (instance.provider->kind != DSW_KIND_SINK) return;
  if (instance.provider->get_extension == nullptr) return;
  const auto* collection = Find<dsw_sink_collection>(instance, DSW_EXT_COLLECTION);
  if (collection != nullptr && DSW_CAN(collection, ensure) && DSW_CAN(collection, set_maker)) {
    instance.collection = collection;
  }
  const auto* scan = Find<dsw_sink_scan>(instance, DSW_EXT_SCAN);
  if (scan != nullptr && DSW_CAN(scan, scan)) instance.scan = scan;
  const auto* search = Find<dsw_sink_search>(instance, DSW_EXT_SEARCH);
  if (search != nullptr && DSW_CAN(search, search)) instance.search = search;
}

}  // namespace dsw::runner
