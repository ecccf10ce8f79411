// SPDX-License-Identifier: Apache-2.0
#include "tests/fault/stored_points.h"

#include <cstdint>
#include <cstring>
#include <fstream>
#include <functional>
#include <stdexcept>
#include <string_view>
#include <utility>

#include <sqlite3.h>

namespace dsw::fault_test {
namespace {

std::vector<float> Floats(std::string_view hex) {
  std::vector<float> floats;
  for (std::size_t at = 0; at + 8 <= hex.size(); at += 8) {
    const auto bits =
        static_cast<std::uint32_t>(std::stoul(std::string(hex.substr(at, 8)), nullptr, 16));
    float value = 0;
    std::memcpy(&value, &bits, sizeof value);
    floats.push_back(value);
  }
  return floats;
}

/// Calls `row` for each row of a query.
void Query(sqlite3* file, const std::string& sql, const std::function<void(sqlite3_stmt*)>& row) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(file, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK) {
    throw std::runtime_error(sqlite3_errmsg(file));
  }
  while (sqlite3_step(statement) == SQLITE_ROW) row(statement);
  sqlite3_finalize(statement);
}

std::string Text(sqlite3_stmt* row, int column) {
  return {static_cast<const char*>(sqlite3_column_blob(row, column)),
          static_cast<std::size_t>(sqlite3_column_bytes(row, column))};
}

/// What a point was written under; the stamp is the end of its payload.
std::int64_t TokenOf(const std::string& payload) {
  constexpr std::string_view kToken = "\"t\":";
  const std::size_t at = payload.rfind(kToken);
  return at == std::string::npos ? 0 : std::stoll(payload.substr(at + kToken.size()));
}

}  // namespace

StoredPoints ReadPoints(const std::filesystem::path& log, bool fence) {
  StoredPoints points;
  std::ifstream file(log, std::ios::binary);
  constexpr std::size_t kId = 2;
  constexpr std::size_t kIdSize = 36;
  constexpr std::size_t kRest = kId + kIdSize + 1;
  for (std::string line; std::getline(file, line);) {
    if (line.size() <= kRest || !line.ends_with("\t.")) continue;
    const std::string id = line.substr(kId, kIdSize);
    if (line.front() == 'R') {
      points.erase(id);
      continue;
    }
    const std::size_t payload = line.find('\t', kRest) + 1;
    StoredPoint point{
        .vector = Floats(std::string_view(line).substr(kRest, payload - 1 - kRest)),
        .payload = line.substr(payload, line.size() - 2 - payload),
    };
    StoredPoint& stored = points[id];
    if (fence && TokenOf(point.payload) < TokenOf(stored.payload)) continue;
    stored = std::move(point);
  }
  return points;
}

StoredPoints ReadSqlitePoints(const std::filesystem::path& file, const std::string& collection) {
  StoredPoints points;
  sqlite3* database = nullptr;
  sqlite3_open_v2(file.c_str(), &database, SQLITE_OPEN_READWRITE, nullptr);
  std::string table;
  Query(database, "SELECT id FROM collections WHERE name = '" + collection + "'",
        [&](sqlite3_stmt* row) { table = "points_" + Text(row, 0); });
  const auto read = [&](sqlite3_stmt* row) {
    const std::string vector = Text(row, 1);
    StoredPoint& point = points[Text(row, 0)];
    point.vector.resize(vector.size() / sizeof(float));
    std::memcpy(point.vector.data(), vector.data(), vector.size());
    point.payload = Text(row, 2);
  };
  if (!table.empty()) Query(database, "SELECT id, vector, payload FROM " + table, read);
  sqlite3_close(database);
  return points;
}

}  // namespace dsw::fault_test
