// SPDX-License-Identifier: Apache-2.0
//
// A program of its own: the first library that loads stays for the rest of the process.
#include "plugins/embed_fastembed/ort_library.h"

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"
#include "tests/unit/plugins/embed_fastembed/support.h"

namespace dsw::fastembed {
namespace {

TEST(OrtLibraryTest, SaysWhatWasLookedForThenLoadsWhatIsThere) {
  const TempDir dir;
  WriteFile(dir / "broken.so", "not a library");

  ExpectFailure([&] { OrtLibrary::Load(dir / "none.so", FakeHost()); }, DSW_E_INVALID_CONFIG,
                {(dir / "none.so").string(), "ONNXRUNTIME_LIB", "fetch-onnxruntime.sh"}, kLocal);
  ExpectFailure([&] { OrtLibrary::Load(dir / "broken.so", FakeHost()); }, DSW_E_INVALID_CONFIG,
                {(dir / "broken.so").string()}, kLocal);
  ExpectFailure([&] { OrtLibrary::Load("libc.so.6", FakeHost()); }, DSW_E_INVALID_CONFIG,
                {"libc.so.6", "OrtGetApiBase"}, kLocal);
  ExpectFailure([&] { OrtLibrary::Load(dir.path(), FakeHost()); }, DSW_E_INVALID_CONFIG,
                {dir.path().string()}, kLocal);

  const OrtLibrary& library = OrtLibrary::Load(kOnnxRuntime, FakeHost());
  EXPECT_EQ(library.version().substr(0, 2), "1.");
  EXPECT_EQ(&OrtLibrary::Load(dir / "none.so", FakeHost()), &library);
}

}  // namespace
}  // namespace dsw::fastembed
