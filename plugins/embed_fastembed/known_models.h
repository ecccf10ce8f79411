// SPDX-License-Identifier: Apache-2.0
// The models that this provider knows by name: what their authors publish about them, and under
// which names their ONNX exports are kept.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace dsw::fastembed {

/// How the vectors of a text's tokens become the vector of the text.
enum class Pooling { kCls, kMean };

struct KnownModel {
  std::string_view id;
  unsigned dimensions;
  unsigned layers;  ///< with `dimensions` enough to tell these models apart
  unsigned max_tokens;
  Pooling pooling;
  std::vector<std::string_view> repositories;  ///< `org/name` of exports, FastEmbed's first
  std::string_view archive_folder;             ///< what FastEmbed's own archive unpacks to
};

/// All of them, in the order in which they are listed to users. Immutable.
const std::vector<KnownModel>& KnownModels();

/// The known model that `name` stands for: its id, the part of it after the slash, or one of its
/// repositories, in any case. Null when there is none.
const KnownModel* FindKnownModel(std::string_view name);

/// Equal but for the case of ASCII letters.
bool EqualIgnoringCase(std::string_view a, std::string_view b);

}  // namespace dsw::fastembed
