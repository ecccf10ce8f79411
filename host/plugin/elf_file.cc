// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/elf_file.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <optional>
#include <type_traits>

#include <elf.h>
#include <fmt/format.h>

#include <dsw/note.h>

namespace dsw {
namespace {

#if defined(__x86_64__)
constexpr std::uint16_t kNativeMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr std::uint16_t kNativeMachine = EM_AARCH64;
#elif defined(__riscv)
constexpr std::uint16_t kNativeMachine = EM_RISCV;
#elif defined(__powerpc64__)
constexpr std::uint16_t kNativeMachine = EM_PPC64;
#else
#error "name this machine's EM_ constant"
#endif

constexpr std::string_view kEntryPrefix = "dsw_plugin_entry_v";
constexpr std::size_t kLongestEntryName = 64;
constexpr std::size_t kMostEntries = 16;
constexpr std::size_t kMostNeeded = 256;
constexpr std::size_t kLongestVersion = 64;
constexpr std::size_t kMostVersions = 4096;

std::string_view MachineName(std::uint16_t machine) {
  switch (machine) {
    case EM_X86_64:
      return "x86-64";
    case EM_AARCH64:
      return "AArch64";
    case EM_386:
      return "x86";
    case EM_ARM:
      return "ARM";
    case EM_RISCV:
      return "RISC-V";
    case EM_PPC64:
      return "PowerPC";
    case EM_S390:
      return "S/390";
    default:
      return "";
  }
}

std::optional<std::string_view> Slice(std::string_view image, std::uint64_t offset,
                                      std::uint64_t size) {
  if (offset > image.size() || size > image.size() - offset) return std::nullopt;
  return image.substr(offset, size);
}

template <typename T>
std::optional<T> Read(std::string_view image, std::uint64_t offset) {
  static_assert(std::is_trivially_copyable_v<T>);
  const auto bytes = Slice(image, offset, sizeof(T));
  if (!bytes) return std::nullopt;
  T value;
  std::memcpy(&value, bytes->data(), sizeof value);
  return value;
}

/// The NUL-terminated string at `offset` of a string table; empty when it does not end inside.
std::string_view StringAt(std::string_view table, std::uint64_t offset) {
  if (offset >= table.size()) return {};
  const std::string_view rest = table.substr(offset);
  const std::size_t end = rest.find('\0');
  return end == std::string_view::npos ? std::string_view() : rest.substr(0, end);
}

struct Sections {
  std::vector<Elf64_Shdr> headers;
  std::string_view names;
};

Result<Sections> ReadSections(std::string_view image, const Elf64_Ehdr& header) {
  if (header.e_shoff == 0 || header.e_shnum == 0) {
    return Fail(Code::kInvalid, "has no section headers, from which its manifest would be read");
  }
  const Error damaged{Code::kInvalid, "is damaged or cut off: its section headers lie outside"};
  if (header.e_shentsize != sizeof(Elf64_Shdr)) return Fail(damaged);
  const auto table =
      Slice(image, header.e_shoff, std::uint64_t{header.e_shnum} * sizeof(Elf64_Shdr));
  if (!table) return Fail(damaged);
  Sections sections;
  sections.headers.resize(header.e_shnum);
  std::memcpy(sections.headers.data(), table->data(), table->size());
  if (header.e_shstrndx >= sections.headers.size()) return Fail(damaged);
  const Elf64_Shdr& names = sections.headers[header.e_shstrndx];
  const auto bytes = Slice(image, names.sh_offset, names.sh_size);
  if (!bytes) return Fail(damaged);
  sections.names = *bytes;
  return sections;
}

/// The descriptor of the first note of the plugin's kind in a note section, or nothing.
std::string FindNote(std::string_view section) {
  constexpr std::string_view kOwner(DSW_NOTE_OWNER, sizeof(DSW_NOTE_OWNER));
  std::uint64_t at = 0;
  const auto aligned = [](std::uint64_t size) { return (size + 3) & ~std::uint64_t{3}; };
  while (const auto head = Read<Elf64_Nhdr>(section, at)) {
    at += sizeof(Elf64_Nhdr);
    const auto owner = Slice(section, at, head->n_namesz);
    at += aligned(head->n_namesz);
    const auto descriptor = Slice(section, at, head->n_descsz);
    at += aligned(head->n_descsz);
    if (!owner || !descriptor) return "";
    if (*owner == kOwner && head->n_type == DSW_NOTE_TYPE) {
      const std::size_t end = descriptor->find_last_not_of('\0');
      return std::string(descriptor->substr(0, end == std::string_view::npos ? 0 : end + 1));
    }
  }
  return "";
}

/// The bytes of a section's string table; none when it has no sound one.
std::string_view StringsOf(std::string_view image, const Sections& sections,
                           const Elf64_Shdr& section) {
  if (section.sh_link >= sections.headers.size()) return {};
  const Elf64_Shdr& strings = sections.headers[section.sh_link];
  return Slice(image, strings.sh_offset, strings.sh_size).value_or(std::string_view());
}

std::vector<std::string> FindEntries(std::string_view image, const Sections& sections,
                                     const Elf64_Shdr& symbols) {
  std::vector<std::string> entries;
  const auto table = Slice(image, symbols.sh_offset, symbols.sh_size);
  const std::string_view names = StringsOf(image, sections, symbols);
  if (!table) return entries;
  for (std::uint64_t at = 0; entries.size() < kMostEntries; at += sizeof(Elf64_Sym)) {
    const auto symbol = Read<Elf64_Sym>(*table, at);
    if (!symbol) break;
    if (symbol->st_shndx == SHN_UNDEF) continue;
    const std::string_view name = StringAt(names, symbol->st_name);
    if (name.substr(0, kEntryPrefix.size()) == kEntryPrefix && name.size() <= kLongestEntryName) {
      entries.emplace_back(name);
    }
  }
  return entries;
}

void ReadDynamic(std::string_view image, const Sections& sections, const Elf64_Shdr& section,
                 ElfFile& file) {
  const std::string_view names = StringsOf(image, sections, section);
  const auto table = Slice(image, section.sh_offset, section.sh_size);
  if (!table) return;
  for (std::uint64_t at = 0; file.needed.size() < kMostNeeded; at += sizeof(Elf64_Dyn)) {
    const auto entry = Read<Elf64_Dyn>(*table, at);
    if (!entry || entry->d_tag == DT_NULL) break;
    if (entry->d_tag == DT_NEEDED) file.needed.emplace_back(StringAt(names, entry->d_un.d_val));
    if (entry->d_tag == DT_RUNPATH || entry->d_tag == DT_RPATH) {
      file.run_path = StringAt(names, entry->d_un.d_val);
    }
  }
}

/// The latest GLIBC_* among the versions that a .gnu.version_r section asks for. Layout: Linux
/// Standard Base Core, "Symbol Versioning".
std::string NeededGlibc(std::string_view image, const Sections& sections,
                        const Elf64_Shdr& section) {
  constexpr std::string_view kPrefix = "GLIBC_";
  const std::string_view names = StringsOf(image, sections, section);
  const std::string_view table =
      Slice(image, section.sh_offset, section.sh_size).value_or(std::string_view());
  std::string latest;
  std::uint64_t at = 0;
  std::size_t steps = 0;
  while (const auto library = Read<Elf64_Verneed>(table, at)) {
    std::uint64_t version_at = at + library->vn_aux;
    for (unsigned i = 0; i < library->vn_cnt && ++steps < kMostVersions; ++i) {
      const auto version = Read<Elf64_Vernaux>(table, version_at);
      if (!version) break;
      const std::string_view name = StringAt(names, version->vna_name);
      if (name.size() <= kLongestVersion && name.substr(0, kPrefix.size()) == kPrefix &&
          NewerVersion(name.substr(kPrefix.size()), latest)) {
        latest = name.substr(kPrefix.size());
      }
      if (version->vna_next == 0) break;
      version_at += version->vna_next;
    }
    if (library->vn_next == 0 || ++steps >= kMostVersions) break;
    at += library->vn_next;
  }
  return latest;
}

}  // namespace

bool NewerVersion(std::string_view a, std::string_view b) {
  const auto take = [](std::string_view& version) {
    const std::string_view part = version.substr(0, version.find('.'));
    version.remove_prefix(std::min(version.size(), part.size() + 1));
    unsigned number = 0;
    std::from_chars(part.data(), part.data() + part.size(), number);
    return number;
  };
  while (!a.empty() || !b.empty()) {
    const unsigned left = take(a);
    const unsigned right = take(b);
    if (left != right) return left > right;
  }
  return false;
}

std::string_view NativeArchitecture() {
  return MachineName(kNativeMachine);
}

Result<ElfFile> ParseElf(std::string_view image) {
  const auto ident = Read<std::array<unsigned char, EI_NIDENT>>(image, 0);
  if (!ident || std::memcmp(ident->data(), ELFMAG, SELFMAG) != 0) {
    return Fail(Code::kInvalid, "is not an ELF file");
  }
  const bool native_class = (*ident)[EI_CLASS] == ELFCLASS64;
  const bool native_order = (*ident)[EI_DATA] == ELFDATA2LSB;
  // e_machine stands at the same offset in the 32-bit header.
  const auto stored_machine = Read<std::uint16_t>(image, offsetof(Elf64_Ehdr, e_machine));
  if (!stored_machine) return Fail(Code::kInvalid, "is damaged: its ELF header is cut off");
  std::uint16_t machine = *stored_machine;
  if (!native_order) machine = static_cast<std::uint16_t>((machine << 8) | (machine >> 8));

  ElfFile file;
  file.architecture = MachineName(machine);
  if (file.architecture.empty()) file.architecture = fmt::format("machine {}", machine);
  if (!native_order) file.architecture = "big-endian " + file.architecture;
  if (!native_class) file.architecture = "32-bit " + file.architecture;
  file.native = native_class && native_order && machine == kNativeMachine;
  if (!file.native) return file;

  const auto header = Read<Elf64_Ehdr>(image, 0);
  if (!header) return Fail(Code::kInvalid, "is damaged: its ELF header is cut off");
  file.shared_object = header->e_type == ET_DYN;
  if (!file.shared_object) return file;

  ASSIGN_OR_RETURN(const Sections sections, ReadSections(image, *header));
  for (const Elf64_Shdr& section : sections.headers) {
    if (section.sh_type == SHT_DYNSYM) {
      file.entry_symbols = FindEntries(image, sections, section);
    } else if (section.sh_type == SHT_DYNAMIC) {
      ReadDynamic(image, sections, section, file);
    } else if (section.sh_type == SHT_GNU_verneed) {
      file.glibc = NeededGlibc(image, sections, section);
    } else if (section.sh_type != SHT_NOBITS && file.note.empty() &&
               StringAt(sections.names, section.sh_name) == DSW_NOTE_SECTION) {
      if (const auto bytes = Slice(image, section.sh_offset, section.sh_size)) {
        file.note = FindNote(*bytes);
      }
    }
  }
  return file;
}

}  // namespace dsw
