// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/elf_file.h"

#include <cstring>

#include <elf.h>

#include "tests/support/matchers.h"
#include "tests/support/temp_dir.h"

namespace dsw {
namespace {

Elf64_Ehdr HeaderOf(const std::string& image) {
  Elf64_Ehdr header;
  std::memcpy(&header, image.data(), sizeof header);
  return header;
}

void SetHeader(std::string& image, const Elf64_Ehdr& header) {
  std::memcpy(image.data(), &header, sizeof header);
}

TEST(ElfFileTest, FindsNoteAndEntryOfAPlugin) {
  ASSERT_OK_AND_ASSIGN(const ElfFile file, ParseElf(ReadFile(HOSTILE_SO)));
  EXPECT_TRUE(file.native);
  EXPECT_EQ(file.architecture, NativeArchitecture());
  EXPECT_TRUE(file.shared_object);
  EXPECT_THAT(file.entry_symbols, testing::ElementsAre("dsw_plugin_entry_v0"));
  EXPECT_THAT(file.note, testing::StartsWith("{\"abi\":["));
  EXPECT_THAT(file.note, testing::EndsWith("}"));
}

TEST(ElfFileTest, NamesEntriesOfOtherVersions) {
  ASSERT_OK_AND_ASSIGN(const ElfFile file, ParseElf(ReadFile(HOSTILE_OTHER_MAJOR_SO)));
  EXPECT_THAT(file.entry_symbols, testing::ElementsAre("dsw_plugin_entry_v9"));
}

TEST(ElfFileTest, SaysWhenThereIsNoNote) {
  ASSERT_OK_AND_ASSIGN(const ElfFile file, ParseElf(ReadFile(HOSTILE_NO_NOTE_SO)));
  EXPECT_EQ(file.note, "");
}

TEST(ElfFileTest, RefusesWhatIsNotElf) {
  EXPECT_FAIL(ParseElf(""), Code::kInvalid, "not an ELF file");
  EXPECT_FAIL(ParseElf("#!/bin/sh\nexit 0\n"), Code::kInvalid, "not an ELF file");
  EXPECT_FAIL(ParseElf(std::string(4096, '\xFF')), Code::kInvalid, "not an ELF file");
}

TEST(ElfFileTest, NamesAnotherArchitecture) {
  std::string image = ReadFile(HOSTILE_SO);
  Elf64_Ehdr header = HeaderOf(image);
  header.e_machine = EM_S390;
  SetHeader(image, header);
  ASSERT_OK_AND_ASSIGN(ElfFile file, ParseElf(image));
  EXPECT_FALSE(file.native);
  EXPECT_EQ(file.architecture, "S/390");

  header.e_machine = EM_ARM;
  header.e_ident[EI_CLASS] = ELFCLASS32;
  SetHeader(image, header);
  ASSERT_OK_AND_ASSIGN(file, ParseElf(image));
  EXPECT_FALSE(file.native);
  EXPECT_EQ(file.architecture, "32-bit ARM");
}

TEST(ElfFileTest, TellsASharedObjectFromOtherFiles) {
  std::string image = ReadFile(HOSTILE_SO);
  Elf64_Ehdr header = HeaderOf(image);
  header.e_type = ET_REL;
  SetHeader(image, header);
  ASSERT_OK_AND_ASSIGN(const ElfFile file, ParseElf(image));
  EXPECT_TRUE(file.native);
  EXPECT_FALSE(file.shared_object);
}

TEST(ElfFileTest, KnowsWhatALibraryNeeds) {
  ASSERT_OK_AND_ASSIGN(const ElfFile file, ParseElf(ReadFile(HOSTILE_SO)));
  EXPECT_THAT(file.needed, testing::Contains("libc.so.6"));
  EXPECT_EQ(file.run_path, "");
  EXPECT_TRUE(NewerVersion(file.glibc, "2.2")) << file.glibc;
}

TEST(ElfFileTest, OrdersVersionsByTheirNumbers) {
  EXPECT_TRUE(NewerVersion("2.38", "2.36"));
  EXPECT_TRUE(NewerVersion("2.10", "2.9"));
  EXPECT_TRUE(NewerVersion("2.2.5", "2.2"));
  EXPECT_FALSE(NewerVersion("2.2", "2.2.5"));
  EXPECT_FALSE(NewerVersion("2.36", "2.36"));
  EXPECT_FALSE(NewerVersion("", "2.36"));
  EXPECT_FALSE(NewerVersion("PRIVATE", "2.36"));
}

TEST(ElfFileTest, RefusesEveryPrefixOfAPlugin) {
  const std::string image = ReadFile(HOSTILE_SO);
  // The section headers, without which nothing is found, stand at the end of the file.
  ASSERT_EQ(HeaderOf(image).e_shoff + HeaderOf(image).e_shnum * sizeof(Elf64_Shdr), image.size());
  for (std::size_t size = 0; size < image.size(); ++size) {
    // A copy of that size, so that a sanitizer sees a read behind its end.
    const std::string prefix = size < 8192 ? image.substr(0, size) : std::string();
    const std::string_view view = size < 8192 ? prefix : std::string_view(image).substr(0, size);
    ASSERT_FALSE(ParseElf(view)) << "prefix of " << size << " bytes";
  }
}

TEST(ElfFileTest, StaysInsideTheImageWhateverTheTablesSay) {
  const std::string image = ReadFile(HOSTILE_SO);
  const Elf64_Ehdr header = HeaderOf(image);
  const auto damage = [&](std::size_t offset) {
    for (const char byte : {'\x00', '\x7F', '\xFF'}) {
      std::string damaged = image;
      damaged[offset] = byte;
      const auto file = ParseElf(damaged);
      EXPECT_TRUE(!file || file->note.size() <= image.size());
    }
  };
  for (std::size_t offset = 0; offset < sizeof header; ++offset) damage(offset);
  for (std::size_t offset = header.e_shoff; offset < image.size(); ++offset) damage(offset);
  ASSERT_OK_AND_ASSIGN(const ElfFile file, ParseElf(image));
  const std::size_t note = image.find(file.note) - sizeof(Elf64_Nhdr) - 4;
  for (std::size_t offset = note; offset < note + sizeof(Elf64_Nhdr) + 4; ++offset) damage(offset);
}

}  // namespace
}  // namespace dsw
