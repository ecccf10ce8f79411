// SPDX-License-Identifier: Apache-2.0
#include "tests/fault/random_edits.h"

#include <nlohmann/json.hpp>

namespace dsw::fault_test {

RandomEdits::RandomEdits(FaultWorld& world, std::int64_t transform, int most_chunks, Dice& dice)
    : world_(world),
      dataset_(world.Sql(fmt::format(
          "SELECT source_dataset_id FROM dataset_transforms WHERE dataset_transform_id = {}",
          transform))),
      most_chunks_(most_chunks),
      dice_(dice) {}

std::string RandomEdits::NewText() {
  return fmt::format("dataset {} edit {} text {}", dataset_, made_, dice_.Between(1, 1'000'000));
}

void RandomEdits::Edit() {
  ++made_;
  // Of the items there are now, one by chance.
  const std::string some = fmt::format(
      "item_id = (SELECT item_id FROM dataset_items WHERE dataset_id = {0} ORDER BY item_id OFFSET "
      "({1} % greatest(1, (SELECT count(*) FROM dataset_items WHERE dataset_id = {0}))) LIMIT 1)",
      dataset_, dice_.Between(0, 1'000'000));
  // A job that tells of no chunks at all could not be told from one that forgot how many there are.
  const std::string not_the_last = fmt::format(
      " AND (SELECT count(*) FROM dataset_items WHERE dataset_id = {} AND "
      "jsonb_array_length(chunks) > 0) > 1",
      dataset_);
  const std::string update = "UPDATE dataset_items SET updated_at = now(), ";
  nlohmann::json chunks = nlohmann::json::array();
  for (int left = dice_.Between(1, most_chunks_); left > 0; --left) chunks.push_back(NewText());
  switch (dice_.Between(0, 7)) {
    case 0:
      world_.Sql(update + fmt::format("chunks = jsonb_set(chunks, '{{0}}', '\"{}\"') WHERE {} AND "
                                      "jsonb_array_length(chunks) > 0",
                                      NewText(), some));
      break;
    case 1:
      world_.Sql(update + fmt::format("chunks = chunks - (jsonb_array_length(chunks) - 1) WHERE {} "
                                      "AND jsonb_array_length(chunks) > 1",
                                      some));
      break;
    case 2:
      world_.Sql(update + fmt::format("chunks = chunks || '[\"{}\"]' WHERE {}", NewText(), some));
      break;
    case 3:
      world_.Sql(fmt::format("DELETE FROM dataset_items WHERE {}", some) + not_the_last);
      break;
    case 4:
      world_.Sql(
          fmt::format("INSERT INTO dataset_items (dataset_id, title, chunks) VALUES ({}, "
                      "'new item {}', '{}')",
                      dataset_, made_, chunks.dump()));
      break;
    case 5:
      world_.Sql(update + fmt::format("chunks = jsonb_set(chunks, '{{0}}', '\"\"') WHERE {} AND "
                                      "jsonb_array_length(chunks) > 0",
                                      some));
      break;
    case 6:
      world_.Sql(update + fmt::format("chunks = '[]' WHERE {}", some) + not_the_last);
      break;
    default:
      world_.Sql(update + fmt::format("title = '{}', chunks = '{}' WHERE {}", NewText(),
                                      chunks.dump(), some));
  }
}

}  // namespace dsw::fault_test
