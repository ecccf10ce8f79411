// SPDX-License-Identifier: Apache-2.0
//
// Sink "fault": a log of what was stored and removed, in the file points/<collection> of the shared
// directory, and faults as the script says. Written with one system call per operation, so that it
// is as durable against kill -9 as a database. Lines:
//
//   U <id> <hex of the floats' bytes> <payload> .
//   R <id> .
//
// separated by tabs. A line without the full stop was cut off by the end of its process; every
// write begins with a line break, so that it spoils no other.
#include <cstdint>
#include <cstring>
#include <fstream>
#include <set>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <unistd.h>

#include <dsw/plugin.hpp>

#include "script.h"

namespace fault {
namespace {

std::string FileOf(std::string_view collection) {
  return "points/" + std::string(collection);
}

std::string Hex(const float* row, std::uint32_t dimensions) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (std::uint32_t i = 0; i < dimensions; ++i) {
    std::uint32_t bits = 0;
    std::memcpy(&bits, &row[i], sizeof bits);
    for (int shift = 28; shift >= 0; shift -= 4) hex += kDigits[(bits >> shift) & 15u];
  }
  return hex;
}

class FaultSink {
 public:
  FaultSink(const dsw_host& host, std::string_view) : host_(host) {}

  void EnsureCollection(const dsw_call& call, const dsw_collection_spec& spec) {
    Act(host_, call, "sink");
    const std::string path = Directory() + "/" + FileOf(dsw::View(spec.name)) + ".meta";
    const std::string shape =
        std::to_string(spec.dimensions) + " " + std::to_string(spec.distance) + "\n";
    std::ifstream meta(path);
    if (!meta) {
      if ((spec.flags & DSW_COLLECTION_MUST_EXIST) != 0) {
        throw dsw::Failure(DSW_E_NOT_FOUND, "there is no such collection");
      }
      Append(FileOf(dsw::View(spec.name)), "");
      const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
      if (file >= 0) {
        if (write(file, shape.data(), shape.size()) < 0) unlink(path.c_str());
        close(file);
      }
      return;
    }
    std::string found;
    std::getline(meta, found);
    if (!found.empty() && found + "\n" != shape) {
      throw dsw::Failure(DSW_E_CONFLICT, "the collection exists as " + found);
    }
  }

  void Upsert(const dsw_call& call, std::string_view collection, const dsw_points& points) {
    Act(host_, call, "sink");
    CheckThere(collection);
    Texts payloads;
    for (std::size_t i = 0; i < points.count; ++i) {
      payloads.push_back(dsw::View(points.payloads[i]));
    }
    Act(host_, call, "before_upsert", payloads);
    const std::size_t half = points.count / 2;
    Append(FileOf(collection), Lines(points, 0, half));
    Act(host_, call, "mid_upsert", payloads);
    Append(FileOf(collection), Lines(points, half, points.count));
    Act(host_, call, "after_upsert", payloads);
  }

  void Remove(const dsw_call& call, std::string_view collection, const dsw_str* ids,
              std::size_t count) {
    Act(host_, call, "sink");
    CheckThere(collection);
    Act(host_, call, "before_remove");
    std::string lines = "\n";
    for (std::size_t i = 0; i < count; ++i) {
      lines += "R\t" + std::string(dsw::View(ids[i])) + "\t.\n";
    }
    Append(FileOf(collection), lines);
    Act(host_, call, "after_remove");
  }

  std::uint64_t Count(const dsw_call& call, std::string_view collection) {
    Act(host_, call, "sink");
    CheckThere(collection);
    std::set<std::string> ids;
    std::ifstream file(Directory() + "/" + FileOf(collection));
    for (std::string line; std::getline(file, line);) {
      if (line.size() < 3 || line.compare(line.size() - 2, 2, "\t.") != 0) continue;
      const std::string id = line.substr(2, 36);
      line.front() == 'U' ? void(ids.insert(id)) : void(ids.erase(id));
    }
    return ids.size();
  }

  void Health(const dsw_call& call) { Act(host_, call, "sink"); }

 private:
  /// As in a database, what was dropped is not made again by writing to it.
  static void CheckThere(std::string_view collection) {
    const std::string path = Directory() + "/" + FileOf(collection) + ".meta";
    if (access(path.c_str(), F_OK) != 0) {
      throw dsw::Failure(DSW_E_NOT_FOUND, "there is no collection " + std::string(collection));
    }
  }

  static std::string Lines(const dsw_points& points, std::size_t first, std::size_t end) {
    std::string lines = "\n";
    for (std::size_t i = first; i < end; ++i) {
      const auto* const row = reinterpret_cast<const float*>(
          reinterpret_cast<const char*>(points.vectors) + i * points.row_stride_bytes);
      lines += "U\t" + std::string(dsw::View(points.ids[i])) + "\t" + Hex(row, points.dimensions) +
               "\t" + std::string(dsw::View(points.payloads[i])) + "\t.\n";
    }
    return lines;
  }

  const dsw_host& host_;
};

using Table = dsw::Sink<FaultSink>;

constexpr dsw_provider MakeProvider() {
  dsw_provider provider{};
  provider.struct_size = sizeof provider;
  provider.kind = DSW_KIND_SINK;
  provider.id = DSW_STR("fault");
  provider.title = DSW_STR("A log of points with faults, for tests");
  provider.create = &Table::Create;
  provider.destroy = &Table::Destroy;
  provider.sink = &Table::kOps;
  return provider;
}

constexpr dsw_provider kProvider = MakeProvider();
constexpr const dsw_provider* kProviders[] = {&kProvider};
constexpr dsw_plugin kPlugin{sizeof(dsw_plugin),
                             DSW_ABI_MINOR,
                             0,
                             0,
                             DSW_STR("io.dsw.sink-fault"),
                             DSW_STR("1.0.0"),
                             DSW_STR("Datasets worker"),
                             DSW_STR("Apache-2.0"),
                             kProviders,
                             1,
                             nullptr,
                             nullptr};

}  // namespace
}  // namespace fault

extern "C" dsw_status dsw_plugin_entry_v0(const dsw_host*, const dsw_plugin** out, dsw_error*) {
  *out = &fault::kPlugin;
  return DSW_OK;
}
