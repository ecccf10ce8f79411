// SPDX-License-Identifier: Apache-2.0
#include "host/isolation/remote_table.h"

#include <vector>

#include "host/isolation/wire_writer.h"
#include "tests/support/matchers.h"

namespace dsw {
namespace {

/// What a process says of a table with one embedder; as the worker gets it.
std::string Described(std::uint64_t providers = 1, std::uint64_t models = 0) {
  std::vector<char> memory(4096);
  wire::Writer writer(memory.data(), memory.size());
  writer.U32(1);
  writer.U32(sizeof(dsw_plugin));
  for (const std::uint32_t number : {std::uint32_t{DSW_ABI_MINOR}, 0u}) writer.U32(number);
  for (const char* text : {"org.example.acme", "1.0.0", "Acme", "MIT"}) writer.Text(text);
  for (const std::uint32_t present : {1u, 0u, 1u}) writer.U32(present);
  writer.U64(providers);
  writer.U32(1);
  writer.U32(sizeof(dsw_provider));
  writer.U32(DSW_KIND_EMBEDDER);
  writer.Text("acme");
  writer.Text("Acme");
  writer.U32(models == 0 ? 0 : 1);
  writer.U64(models);
  writer.U32(100);
  writer.U32(4);
  writer.U64(1000);
  for (const std::uint32_t present : {1u, 1u}) writer.U32(present);
  writer.U32(1);
  writer.U32(sizeof(dsw_embedder_ops));
  for (const std::uint32_t present : {1u, 1u, 0u}) writer.U32(present);
  writer.U32(0);
  writer.U32(0);
  writer.Text("https://api.example.org");
  writer.Text("{}");
  writer.U32(DSW_PROVIDER_REMOTE);
  return std::string(writer.view());
}

TEST(RemoteTableTest, IsATableLikeTheOneDescribed) {
  ASSERT_OK_AND_ASSIGN(const auto remote, RemoteTable::Read(Described()));
  ASSERT_NE(remote->table(), nullptr);
  const dsw_plugin& plugin = *remote->table();
  EXPECT_EQ(plugin.struct_size, sizeof plugin);
  EXPECT_EQ(std::string_view(plugin.id.ptr, plugin.id.len), "org.example.acme");
  EXPECT_TRUE(remote->has_init());
  EXPECT_EQ(plugin.shutdown, nullptr);
  ASSERT_EQ(plugin.provider_count, 1u);
  const dsw_provider& provider = *plugin.providers[0];
  EXPECT_EQ(provider.max_batch, 100u);
  EXPECT_NE(provider.create, nullptr);
  EXPECT_EQ(provider.sink, nullptr);
  ASSERT_NE(provider.embedder, nullptr);
  EXPECT_NE(provider.embedder->embed, nullptr);
  EXPECT_EQ(provider.embedder->health, nullptr);
  EXPECT_EQ(provider.flags, DSW_PROVIDER_REMOTE);
}

TEST(RemoteTableTest, EveryCutIsRefused) {
  const std::string whole = Described();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FAIL(RemoteTable::Read(std::string_view(whole).substr(0, size)), Code::kInvalid,
                "cannot be read")
        << size;
  }
}

TEST(RemoteTableTest, CountsBeyondReasonAreRefused) {
  EXPECT_FAIL(RemoteTable::Read(Described(1'000'000)), Code::kInvalid, "offers 1000000 providers");
  EXPECT_FAIL(RemoteTable::Read(Described(1, 1'000'000)), Code::kInvalid, "lists 1000000 models");
  EXPECT_FAIL(RemoteTable::Read(Described(2)), Code::kInvalid, "cannot be read");
}

}  // namespace
}  // namespace dsw
