// SPDX-License-Identifier: Apache-2.0
//
// Servers that take what is sent and never answer, servers that take no writes, and what a pooler
// in between may do.
#include <future>

#include "host/postgres/long_transaction.h"
#include "host/postgres/session.h"
#include "tests/integration/postgres/store_test.h"
#include "tests/support/loopback.h"

namespace dsw {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

class DatabaseLimitsTest : public StoreTest {
 protected:
  void TearDown() override { Server().Thaw(); }

  std::unique_ptr<Database> Open(DatabaseOptions options) {
    if (options.url.empty()) options.url = Server().Url(name_);
    Result<std::unique_ptr<Database>> opened = Database::Open(std::move(options), clock_);
    EXPECT_OK(opened);
    return *std::move(opened);
  }
  static Status Ask(Database& database, Database::Effort effort = {}) {
    return database.Run(effort, [](Session& session) -> Status {
      pqxx::work transaction(session.connection);
      Exec(transaction, "SELECT 1");
      transaction.commit();
      return {};
    });
  }
  static Status Sleep(Database& database, Database::Effort effort) {
    return database.Run(effort, [](Session& session) -> Status {
      pqxx::nontransaction transaction(session.connection);
      Exec(transaction, "SELECT pg_sleep(3600)");
      return {};
    });
  }
};

TEST_F(DatabaseLimitsTest, NoCallOutlastsItsTimeOnAServerThatIsStopped) {
  const auto database = Open({.short_limit = seconds(1), .retry_for = milliseconds(0)});
  ASSERT_OK(Ask(*database));
  Server().Freeze();
  EXPECT_FAIL(Ask(*database), Code::kUnavailable, "no answer for 1 s");
  Server().Thaw();
  EXPECT_OK(Ask(*database));
}

TEST_F(DatabaseLimitsTest, LongCallsHaveALimitOfTheirOwn) {
  const auto database =
      Open({.short_limit = milliseconds(50), .long_limit = hours(1), .retry_for = milliseconds(0)});
  EXPECT_FAIL(Sleep(*database, {}), Code::kUnavailable, "no answer");
  EXPECT_OK(database->Run(Database::Patience::kLong, [](Session& session) -> Status {
    pqxx::nontransaction transaction(session.connection);
    Exec(transaction, "SELECT pg_sleep(0.2)");
    return {};
  }));
}

TEST_F(DatabaseLimitsTest, ConnectingHasALimitToo) {
  Server().Freeze();
  const auto database = Open({.connect_timeout = seconds(2), .retry_for = milliseconds(0)});
  EXPECT_FAIL(Ask(*database), Code::kUnavailable, "no answer for 2 s");
}

TEST_F(DatabaseLimitsTest, CancellingEndsConnecting) {
  const LoopbackListener silent;
  const auto database =
      Open({.url = "postgresql://postgres@127.0.0.1:" + std::to_string(silent.port()) + "/none",
            .connect_timeout = hours(1),
            .retry_for = hours(1)});
  auto asking = std::async(std::launch::async, [&] { return Ask(*database); });
  database->Cancel();
  EXPECT_FAIL(asking.get(), Code::kCancelled);
}

TEST_F(DatabaseLimitsTest, TheNextHostIsTriedWhenOneDoesNotAnswer) {
  const LoopbackListener silent;
  const std::string ports = std::to_string(silent.port()) + "," + std::to_string(Server().port());
  const auto database =
      Open({.url = "host=127.0.0.1,127.0.0.1 port=" + ports + " user=postgres dbname=" + name_,
            .connect_timeout = seconds(1),
            .retry_for = milliseconds(0)});
  EXPECT_OK(Ask(*database));
}

TEST_F(DatabaseLimitsTest, CancellingBreaksOffCallsAndWaits) {
  const auto database = Open({.pool_size = 1, .short_limit = hours(1), .long_limit = hours(1)});
  ASSERT_OK(Ask(*database));
  auto busy =
      std::async(std::launch::async, [&] { return Sleep(*database, Database::Patience::kLong); });
  ASSERT_TRUE(Eventually([&] {
    return Sql("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(3600)%' AND "
               "datname = current_database() AND pid <> pg_backend_pid()") == "1";
  }));
  auto waiting = std::async(std::launch::async, [&] { return Ask(*database); });
  database->Cancel();
  EXPECT_FAIL(busy.get(), Code::kCancelled);
  EXPECT_FAIL(waiting.get(), Code::kCancelled);
  EXPECT_FAIL(Ask(*database), Code::kCancelled);
}

TEST_F(DatabaseLimitsTest, CancellingEndsTheWaitForAServerThatIsGone) {
  const auto database =
      Open({.url = "postgresql://postgres@127.0.0.1:1/none", .retry_for = hours(1)});
  auto waiting = std::async(std::launch::async, [&] { return Ask(*database); });
  database->Cancel();
  EXPECT_FAIL(waiting.get(), Code::kCancelled);
}

TEST_F(DatabaseLimitsTest, AConnectionThatDoesNotBecomeFreeIsNotWaitedForForEver) {
  const auto database = Open({.pool_size = 1,
                              .short_limit = milliseconds(100),
                              .long_limit = hours(1),
                              .retry_for = milliseconds(0)});
  auto busy =
      std::async(std::launch::async, [&] { return Sleep(*database, Database::Patience::kLong); });
  EXPECT_TRUE(Eventually([&] {
    const Status asked = Ask(*database);
    return !asked && asked.error().message.find("DATABASE_POOL_SIZE") != std::string::npos;
  }));
  EXPECT_OK(CheckDatabase(*database));
  database->Cancel();
  EXPECT_FAIL(busy.get(), Code::kCancelled);
}

TEST_F(DatabaseLimitsTest, ALongTransactionIsLeftBehindWhenTheServerDoesNotAnswer) {
  const auto database = Open(
      {.short_limit = seconds(1), .probe_limit = milliseconds(200), .retry_for = milliseconds(0)});
  LongTransaction transaction(*database);
  const auto count = [](pqxx::work& work) -> Status {
    Exec(work, "SELECT count(*) FROM datasets");
    return {};
  };
  ASSERT_OK(transaction.Run({}, count));
  EXPECT_TRUE(transaction.open());
  Server().Freeze();
  EXPECT_FAIL(transaction.Run({}, count), Code::kUnavailable, "no answer for 1 s");
  EXPECT_FALSE(transaction.open());
  Server().Thaw();
  EXPECT_OK(transaction.Run({}, count));
  Server().Freeze();
  transaction.Rollback();
}

TEST_F(DatabaseLimitsTest, SessionsKeepNoStateThatOthersWouldFind) {
  const auto database = Open({});
  const auto state = [&] {
    return database->Run([](Session& session) -> Result<std::string> {
      pqxx::nontransaction transaction(session.connection);
      return Text(
          Exec(transaction,
               "SELECT string_agg(name, ' ') FROM pg_settings WHERE source = 'session'")[0][0]);
    });
  };
  EXPECT_EQ(*state(), "");
  PostgresStore store(*database);
  MakeTransform();
  AddItems(3, 2);
  ASSERT_OK(store.LoadPlan(MakeJob("a")));
  EXPECT_EQ(*state(), "");
}

TEST_F(DatabaseLimitsTest, ARefusalIsToldAtOnceWithTheWayOut) {
  const auto nobody = Open(
      {.url = "postgresql://nobody_here@127.0.0.1:" + std::to_string(Server().port()) + "/" + name_,
       .retry_for = hours(1)});
  const Status refused = Ask(*nobody);
  EXPECT_FAIL(refused, Code::kUnauthenticated, "DATABASE_URL");
  const auto missing = Open({.url = Server().Url("not_there"), .retry_for = hours(1)});
  const Status absent = Ask(*missing);
  EXPECT_FAIL(absent, Code::kUnavailable, "does not exist; create it");
  EXPECT_EQ(absent.error().repeat, std::optional(false));
}

TEST_F(DatabaseLimitsTest, TheCheckNamesWhatIsInTheWayOfWriting) {
  const auto database = Open({});
  ASSERT_OK(CheckDatabase(*database));
  Sql("ALTER DATABASE " + name_ + " SET default_transaction_read_only = on");
  const auto later = Open({});
  const Status closed = CheckDatabase(*later);
  EXPECT_FAIL(closed, Code::kUnavailable, "default_transaction_read_only");
  EXPECT_EQ(closed.error().origin, Origin::kDatabase);
  // Connections remember; the check must not.
  Server().Sql("postgres", "ALTER DATABASE " + name_ + " RESET default_transaction_read_only");
  EXPECT_OK(CheckDatabase(*later));
}

TEST_F(DatabaseLimitsTest, TheCheckNamesMissingRights) {
  const std::string role = "role_" + name_;
  Sql("CREATE ROLE " + role + " LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO " + role);
  const auto database =
      Open({.url = "postgresql://" + role + "@127.0.0.1:" + std::to_string(Server().port()) + "/" +
                   name_});
  const Status status = CheckDatabase(*database);
  EXPECT_FAIL(status, Code::kUnauthenticated, "INSERT on embedded_datasets");
  EXPECT_THAT(status.error().message, HasSubstr("DELETE on dataset_transform_items"));
  EXPECT_OK(CheckTables(*database));
  Sql("GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO " + role);
  EXPECT_OK(CheckDatabase(*database));
}

}  // namespace
}  // namespace dsw
