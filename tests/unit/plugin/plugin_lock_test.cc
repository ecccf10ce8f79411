// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/plugin_lock.h"

#include "tests/support/matchers.h"

namespace dsw {
namespace {

const std::string kSum(64, 'a');

TEST(PluginLockTest, ReadsWhatItWrites) {
  PluginLock lock;
  lock.entries.push_back({.sha256 = kSum,
                          .file = "a.so",
                          .id = "org.example.a",
                          .version = "1.0.0",
                          .mode = PluginMode::kIsolated,
                          .grants = {"net", "secrets"}});
  lock.entries.push_back({.sha256 = std::string(64, '0'),
                          .file = "b.so",
                          .id = "b",
                          .version = "2",
                          .mode = PluginMode::kAny,
                          .grants = {}});
  ASSERT_OK_AND_ASSIGN(const std::string text, FormatPluginLock(lock));
  EXPECT_THAT(text, testing::HasSubstr(kSum + " a.so org.example.a 1.0.0 isolated net,secrets\n"));
  EXPECT_THAT(text, testing::HasSubstr(" b.so b 2 any -\n"));
  ASSERT_OK_AND_ASSIGN(const PluginLock again, ParsePluginLock(text));
  EXPECT_EQ(again.entries, lock.entries);
  ASSERT_NE(again.Find("b.so"), nullptr);
  EXPECT_EQ(again.Find("b.so")->version, "2");
  EXPECT_EQ(again.Find("c.so"), nullptr);
}

TEST(PluginLockTest, PassesOverCommentsAndEmptyLines) {
  const std::string line = kSum + "\t a.so  id 1 inproc - ";
  ASSERT_OK_AND_ASSIGN(const PluginLock lock,
                       ParsePluginLock("# made by hand\n\n   \n" + line + "\r\n#end"));
  ASSERT_EQ(lock.entries.size(), 1u);
  EXPECT_EQ(lock.entries[0].mode, PluginMode::kInProcess);
  EXPECT_OK(ParsePluginLock(""));
}

TEST(PluginLockTest, NamesTheLineThatIsWrong) {
  const std::string good = kSum + " a.so id 1 any -\n";
  EXPECT_FAIL(ParsePluginLock(good + kSum + " b.so id 1 any\n"), Code::kInvalid,
              "line 2: 5 fields where 6 are expected");
  EXPECT_FAIL(ParsePluginLock("\n" + good + good), Code::kInvalid, "line 3: a.so is listed twice");
  EXPECT_FAIL(ParsePluginLock("A" + good.substr(1)), Code::kInvalid,
              "line 1: the first field is not 64 lower-case hexadecimal digits");
  EXPECT_FAIL(ParsePluginLock(kSum + " ../a.so id 1 any -"), Code::kInvalid, "has a slash");
  EXPECT_FAIL(ParsePluginLock(kSum + " a.so id 1 often -"), Code::kInvalid, "the mode is not");
  EXPECT_FAIL(ParsePluginLock(kSum + " a.so id 1 any net,"), Code::kInvalid, "the grants are not");
  EXPECT_FAIL(ParsePluginLock(kSum + " a\x01.so id 1 any -"), Code::kInvalid, "not text");
}

TEST(PluginLockTest, WritesNothingThatItCouldNotRead) {
  const auto with = [](const std::string& id) {
    PluginLock lock;
    lock.entries.push_back({.sha256 = kSum,
                            .file = "a.so",
                            .id = id,
                            .version = "1",
                            .mode = PluginMode::kAny,
                            .grants = {}});
    return FormatPluginLock(lock);
  };
  EXPECT_OK(with("id"));
  for (const char* id : {"", "two words", "line\nend"}) {
    EXPECT_FAIL(with(id), Code::kInvalid, "so a lock cannot list it") << id;
  }
}

}  // namespace
}  // namespace dsw
