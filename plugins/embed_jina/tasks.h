// SPDX-License-Identifier: Apache-2.0
//
// Which "task" a model of Jina's takes.
#pragma once

#include <string>
#include <string_view>

namespace dsw::jina {

/// What to send; empty for none.
struct Tasks {
  std::string query;
  std::string document;
};

/// `setting` is a task, the first part of a pair ("retrieval" for retrieval.query and
/// retrieval.passage), "none", or empty for the model's usual one. Nothing is known of models
/// beyond Jina's first four families: for them a task is passed on as it is, and none without a
/// setting. Throws a Failure with DSW_E_INVALID_CONFIG, naming /task and those that there are.
/// Pure.
Tasks TasksOf(std::string_view model, std::string_view setting);

}  // namespace dsw::jina
