// SPDX-License-Identifier: Apache-2.0
#include "plugins/sink_qdrant/scan.h"

#include <algorithm>

#include "plugins/sink_qdrant/names.h"
#include "plugins/sink_qdrant/write_watch.h"

namespace dsw::qdrant {
namespace {

using Json = nlohmann::ordered_json;

[[noreturn]] void BadResponse() {
  throw Failure(DSW_E_BAD_RESPONSE, "Qdrant's answer has no page of points");
}

std::string StampOf(const Json& point) {
  if (!point.contains("payload") || !point["payload"].is_object()) return {};
  const auto stamp = point["payload"].find(DSW_STAMP_KEY);
  return stamp == point["payload"].end() ? std::string() : stamp->dump();
}

}  // namespace

void Scanner::Scan(const dsw_call& call, std::string_view collection, std::string_view after,
                   std::uint32_t limit, const dsw_scan_out& out) {
  const std::string path = CollectionPath(collection);
  std::string offset;
  if (after.empty()) {
    const std::uint64_t hidden = QueueOf(rest_.Get(call, path)).hidden;
    if (hidden > 0) {
      throw Failure(DSW_E_UNAVAILABLE, std::to_string(hidden) +
                                           " points of the collection wait for Qdrant's optimizer "
                                           "(prevent_unoptimized) and cannot be listed before");
    }
  } else {
    offset = MakePointId(after).Json();
  }
  bool first_may_be_known = !after.empty();
  for (std::uint32_t left = limit; left > 0;) {
    const std::uint32_t wanted = left == UINT32_MAX || !first_may_be_known ? left : left + 1;
    const Json page = Scroll(call, path, offset, wanted);
    for (const Json& point : page["points"]) {
      if (!point.is_object() || !point.contains("id")) BadResponse();
      const std::string id = IdText(point["id"]);
      if (left == 0 || (first_may_be_known && id == after)) continue;
      TellPoint(out, id, StampOf(point));
      --left;
    }
    const Json next = page.value("next_page_offset", Json());
    if (next.is_null()) return;
    offset = next.dump();
    first_may_be_known = false;
  }
}

Json Scanner::Scroll(const dsw_call& call, const std::string& path, const std::string& offset,
                     std::uint32_t limit) {
  while (true) {
    const std::uint32_t asked = std::min<std::uint32_t>(limit, most_points_);
    std::string body = R"({"limit":)" + std::to_string(asked) +
                       R"(,"with_payload":[")" DSW_STAMP_KEY R"("],"with_vector":false)";
    if (!offset.empty()) body += R"(,"offset":)" + offset;
    try {
      Json page = rest_.Post(call, path + "/points/scroll", body + '}');
      if (!page.is_object() || !page.contains("points") || !page["points"].is_array()) {
        BadResponse();
      }
      return page;
    } catch (const Failure& failure) {
      const dsw_error& error = failure.error();
      const bool smaller_helps = error.category == DSW_E_TOO_LARGE &&
                                 error.limit_unit == DSW_LIMIT_ITEMS && error.limit > 1 &&
                                 error.limit < asked;
      if (!smaller_helps) throw;
      most_points_ = static_cast<std::uint32_t>(error.limit);
    }
  }
}

std::string IdText(const Json& id) {
  if (id.is_string()) return id.get<std::string>();
  if (!id.is_number_unsigned()) BadResponse();
  return id.dump();
}

}  // namespace dsw::qdrant
