// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/guarded_file.h"

#include <unistd.h>

#include "tests/support/matchers.h"
#include "tests/support/temp_dir.h"

namespace dsw {
namespace {

namespace fs = std::filesystem;

constexpr uid_t kStranger = 12345;

class GuardedFileTest : public testing::Test {
 protected:
  GuardedFileTest() : root_(fs::canonical(temporary_.path())), folder_(root_ / "a" / "b") {
    Make(folder_);
    WriteFile(file_ = folder_ / "x", "content");
    fs::permissions(file_, fs::perms(0644));
  }

  static void Make(const fs::path& folder) {
    fs::create_directories(folder);
    fs::permissions(folder.parent_path(), fs::perms(0755));
    fs::permissions(folder, fs::perms(0755));
  }

  const TempDir temporary_;
  const fs::path root_;
  const fs::path folder_;
  fs::path file_;
};

TEST_F(GuardedFileTest, OpensAFileBelowTheDirectoryForTemporaryFiles) {
  ASSERT_OK_AND_ASSIGN(const GuardedFile file, OpenGuarded(file_));
  EXPECT_EQ(*ReadAll(file.fd.get(), 7), "content");
  EXPECT_EQ(file.facts.st_size, 7);
}

TEST_F(GuardedFileTest, CallsAFileImmutableIfOnlyRootCanChangeItAndItsPlace) {
  ASSERT_OK_AND_ASSIGN(const GuardedFile system, OpenGuarded(fs::canonical("/bin/sh")));
  EXPECT_TRUE(system.immutable);
  ASSERT_OK_AND_ASSIGN(const GuardedFile file, OpenGuarded(file_));
  EXPECT_FALSE(file.immutable) << "others can change what is in the directory above";
}

TEST_F(GuardedFileTest, RefusesAFileBelowADirectoryThatOthersCanChange) {
  for (const unsigned mode : {0775u, 0757u, 0777u}) {
    fs::permissions(root_ / "a", fs::perms(mode));
    EXPECT_FAIL(OpenGuarded(file_), Code::kInvalid,
                (root_ / "a").string() + ", which leads to it, can be changed by others");
    EXPECT_FAIL(OpenGuarded(file_), Code::kInvalid, "run: chmod go-w " + (root_ / "a").string());
  }
}

TEST_F(GuardedFileTest, TakesTheStickyBitForAGuardOnlyOfWhatIsRootsOrOurs) {
  fs::permissions(root_ / "a", fs::perms(01777));
  const bool root = geteuid() == 0;
  EXPECT_EQ(OpenGuarded(file_).has_value(), root) << "the directory is root's only if we are root";
  if (!root) return;
  ASSERT_EQ(chown(folder_.c_str(), kStranger, kStranger), 0);
  EXPECT_FAIL(OpenGuarded(file_), Code::kInvalid, "can be changed by others (mode 1777)");
}

TEST_F(GuardedFileTest, TrustsRootAloneAsRoot) {
  if (geteuid() != 0) {
    EXPECT_OK(OpenGuarded(file_)) << "ours";
    return;
  }
  ASSERT_EQ(chown(file_.c_str(), kStranger, kStranger), 0);
  EXPECT_FAIL(OpenGuarded(file_), Code::kInvalid, "the file belongs to uid 12345");
  EXPECT_FAIL(OpenGuarded(file_), Code::kInvalid, "run: chown root " + file_.string());
  ASSERT_EQ(chown(file_.c_str(), 0, 0), 0);
  ASSERT_EQ(chown((root_ / "a").c_str(), kStranger, kStranger), 0);
  EXPECT_FAIL(OpenGuarded(file_), Code::kInvalid, "which leads to it, belongs to uid 12345");
}

TEST_F(GuardedFileTest, RefusesSetuidFiles) {
  fs::permissions(file_, fs::perms(04755));
  EXPECT_FAIL(OpenGuarded(file_), Code::kInvalid, "is setuid or setgid (mode 4755)");
  fs::permissions(file_, fs::perms(02755));
  EXPECT_FAIL(OpenGuarded(file_), Code::kInvalid, "run: chmod ug-s");
}

TEST_F(GuardedFileTest, RefusesFilesOfAnUnheardOfSize) {
  fs::resize_file(file_, (std::uintmax_t{1} << 30) + 1);
  EXPECT_FAIL(OpenGuarded(file_), Code::kInvalid, "is larger than 1 GiB");
}

TEST_F(GuardedFileTest, DoesNotWaitForTheWriterOfAPipe) {
  ASSERT_EQ(mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  EXPECT_FAIL(OpenGuarded(folder_ / "pipe"), Code::kInvalid, "is not a regular file");
}

TEST_F(GuardedFileTest, FollowsNoLinkThatAppearsAfterThePathWasResolved) {
  fs::rename(folder_, root_ / "a" / "moved");
  fs::create_directory_symlink("moved", folder_);
  EXPECT_FAIL(OpenGuarded(file_), Code::kInvalid, "cannot be read");
  fs::create_symlink("x", root_ / "a" / "moved" / "link");
  EXPECT_FAIL(OpenGuarded(root_ / "a" / "moved" / "link"), Code::kInvalid, "cannot be read");
}

TEST_F(GuardedFileTest, FollowsAFarmOfLinksAsKubernetesMakesThem) {
  Make(folder_ / "..2024_01_02");
  WriteFile(folder_ / "..2024_01_02" / "p.so", "plugin");
  fs::permissions(folder_ / "..2024_01_02" / "p.so", fs::perms(0644));
  fs::create_directory_symlink("..2024_01_02", folder_ / "..data");
  fs::create_symlink("..data/p.so", folder_ / "p.so");
  fs::path path;
  EXPECT_OK(OpenGuardedLink(folder_, "p.so", path));
  EXPECT_EQ(path, folder_ / "..2024_01_02" / "p.so");
}

TEST_F(GuardedFileTest, RefusesALinkThatOthersCouldHavePutThere) {
  Make(root_ / "c");
  fs::create_symlink(file_, root_ / "c" / "x");
  fs::path path;
  EXPECT_OK(OpenGuardedLink(root_ / "c", "x", path));
  fs::permissions(root_ / "c", fs::perms(0777));
  EXPECT_FAIL(OpenGuardedLink(root_ / "c", "x", path), Code::kInvalid,
              (root_ / "c").string() + ", which leads to it, can be changed by others");
}

}  // namespace
}  // namespace dsw
