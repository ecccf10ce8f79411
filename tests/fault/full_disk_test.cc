// SPDX-License-Identifier: Apache-2.0
//
// A database whose disk is full. The disk is a small tmpfs, so that these tests exist for root
// alone.
#include <csignal>
#include <memory>

#include <pwd.h>
#include <sys/mount.h>
#include <unistd.h>

#include "tests/fault/fault_test.h"

namespace dsw::fault_test {
namespace {

namespace fs = std::filesystem;

/// A file system of its own; gone with the object.
class SmallDisk {
 public:
  explicit SmallDisk(std::string_view size) {
    fs::permissions(directory_.path(), fs::perms(0777));
    mounted_ = mount("tmpfs", directory_.path().c_str(), "tmpfs", 0,
                     fmt::format("size={},mode=0777", size).c_str()) == 0;
  }
  ~SmallDisk() {
    if (mounted_) umount2(directory_.path().c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  bool mounted() const { return mounted_; }
  const fs::path& path() const { return directory_.path(); }
  /// Takes all that is left of it.
  void Fill() const {
    std::ofstream filler(path() / "filler", std::ios::binary);
    const std::string block(4096, 'x');
    while (filler.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) {
    }
  }
  void Free() const { fs::remove(path() / "filler"); }

 private:
  TempDir directory_;
  bool mounted_ = false;
};

class FullDiskTest : public FaultTest {
 public:
  FullDiskTest() : disk_("32m") {}
  /// The server that has files on the disk ends first.
  ~FullDiskTest() override { world_.postgres().Crash(); }

 protected:
  void TestBody() override {
    const fs::path space = disk_.path() / "space";
    fs::create_directory(space);
    const passwd* const owner = getpwnam("postgres");
    ASSERT_NE(owner, nullptr);
    ASSERT_EQ(chown(space.c_str(), owner->pw_uid, owner->pw_gid), 0);
    world_.postgres().Sql("postgres", "CREATE TABLESPACE small LOCATION '" + space.string() + "'");
    const std::int64_t transform = world_.Import("full disk", 40, 10, 10);
    world_.postgres().TerminateBackends(world_.database());
    world_.postgres().Sql("postgres",
                          "ALTER DATABASE " + world_.database() + " SET TABLESPACE small");
    world_.SubmitJob(transform);
    disk_.Fill();
    Process worker = world_.Start("w", {{"MAX_RETRIES", "1"}});
    Eventually([&] { return !world_.DeadLetters().empty(); }, std::chrono::seconds(4));
    EXPECT_EQ(world_.DeadLetters().size(), 0U);
    EXPECT_LE(world_.Paid().size(), 40U) << "a window at most";
    disk_.Free();
    EXPECT_TRUE(Eventually([&] { return world_.Queued() == 0; }));
    worker.Kill();
    ExpectClean(transform);
  }

 private:
  SmallDisk disk_;
};

[[maybe_unused]] const bool registered = [] {
  if (geteuid() != 0 || !SmallDisk("1m").mounted()) return false;
  testing::RegisterTest("FullDiskTest", "ADatabaseWithoutRoomStopsTheWorkerAndNotTheJobs", nullptr,
                        nullptr, __FILE__, __LINE__,
                        []() -> FaultTest* { return new FullDiskTest; });
  return true;
}();

}  // namespace
}  // namespace dsw::fault_test
