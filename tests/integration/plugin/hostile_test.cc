// SPDX-License-Identifier: Apache-2.0
//
// Everything that a plugin may do to whoever loads it, done in a process of its own: the worker
// lives on, others are served, and a line says who it was, what happened, and what to do.
#include <array>
#include <optional>

#include "host/plugin/catalog.h"
#include "tests/integration/plugin/hostile_plugins.h"
#include "tests/integration/plugin/load_modes.h"
#include "tests/integration/plugin/log_lines.h"
#include "tests/integration/plugin/plugin_directory.h"
#include "tests/support/matchers.h"

namespace dsw {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;

struct Case {
  std::string name;  ///< Of the file, or of the model that tells `hostile` what to do.
  std::string says;  ///< A regular expression.
};

void PrintTo(const Case& hostile, std::ostream* to) {
  *to << hostile.name;
}

std::string NameOf(const testing::TestParamInfo<Case>& info) {
  std::string name = info.param.name;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c == ':' || c == '-'; }, '_');
  return name;
}

class HostileTest : public testing::TestWithParam<Case> {
 protected:
  void Load(const std::string& file) {
    directory_.Add(EMBED_TEST_SO);
    directory_.Add(Hostile(file));
    LoadOptions options = OptionsFor(Isolation::kAll);
    options.limit = milliseconds(2000);
    options.instance_limit = milliseconds(500);
    options.memory = std::uint64_t{160} << 20;
    plugins_.emplace(std::array{directory_.path()}, options);
    catalog_.emplace(*plugins_, CatalogOptions{});
  }

  Result<Vectors> Embed(const std::string& provider, const std::string& model, milliseconds limit) {
    EmbedderConfig config;
    config.provider = provider;
    config.model = model;
    ASSIGN_OR_RETURN(const std::shared_ptr<Embedder> embedder, catalog_->OpenEmbedder(config));
    CallContext context;
    context.job_id = "job-17";
    context.deadline = steady_clock::now() + limit;
    RETURN_IF_ERROR(embedder->Describe(context));
    const std::vector<std::string_view> texts{"one", "two"};
    return embedder->Embed(context, texts, InputType::kDocument);
  }

  /// What became of it all: the call's error or those of its texts, then the log.
  std::string Words(const Result<Vectors>& vectors) const {
    std::string words = (vectors ? "succeeded" : vectors.error().message) + '\n';
    for (std::size_t i = 0; vectors && i < vectors->item_errors.size(); ++i) {
      if (vectors->item_errors[i]) words += vectors->item_errors[i]->message + '\n';
    }
    return words + lines_.text();
  }

  void End() {
    catalog_.reset();
    plugins_.reset();
  }

  LogLines lines_;
  const PluginDirectory directory_;
  std::optional<LoadedPlugins> plugins_;
  std::optional<LoadedCatalog> catalog_;
};

class HostileCallTest : public HostileTest {};

TEST_P(HostileCallTest, CostsItselfAlone) {
  Load("hostile");
  const Result<Vectors> vectors = Embed("hostile", GetParam().name, milliseconds(1500));
  EXPECT_OK(Embed("test", "hash-8", std::chrono::seconds(10)));
  EXPECT_OK(Embed("hostile", "well", std::chrono::seconds(10))) << "its own others, too";
  End();
  const std::string words = Words(vectors);
  EXPECT_THAT(words, ContainsRegex(GetParam().says));
  if (words.find("was lost") != std::string::npos) {
    EXPECT_THAT(words, ContainsRegex("was lost plugin=hostile.so .*provider=hostile operation=.*"
                                     "reason=.*to_do=replace or remove the plugin"));
  }
}

constexpr const char* kSignal11 = "hostile: plugin process died: (signal 11|exited with 1)";

INSTANTIATE_TEST_SUITE_P(
    Of, HostileCallTest,
    testing::Values(Case{"create:crashes", kSignal11},
                    Case{"create:aborts", "plugin process died: signal 6"},
                    Case{"create:exits", "plugin process died: exited with 3"},
                    Case{"create:exits_with_0", "plugin process died: exited with 0"},
                    Case{"create:hangs", "did not return in time"},
                    Case{"create:spins", "did not return in time"},
                    Case{"create:takes_memory", "PLUGIN_MEMORY|threw an exception: std::bad_alloc"},
                    Case{"create:closes_everything", "plugin process died"},
                    Case{"throws_in_create", "threw an exception"},
                    Case{"null_instance", "created an instance without setting it"},
                    Case{"describe:crashes", kSignal11},
                    Case{"describe:hangs", "did not return in time"},
                    Case{"absurd_dimensions", "described a model of 4000000000 dimensions"},
                    Case{"embed:crashes", kSignal11}, Case{"embed:writes_to_null", kSignal11},
                    Case{"embed:overflows_the_stack", kSignal11},
                    Case{"embed:aborts", "plugin process died: signal 6"},
                    Case{"embed:exits", "plugin process died: exited with 3"},
                    Case{"embed:exits_with_0", "plugin process died: exited with 0"},
                    Case{"embed:kills_itself", "plugin process died: signal 9"},
                    Case{"embed:hangs", "did not return in time"},
                    Case{"embed:spins", "did not return in time"}),
    NameOf);

INSTANTIATE_TEST_SUITE_P(
    Reaching, HostileCallTest,
    testing::Values(
        Case{"embed:takes_memory", "PLUGIN_MEMORY|threw an exception: std::bad_alloc"},
        Case{"embed:takes_shared_memory", "PLUGIN_MEMORY"},
        Case{"embed:starts_threads", "threw an exception|PLUGIN_MEMORY|did not return in time"},
        Case{"embed:closes_everything", "plugin process died"},
        Case{"embed:writes_nonsense", "plugin process died"},
        Case{"embed:floods_stderr", "lines of a plugin's process were dropped"},
        Case{"embed:kills_the_worker", "succeeded"}, Case{"embed:forks", "succeeded"},
        Case{"embed:runs_programs", "succeeded"}, Case{"reaches_out", "succeeded"},
        Case{"talks", "stream=stderr"}, Case{"bad_log", kSignal11}, Case{"bad_usage", kSignal11},
        Case{"bad_item_error", kSignal11},
        Case{"overruns", "signal 11|PLUGIN_MEMORY|exited with 1"},
        Case{"nan", "not a number|not finite"}, Case{"infinite", "not a number|not finite"},
        Case{"no_alloc", "without asking for the result's memory"},
        Case{"alloc_twice", "asked twice"}, Case{"wrong_rows", "returned 3 vectors for 2 texts"},
        Case{"throws_int", "threw an exception of unknown type"},
        Case{"unknown_status", "returned the unknown status 77"},
        Case{"destroy:crashes", "was lost .*operation=destroy"},
        Case{"destroy:hangs", "was lost .*operation=destroy"}),
    NameOf);

class HostileFileTest : public HostileTest {};

TEST_P(HostileFileTest, IsRefusedByItsName) {
  const auto began = steady_clock::now();
  Load(GetParam().name);
  EXPECT_OK(Embed("test", "hash-8", std::chrono::seconds(10)));
  const PluginReport report = ReportOn(*plugins_, GetParam().name + ".so");
  EXPECT_FALSE(report.loaded);
  EXPECT_THAT(report.reason, ContainsRegex(GetParam().says));
  EXPECT_THAT(lines_.text(), HasSubstr("plugin refused file=" + report.file));
  EXPECT_LT(steady_clock::now() - began, std::chrono::seconds(20));
}

INSTANTIATE_TEST_SUITE_P(
    Of, HostileFileTest,
    testing::Values(Case{"hostile_constructor_crashes",
                         "cannot be loaded: plugin process died: signal 11"},
                    Case{"hostile_constructor_exits_with_0", "plugin process died: exited with 0"},
                    Case{"hostile_constructor_hangs", "did not answer within 2000 ms"},
                    Case{"hostile_entry_crashes", "plugin process died: signal 11"},
                    Case{"hostile_entry_exits_with_0", "plugin process died: exited with 0"},
                    Case{"hostile_entry_hangs", "did not answer within 2000 ms"},
                    Case{"hostile_init_crashes", "plugin process died: signal 11"},
                    Case{"hostile_init_exits_with_0", "plugin process died: exited with 0"},
                    Case{"hostile_init_hangs", "did not answer within 2000 ms"},
                    Case{"hostile_fails_init", "libwanted.so is missing"},
                    Case{"hostile_throws_in_entry", "thrown at the door"},
                    Case{"hostile_misses_symbol", "hostile_nobody_has_this"},
                    Case{"hostile_other_major", "."}, Case{"hostile_no_entry", "."},
                    Case{"hostile_no_note", "."}, Case{"hostile_note_disagrees", "6.6.6"},
                    Case{"hostile_null_table", "."}, Case{"hostile_short_table", "."},
                    Case{"hostile_newer_host", "4000000000"}),
    NameOf);

class HostileEndTest : public HostileTest {};

TEST_P(HostileEndTest, CostsNobodyAnything) {
  Load(GetParam().name);
  EXPECT_OK(Embed(GetParam().name, "well", std::chrono::seconds(10)));
  const auto began = steady_clock::now();
  End();
  EXPECT_LT(steady_clock::now() - began, std::chrono::seconds(10));
}

INSTANTIATE_TEST_SUITE_P(Of, HostileEndTest,
                         testing::Values(Case{"hostile_shutdown_crashes", ""},
                                         Case{"hostile_shutdown_exits_with_0", ""},
                                         Case{"hostile_shutdown_hangs", ""}),
                         NameOf);

TEST_F(HostileTest, WhatOnlyDiesIsQuarantinedUntilItIsReleased) {
  Load("hostile");
  EmbedderConfig config;
  config.provider = "hostile";
  config.model = "embed:crashes";
  ASSERT_OK_AND_ASSIGN(const auto embedder, catalog_->OpenEmbedder(config));
  const std::vector<std::string_view> texts{"one"};
  const auto process = plugins_->Find(ProviderKind::kEmbedder, "hostile")->plugin->process;
  for (std::size_t i = 0; i < DeathRecord::kMost; ++i) {
    EXPECT_FAIL(embedder->Embed({}, texts, InputType::kDocument), Code::kUnavailable, "died");
  }
  EXPECT_EQ(process->Look().state, ProcessStatus::State::kQuarantined);
  const auto began = steady_clock::now();
  EXPECT_FAIL(embedder->Embed({}, texts, InputType::kDocument), Code::kUnavailable,
              "quarantined after 20 deaths");
  EXPECT_LT(steady_clock::now() - began, std::chrono::seconds(1));
  EXPECT_THAT(lines_.text(), HasSubstr("`worker-datasets plugins release` plugin=hostile.so "
                                       "sha256="));
  EXPECT_TRUE(process->Release());
  EXPECT_OK(Embed("hostile", "well", std::chrono::seconds(10)));
  EXPECT_EQ(process->Look().state, ProcessStatus::State::kRunning);
  EXPECT_EQ(process->Look().restarts, DeathRecord::kMost);
  EXPECT_FALSE(process->Release());
}

}  // namespace
}  // namespace dsw
