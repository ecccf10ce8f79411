// SPDX-License-Identifier: Apache-2.0
#include "host/postgres/long_transaction.h"

#include "host/base/log.h"

namespace dsw {

void LongTransaction::Attempt(Database::Patience patience,
                              const std::function<void(pqxx::work&)>& work) {
  try {
    if (session_ == nullptr) session_ = database_.Connect();
    const bool usable = database_.WithinLimit(patience, *session_, [&](Session& session) {
      if (!open()) transaction_ = std::make_unique<pqxx::work>(session.connection);
      work(*transaction_);
    });
    if (!usable) Rollback();
  } catch (...) {
    Rollback();
    throw;
  }
}

Status LongTransaction::Commit(Database::Patience patience) {
  if (!open()) return {};
  return database_.Repeatedly(Database::Retries::kNone, [&] {
    Attempt(patience, [](pqxx::work& transaction) { transaction.commit(); });
    Rollback();
  });
}

void LongTransaction::Rollback() noexcept {
  if (session_ == nullptr) return;
  try {
    database_.WithinLimit(Database::Patience::kProbe, *session_,
                          [&](Session&) { transaction_.reset(); });
  } catch (const std::exception& exception) {
    Log(LogLevel::kDebug, "postgres", "a transaction did not end well",
        {{"error", exception.what()}});
  }
  transaction_.reset();
  session_.reset();
}

}  // namespace dsw
