// SPDX-License-Identifier: Apache-2.0
//
// The self-hosted inference API that serves FastEmbed models, and the server of the curl example
// that posts {"input": […]} to /embed.
#pragma once

#include <memory>
#include <vector>

#include "tests/doubles/api.h"

namespace dsw::doubles {

std::unique_ptr<Api> MakeFastEmbed(const Options& options);
std::vector<Canned> FastEmbedReplies();

std::unique_ptr<Api> MakePlainEmbed(const Options& options);
std::vector<Canned> PlainEmbedReplies();

}  // namespace dsw::doubles
