// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/guarded_file.h"

#include <sched.h>
#include <sys/mount.h>
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

  void ExpectExposed(Exposure exposure, const std::string& part) const {
    ASSERT_OK_AND_ASSIGN(const GuardedFile file, OpenGuarded(file_));
    EXPECT_EQ(file.exposure, exposure);
    EXPECT_THAT(file.exposed, testing::HasSubstr(part));
    EXPECT_EQ(file.exposed.empty(), exposure == Exposure::kNone);
  }

  const TempDir temporary_;
  const fs::path root_;
  const fs::path folder_;
  fs::path file_;
};

TEST_F(GuardedFileTest, OpensAFileBelowTheDirectoryForTemporaryFiles) {
  ASSERT_OK_AND_ASSIGN(const GuardedFile file, OpenGuarded(file_));
  EXPECT_EQ(*ReadAll(file, 7), "content");
  EXPECT_FAIL(ReadAll(file, 6), Code::kInvalid, "is larger than");
  EXPECT_EQ(file.path, file_);
  ExpectExposed(Exposure::kNone, "");
  EXPECT_EQ(*ReadGuarded(file_, 7), "content");
}

TEST_F(GuardedFileTest, CallsAFileImmutableIfOnlyRootCanChangeItAndItsPlace) {
  ASSERT_OK_AND_ASSIGN(const GuardedFile system, OpenGuarded("/bin/sh"));
  EXPECT_TRUE(system.immutable);
  EXPECT_EQ(system.path, fs::canonical("/bin/sh"));
  ASSERT_OK_AND_ASSIGN(const GuardedFile file, OpenGuarded(file_));
  EXPECT_FALSE(file.immutable) << "others can change what is in the directory above";
}

TEST_F(GuardedFileTest, NamesEveryDirectoryThatOthersCanChange) {
  const std::string above = (root_ / "a").string();
  fs::permissions(root_ / "a", fs::perms(0775));
  ExpectExposed(Exposure::kPartly,
                above + " (mode 0775) can be changed by others; run: chmod go-w");
  fs::permissions(root_ / "a", fs::perms(0777));
  ExpectExposed(Exposure::kPartly, above + " (mode 0777) can be changed");
  fs::permissions(folder_, fs::perms(02775));
  ExpectExposed(Exposure::kPartly, above + " (mode 0777) and " + folder_.string() + " (mode 2775)");
  ExpectExposed(Exposure::kPartly, "run: chmod go-w " + above + " " + folder_.string());
  EXPECT_FAIL(ReadGuarded(file_, 7), Code::kInvalid, "can be changed by others");
  EXPECT_EQ(*ReadExposed(file_, 7), "content");
}

TEST_F(GuardedFileTest, TellsWhatIsOpenToEverybodyFromWhatIsToAGroup) {
  fs::permissions(file_, fs::perms(0664));
  ExpectExposed(Exposure::kPartly, file_.string() + " (mode 0664)");
  fs::permissions(file_, fs::perms(0646));
  ExpectExposed(Exposure::kOpen, file_.string() + " (mode 0646)");
  fs::permissions(file_, fs::perms(0644));
  fs::permissions(folder_, fs::perms(01777));
  ExpectExposed(Exposure::kOpen, folder_.string() + " (mode 1777)");
}

TEST_F(GuardedFileTest, TakesTheStickyBitForAGuardOnlyOfWhatIsRootsOrOurs) {
  fs::permissions(root_ / "a", fs::perms(01777));
  if (geteuid() != 0) {
    ExpectExposed(Exposure::kPartly, "(mode 1777)");
    return;
  }
  ExpectExposed(Exposure::kNone, "");
  ASSERT_EQ(chown(folder_.c_str(), kStranger, kStranger), 0);
  ExpectExposed(Exposure::kOpen, (root_ / "a").string() + " (mode 1777)");
}

TEST_F(GuardedFileTest, TrustsRootAloneAsRoot) {
  if (geteuid() != 0) {
    ExpectExposed(Exposure::kNone, "");
    return;
  }
  ASSERT_EQ(chown(file_.c_str(), kStranger, kStranger), 0);
  ExpectExposed(Exposure::kOpen, "others than root own " + file_.string());
  ExpectExposed(Exposure::kOpen, "run: chown root " + file_.string());
  ASSERT_EQ(chown(file_.c_str(), 0, 0), 0);
  ASSERT_EQ(chown((root_ / "a").c_str(), kStranger, kStranger), 0);
  ExpectExposed(Exposure::kOpen, "others than root own " + (root_ / "a").string());
}

TEST_F(GuardedFileTest, TakesADirectoryThatIsMountedReadOnlyForOneThatNobodyChanges) {
  fs::permissions(folder_, fs::perms(0777));
  // Returns 0 when this process may not mount, and so there is nothing to see.
  const auto mounted = [&] {
    if (unshare(CLONE_NEWNS) != 0 || mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        mount(folder_.c_str(), folder_.c_str(), nullptr, MS_BIND, nullptr) != 0 ||
        mount("", folder_.c_str(), nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY, nullptr) != 0) {
      return 0;
    }
    const Result<GuardedFile> file = OpenGuarded(file_);
    return file && file->exposure == Exposure::kNone ? 0 : 1;
  };
  EXPECT_EXIT(_exit(mounted()), testing::ExitedWithCode(0), "");
  ExpectExposed(Exposure::kOpen, "(mode 0777)");
}

TEST_F(GuardedFileTest, RefusesSetuidFiles) {
  fs::permissions(file_, fs::perms(04755));
  EXPECT_FAIL(OpenGuarded(file_), Code::kInvalid, "is setuid or setgid (mode 4755)");
  fs::permissions(file_, fs::perms(02755));
  EXPECT_FAIL(OpenGuarded(file_), Code::kInvalid, "run: chmod ug-s");
}

TEST_F(GuardedFileTest, OpensNothingThatIsNotAFile) {
  ASSERT_EQ(mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  for (const fs::path& path : {folder_ / "pipe", folder_, fs::path("/dev/null"),
                               fs::path("/proc/self/fd"), folder_ / "..", fs::path("/")}) {
    EXPECT_FAIL(OpenGuarded(path), Code::kInvalid, "is not a regular file") << path;
  }
  EXPECT_FAIL(OpenGuarded(file_ / "x"), Code::kInvalid, "Not a directory");
  EXPECT_FAIL(OpenGuarded(folder_ / "none"), Code::kInvalid, "No such file or directory");
}

TEST_F(GuardedFileTest, LooksAtEveryDirectoryThatALinkLeadsThrough) {
  Make(root_ / "c" / "d");
  fs::create_directory_symlink("../../c/d", folder_ / "relative");
  fs::create_symlink(file_, root_ / "c" / "d" / "absolute");
  const fs::path path = folder_ / "relative" / "absolute";
  ASSERT_OK_AND_ASSIGN(const GuardedFile file, OpenGuarded(path));
  EXPECT_EQ(file.path, file_);
  EXPECT_EQ(file.exposure, Exposure::kNone);
  fs::permissions(root_ / "c", fs::perms(0775));
  EXPECT_EQ(OpenGuarded(path)->exposure, Exposure::kPartly);
  EXPECT_THAT(OpenGuarded(path)->exposed, testing::HasSubstr((root_ / "c").string() + " (mode"));
  // Whoever can add names to the directory of the last link chooses what it leads to.
  fs::permissions(root_ / "c" / "d", fs::perms(0777));
  EXPECT_EQ(OpenGuarded(path)->exposure, Exposure::kOpen);
}

TEST_F(GuardedFileTest, FollowsAFarmOfLinksAsKubernetesMakesThemAndNoCircle) {
  Make(folder_ / "..2024_01_02");
  WriteFile(folder_ / "..2024_01_02" / "p.so", "plugin");
  fs::permissions(folder_ / "..2024_01_02" / "p.so", fs::perms(0644));
  fs::create_directory_symlink("..2024_01_02", folder_ / "..data");
  fs::create_symlink("..data/p.so", folder_ / "p.so");
  ASSERT_OK_AND_ASSIGN(const GuardedFile file, OpenGuarded(folder_ / "p.so"));
  EXPECT_EQ(file.path, folder_ / "..2024_01_02" / "p.so");
  fs::create_symlink("circle", folder_ / "circle");
  EXPECT_FAIL(OpenGuarded(folder_ / "circle"), Code::kInvalid, "Too many levels");
}

}  // namespace
}  // namespace dsw
