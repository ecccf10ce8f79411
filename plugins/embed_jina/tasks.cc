// SPDX-License-Identifier: Apache-2.0
#include "plugins/embed_jina/tasks.h"

#include <dsw/plugin.hpp>

namespace dsw::jina {
namespace {

/// Models whose names begin alike take the same tasks. A task that ends in a dot is a pair.
struct Family {
  std::string_view prefix;
  std::string_view usual;
  const std::string_view* tasks;
  std::size_t task_count;
};

constexpr std::string_view kV3[] = {"retrieval.", "text-matching", "classification", "separation"};
constexpr std::string_view kV4[] = {"retrieval.", "text-matching", "code."};
constexpr std::string_view kCode[] = {"nl2code.", "qa.", "code2code.", "code2nl.",
                                      "code2completion."};
constexpr Family kFamilies[] = {
    {"jina-embeddings-v2", "", nullptr, 0},
    {"jina-embeddings-v3", "retrieval", kV3, sizeof kV3 / sizeof kV3[0]},
    {"jina-embeddings-v4", "retrieval", kV4, sizeof kV4 / sizeof kV4[0]},
    {"jina-code-embeddings", "", kCode, sizeof kCode / sizeof kCode[0]},
    {"jina-clip", "", nullptr, 0},
};

const Family* FamilyOf(std::string_view model) {
  for (const Family& family : kFamilies) {
    if (model.substr(0, family.prefix.size()) == family.prefix) return &family;
  }
  return nullptr;
}

constexpr char kQuery[] = "query";
constexpr char kPassage[] = "passage";

bool Resolve(const Family& family, std::string_view setting, Tasks& tasks) {
  for (std::size_t i = 0; i < family.task_count; ++i) {
    const std::string_view task = family.tasks[i];
    const std::string text(setting);
    if (task.back() != '.') {
      if (setting == task) return tasks = {text, text}, true;
      continue;
    }
    const std::string pair(task);
    if (text + "." == pair) return tasks = {pair + kQuery, pair + kPassage}, true;
    if (text == pair + kQuery || text == pair + kPassage) return tasks = {text, text}, true;
  }
  return false;
}

}  // namespace

Tasks TasksOf(std::string_view model, std::string_view setting) {
  const Family* family = FamilyOf(model);
  Tasks tasks;
  if (setting == "none") return tasks;
  if (family == nullptr) return {std::string(setting), std::string(setting)};
  if (setting.empty()) setting = family->usual;
  if (setting.empty() || Resolve(*family, setting, tasks)) return tasks;
  std::string known;
  for (std::size_t i = 0; i < family->task_count; ++i) {
    const std::string_view task = family->tasks[i];
    if (!known.empty()) known += ", ";
    known += task.back() == '.' ? task.substr(0, task.size() - 1) : task;
  }
  throw Failure(DSW_E_INVALID_CONFIG,
                "jina: /task: " + std::string(model) +
                    (known.empty() ? " has none; remove it" : " has not this one but: " + known));
}

}  // namespace dsw::jina
