// SPDX-License-Identifier: Apache-2.0
//
// Files that come, change and go while the worker runs.
#include <array>
#include <atomic>
#include <fstream>
#include <future>
#include <optional>
#include <thread>

#include <unistd.h>

#include "host/plugin/catalog.h"
#include "tests/integration/plugin/hostile_plugins.h"
#include "tests/integration/plugin/load_modes.h"
#include "tests/integration/plugin/log_lines.h"
#include "tests/integration/plugin/plugin_directory.h"
#include "tests/support/matchers.h"

namespace dsw {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr float kFirst = 1;   // What `hostile` fills its vectors with,
constexpr float kSecond = 2;  // and what `hostile_duplicate` does, which has the same provider.

/// Processes of plugins that this process has.
int Runners() {
  int count = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator("/proc")) {
    std::ifstream file(entry.path() / "stat");
    std::string pid;
    std::string name;
    std::string state;
    int parent = 0;
    if (!(file >> pid >> name >> state >> parent)) continue;
    if (parent == getpid() && state != "Z" && name.starts_with("(dsw-plugin-run")) ++count;
  }
  return count;
}

class ReloadTest : public testing::Test {
 protected:
  void Load(Isolation isolation = Isolation::kAll) {
    Put("hostile");
    directory_.Add(EMBED_TEST_SO);
    LoadOptions options = OptionsFor(isolation);
    options.limit = std::chrono::seconds(3);
    plugins_.emplace(std::array{directory_.path()}, options);
    catalog_.emplace(*plugins_, CatalogOptions{});
  }

  /// Puts a file in the place of hostile.so, in one step.
  void Put(const std::string& name) const {
    const fs::path copy = directory_.Add(Hostile(name), ".new");
    fs::rename(copy, directory_.path() / "hostile.so");
  }

  Result<std::shared_ptr<Embedder>> Open(const std::string& behaviour = "well") {
    EmbedderConfig config;
    config.provider = "hostile";
    config.model = behaviour;
    return catalog_->OpenEmbedder(config);
  }

  static Result<float> MarkOf(Embedder& embedder, const CallContext& context = {}) {
    const std::vector<std::string_view> texts{"one", "two"};
    ASSIGN_OR_RETURN(const Vectors vectors, embedder.Embed(context, texts, InputType::kDocument));
    return vectors.matrix.row(1)[3];
  }

  LogLines lines_;
  const PluginDirectory directory_;
  std::optional<LoadedPlugins> plugins_;
  std::optional<LoadedCatalog> catalog_;
};

TEST_F(ReloadTest, WhatALockDoesNotListAnyMoreEndsUntilItDoes) {
  Load();
  const fs::path lock = directory_.path() / "plugins.lock";
  WriteFile(lock, "# nothing\n");
  fs::permissions(lock, fs::perms(0644));
  EXPECT_TRUE(plugins_->Reload(false));
  EXPECT_FAIL(Open(), Code::kNotFound, "hostile");
  EXPECT_THAT(ReportOn(*plugins_, "hostile.so").reason, HasSubstr("is not listed in"));
  fs::remove(lock);
  EXPECT_TRUE(plugins_->Reload(false));
  EXPECT_OK(Open());
}

TEST_F(ReloadTest, CallsGoToTheNewVersionAtOnce) {
  Load();
  ASSERT_OK_AND_ASSIGN(const auto embedder, Open());
  ASSERT_OK_AND_ASSIGN(const float before, MarkOf(*embedder));
  EXPECT_EQ(before, kFirst);
  EXPECT_FALSE(plugins_->Reload(false)) << "nothing has changed";
  Put("hostile_duplicate");
  EXPECT_TRUE(plugins_->Reload(false));
  ASSERT_OK_AND_ASSIGN(const float after, MarkOf(*embedder));
  EXPECT_EQ(after, kSecond);
  ASSERT_OK_AND_ASSIGN(const auto opened, Open());
  ASSERT_OK_AND_ASSIGN(const float new_one, MarkOf(*opened));
  EXPECT_EQ(new_one, kSecond);
  EXPECT_EQ(ReportOn(*plugins_, "hostile.so").id, "io.dsw.hostile_duplicate");
}

TEST_F(ReloadTest, CallsUnderWayEndInTheOldVersion) {
  Load();
  ASSERT_OK_AND_ASSIGN(const auto hanging, Open("hangs"));
  ASSERT_OK_AND_ASSIGN(const auto embedder, Open());
  std::stop_source stop;
  CallContext context;
  context.cancel = stop.get_token();
  auto call = std::async(std::launch::async, [&] { return MarkOf(*hanging, context); });
  while (call.wait_for(std::chrono::milliseconds(100)) == std::future_status::ready) {
  }
  Put("hostile_duplicate");
  EXPECT_TRUE(plugins_->Reload(false));
  ASSERT_OK_AND_ASSIGN(const float after, MarkOf(*embedder));
  EXPECT_EQ(after, kSecond);
  EXPECT_EQ(call.wait_for(std::chrono::milliseconds(1)), std::future_status::timeout);
  EXPECT_EQ(Runners(), 3);
  stop.request_stop();
  EXPECT_FAIL(call.get(), Code::kCancelled);
  EXPECT_EQ(Runners(), 2) << "the old process ends with its last call";
}

TEST_F(ReloadTest, AVersionThatCannotBeUsedLeavesTheOldOneServing) {
  Load();
  ASSERT_OK_AND_ASSIGN(const auto embedder, Open());
  for (const char* const bad : {"hostile_entry_crashes", "hostile_constructor_hangs",
                                "hostile_no_note", "hostile_misses_symbol"}) {
    Put(bad);
    EXPECT_FALSE(plugins_->Reload(false)) << bad;
    ASSERT_OK_AND_ASSIGN(const float mark, MarkOf(*embedder));
    EXPECT_EQ(mark, kFirst) << bad;
  }
  EXPECT_THAT(lines_.text(), HasSubstr("the version before goes on serving file="));
  EXPECT_TRUE(ReportOn(*plugins_, "hostile.so").loaded);
}

TEST_F(ReloadTest, AFileThatIsGoneOffersNothingAndOneThatComesDoes) {
  Load();
  std::optional<std::shared_ptr<Embedder>> embedder;
  ASSERT_OK_AND_ASSIGN(embedder, Open());
  fs::rename(directory_.path() / "hostile.so", directory_.path() / "hostile.so.away");
  EXPECT_TRUE(plugins_->Reload(false));
  EXPECT_FAIL(Open(), Code::kNotFound);
  EXPECT_OK(MarkOf(**embedder)) << "who has it may go on";
  embedder.reset();
  catalog_->CloseIdle();
  EXPECT_EQ(Runners(), 1);
  fs::rename(directory_.path() / "hostile.so.away", directory_.path() / "renamed.so");
  EXPECT_TRUE(plugins_->Reload(false));
  EXPECT_OK(Open());
}

TEST_F(ReloadTest, AFileThatAnotherOneStoodInTheWayOfIsTakenOnceThatIsGone) {
  Load();
  directory_.Add(Hostile("hostile_duplicate"));
  EXPECT_TRUE(plugins_->Reload(false));
  EXPECT_FALSE(ReportOn(*plugins_, "hostile_duplicate.so").loaded);
  fs::remove(directory_.path() / "hostile.so");
  EXPECT_TRUE(plugins_->Reload(false));
  EXPECT_TRUE(ReportOn(*plugins_, "hostile_duplicate.so").loaded);
}

TEST_F(ReloadTest, WhatRunsInTheWorkersProcessStaysAsItIs) {
  Load(Isolation::kNone);
  Put("hostile_duplicate");
  EXPECT_FALSE(plugins_->Reload(true));
  EXPECT_THAT(lines_.text(), HasSubstr("the worker has to be started again"));
  ASSERT_OK_AND_ASSIGN(const auto embedder, Open());
  ASSERT_OK_AND_ASSIGN(const float mark, MarkOf(*embedder));
  EXPECT_EQ(mark, kFirst);
}

TEST_F(ReloadTest, NoCallFailsWhileTheFileIsReplacedAHundredTimes) {
  Load();
  constexpr int kTimes = 100;
  std::atomic<bool> over = false;
  std::atomic<int> calls = 0;
  std::atomic<int> second = 0;
  std::vector<std::future<std::string>> load;
  for (int i = 0; i < 3; ++i) {
    load.push_back(std::async(std::launch::async, [&, i]() -> std::string {
      auto embedder = Open("well");
      while (!over) {
        // One thread opens anew each time, as jobs do.
        if (i == 0) embedder = Open("well");
        if (!embedder) return embedder.error().message;
        const Result<float> mark = MarkOf(**embedder);
        if (!mark) return mark.error().message;
        ++calls;
        second += *mark == kSecond ? 1 : 0;
      }
      return {};
    }));
  }
  for (int i = 0; i < kTimes; ++i) {
    Put(i % 2 == 0 ? "hostile_duplicate" : "hostile");
    EXPECT_TRUE(plugins_->Reload(false));
    catalog_->CloseIdle();
  }
  over = true;
  for (auto& thread : load) EXPECT_EQ(thread.get(), "");
  EXPECT_GT(calls, kTimes);
  EXPECT_GT(second, 0);
  EXPECT_LT(second, calls);
  catalog_->CloseIdle();
  EXPECT_EQ(Runners(), 2);
  RecordProperty("calls", calls);
}

}  // namespace
}  // namespace dsw
