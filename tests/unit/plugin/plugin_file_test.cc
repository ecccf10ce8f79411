// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/plugin_file.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host/plugin/library.h"
#include "tests/support/matchers.h"
#include "tests/support/temp_dir.h"

namespace dsw {
namespace {

namespace fs = std::filesystem;

class PluginFileTest : public testing::Test {
 protected:
  PluginFileTest() : folder_(fs::canonical(temporary_.path())) { Put(ReadFile(HOSTILE_SO)); }

  fs::path Path() const { return folder_ / "x.so"; }
  void Put(const std::string& content) const {
    WriteFile(Path(), content);
    fs::permissions(Path(), fs::perms(0644));
  }
  Result<PluginFile> Read() const { return ReadPluginFile(folder_, "x.so"); }

  const TempDir temporary_;
  const fs::path folder_;
};

TEST_F(PluginFileTest, LoadsTheBytesThatWereCheckedWhateverBecomesOfTheFile) {
  ASSERT_OK_AND_ASSIGN(PluginFile file, Read());
  const std::string checked = file.image;
  // In place, which changes what an open descriptor of the file sees as well.
  Put("not a plugin any more");
  ASSERT_OK_AND_ASSIGN(const LoadSource source, HoldForLoading(std::move(file), true));
  EXPECT_TRUE(source.sealed);
  EXPECT_EQ(ReadFile(source.load_path), checked);
  EXPECT_OK(LoadEntry(source.load_path));
  ASSERT_OK_AND_ASSIGN(const PluginFile now, Read());
  EXPECT_NE(now.image, checked);
}

TEST_F(PluginFileTest, KeepsACopyThatCannotBeChanged) {
  ASSERT_OK_AND_ASSIGN(PluginFile file, Read());
  ASSERT_OK_AND_ASSIGN(const LoadSource source, HoldForLoading(std::move(file), true));
  EXPECT_EQ(fcntl(source.fd, F_GET_SEALS),
            F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
  EXPECT_EQ(pwrite(source.fd, "x", 1, 0), -1);
  EXPECT_EQ(errno, EPERM);
  EXPECT_EQ(fcntl(source.fd, F_GETFD), FD_CLOEXEC);
}

TEST_F(PluginFileTest, MakesOneCopyOfTheSameBytesAndAnotherOfOthers) {
  ASSERT_OK_AND_ASSIGN(PluginFile first, Read());
  ASSERT_OK_AND_ASSIGN(const LoadSource one, HoldForLoading(std::move(first), true));
  ASSERT_OK_AND_ASSIGN(PluginFile again, Read());
  ASSERT_OK_AND_ASSIGN(const LoadSource same, HoldForLoading(std::move(again), true));
  EXPECT_EQ(one.load_path, same.load_path);
  Put(ReadFile(HOSTILE_OTHER_MAJOR_SO));
  ASSERT_OK_AND_ASSIGN(PluginFile other, Read());
  ASSERT_OK_AND_ASSIGN(const LoadSource two, HoldForLoading(std::move(other), true));
  EXPECT_NE(one.load_path, two.load_path);
}

TEST_F(PluginFileTest, LoadsALibraryThatLooksBesideItselfInItsPlaceUnlessTheBytesMustBeThese) {
  Put(ReadFile(HOSTILE_ORIGIN_SO));
  ASSERT_OK_AND_ASSIGN(PluginFile copy, Read());
  EXPECT_FAIL(HoldForLoading(std::move(copy), true), Code::kInvalid, "$ORIGIN");
  ASSERT_OK_AND_ASSIGN(copy, Read());
  ASSERT_OK_AND_ASSIGN(const LoadSource source, HoldForLoading(std::move(copy), false));
  EXPECT_EQ(source.load_path, Path());
  EXPECT_FALSE(source.sealed);
  ASSERT_OK_AND_ASSIGN(copy, Read());
  fs::rename(Path(), folder_ / "old");
  Put("another");
  EXPECT_FAIL(HoldForLoading(std::move(copy), false), Code::kInvalid, "was replaced");
}

TEST_F(PluginFileTest, NamesTheCLibraryThatAPluginNeeds) {
  std::string image = ReadFile(HOSTILE_SO);
  ASSERT_OK(ReadManifest(image));
  for (std::size_t at = 0; (at = image.find("GLIBC_2.2.5", at)) != std::string::npos;) {
    image.replace(at, 11, "GLIBC_2.999");
  }
  EXPECT_FAIL(ReadManifest(image), Code::kInvalid, "needs GLIBC_2.999, this machine has 2.");
}

TEST_F(PluginFileTest, GivesTheLinkersOwnWords) {
  const Result<dsw_plugin_entry_fn> entry = LoadEntry("/nowhere/x.so");
  ASSERT_FALSE(entry);
  EXPECT_EQ(entry.error().message,
            "cannot be loaded: /nowhere/x.so: cannot open shared object file: No such file or "
            "directory");
}

}  // namespace
}  // namespace dsw
