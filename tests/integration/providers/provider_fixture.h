// SPDX-License-Identifier: Apache-2.0
//
// The HTTP providers as the worker uses them: loaded from their files, over the real HTTP client,
// against doubles of their services.
#pragma once

#include <cstddef>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "host/domain/plan.h"
#include "host/ports/embedder.h"
#include "tests/doubles/double.h"
#include "tests/support/matchers.h"

namespace dsw {

/// A provider with a service that it is to embed with.
struct Pairing {
  std::string name;     ///< Of the test.
  std::string service;  ///< Of the double.
  std::string provider;
  std::string model;
  std::size_t dims = 0;
  std::string config_json{};
  bool has_index = false;     ///< Vectors of an answer say which text they belong to.
  bool counts_tokens = true;  ///< In the body of the answer.
  bool dims_known = true;     ///< Before the first answer.
};
void PrintTo(const Pairing& pairing, std::ostream* out);

const std::vector<Pairing>& AllPairings();
/// Throws for a name that there is not.
const Pairing& PairingNamed(std::string_view name);

/// Doubles write what they saw to the file that DSW_CAPTURE names.
class ProviderTest : public testing::Test {
 protected:
  /// Starts the double, and opens the provider for it.
  void Start(const Pairing& pairing, doubles::Options options = {},
             const std::string& config_json = {});
  void StartNamed(std::string_view pairing, const doubles::Options& options = {},
                  const std::string& config_json = {}) {
    Start(PairingNamed(pairing), options, config_json);
  }
  /// The provider, with another configuration, for the same double.
  Result<std::shared_ptr<Embedder>> Open(const EmbedderConfig& config);

  Result<Vectors> Embed(const std::vector<std::string>& texts,
                        InputType type = InputType::kDocument);
  /// Embeds two short texts.
  Result<Vectors> EmbedTwo() { return Embed({"first text", "zweiter Text, äöü \"€\" 🦆"}); }
  /// Each row is the vector of its text.
  void ExpectVectors(const Result<Vectors>& vectors, const std::vector<std::string>& texts) const;

  doubles::Double& service() { return *service_; }
  const Pairing& pairing() const { return *pairing_; }
  const EmbedderConfig& config() const { return config_; }

  static constexpr char kKey[] = "sk-secret-0123456789abcdef";

 private:
  const Pairing* pairing_ = nullptr;
  EmbedderConfig config_;
  std::unique_ptr<doubles::Double> service_;
  std::shared_ptr<Embedder> embedder_;
};

class EachProviderTest : public ProviderTest, public testing::WithParamInterface<Pairing> {
 protected:
  void Start(const doubles::Options& options = {}) { ProviderTest::Start(GetParam(), options); }
};

}  // namespace dsw
