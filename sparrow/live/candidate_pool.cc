#include "sparrow/live/candidate_pool.h"

#include <algorithm>

#include <fmt/format.h>
#include <libpq-fe.h>
#include <nlohmann/json.hpp>
#include <sqlite3.h>

#include "sparrow/core/clock.h"
#include "sparrow/http/client.h"

namespace sparrow::live {
namespace {

constexpr std::size_t kMaxIds = 10'000'000;
using Ids = std::vector<std::string>;

Error unavailable(const std::string& name, std::string_view what) {
  return {ErrorCode::kUnavailable, fmt::format("candidate pool {}: {}", name, what)};
}

class SqlitePool final : public PoolSource {
 public:
  SqlitePool(std::string file, const PoolOptions& options)
      : file_(std::move(file)), options_(options) {}
  std::string name() const override { return "sqlite:" + file_; }

  Result<Ids> ids() override {
    sqlite3* raw = nullptr;
    const int opened = sqlite3_open_v2(file_.c_str(), &raw, SQLITE_OPEN_READONLY, nullptr);
    const std::unique_ptr<sqlite3, int (*)(sqlite3*)> db(raw, sqlite3_close);
    if (opened != SQLITE_OK) return unavailable(name(), sqlite3_errmsg(raw));
    sqlite3_busy_timeout(raw, static_cast<int>(options_.timeout.count()));
    const auto until = std::chrono::steady_clock::now() + options_.timeout;
    // Asked every 10,000 steps of the query: a non-zero answer ends it.
    sqlite3_progress_handler(
        raw, 10'000,
        [](void* end) {
          return std::chrono::steady_clock::now() >
                         *static_cast<const std::chrono::steady_clock::time_point*>(end)
                     ? 1
                     : 0;
        },
        const_cast<std::chrono::steady_clock::time_point*>(&until));
    sqlite3_stmt* prepared = nullptr;
    const int good = sqlite3_prepare_v2(raw, options_.query.c_str(), -1, &prepared, nullptr);
    const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> statement(prepared,
                                                                          sqlite3_finalize);
    if (good != SQLITE_OK || prepared == nullptr || sqlite3_column_count(prepared) < 1)
      return Error{ErrorCode::kInvalidInput,
                   fmt::format("candidate pool {}: {}", name(), sqlite3_errmsg(raw))};
    Ids found;
    int step = SQLITE_ROW;
    while ((step = sqlite3_step(prepared)) == SQLITE_ROW && found.size() < kMaxIds) {
      const auto* text = sqlite3_column_text(prepared, 0);
      if (text != nullptr) found.emplace_back(reinterpret_cast<const char*>(text));
    }
    if (step != SQLITE_DONE && step != SQLITE_ROW) return unavailable(name(), sqlite3_errmsg(raw));
    return found;
  }

 private:
  std::string file_;
  PoolOptions options_;
};

class PostgresPool final : public PoolSource {
 public:
  explicit PostgresPool(const PoolOptions& options) : options_(options) {
    const auto at = options_.uri.rfind('@');
    const auto scheme = options_.uri.find("://") + 3;
    name_ = "postgresql://" + options_.uri.substr(at == std::string::npos ? scheme : at + 1);
    name_.resize(std::min(name_.size(), name_.find('?')));
  }
  std::string name() const override { return name_; }

  Result<Ids> ids() override {
    const std::string seconds =
        fmt::format("{}", std::max<long long>(2, options_.timeout.count() / 1000));
    const std::string settings = fmt::format(
        "-c statement_timeout={} -c default_transaction_read_only=on", options_.timeout.count());
    const char* keywords[] = {"dbname", "connect_timeout", "options", nullptr};
    const char* values[] = {options_.uri.c_str(), seconds.c_str(), settings.c_str(), nullptr};
    const std::unique_ptr<PGconn, void (*)(PGconn*)> connection(
        PQconnectdbParams(keywords, values, 1), PQfinish);
    if (PQstatus(connection.get()) != CONNECTION_OK)
      return unavailable(name_, "cannot connect");  // libpq's text may hold the user's name
    const std::unique_ptr<PGresult, void (*)(PGresult*)> result(
        PQexec(connection.get(), options_.query.c_str()), PQclear);
    if (PQresultStatus(result.get()) != PGRES_TUPLES_OK)
      return unavailable(name_, PQresultErrorMessage(result.get()));
    Ids found;
    for (int row = 0; row < PQntuples(result.get()); ++row) {
      if (PQgetisnull(result.get(), row, 0) == 0)
        found.emplace_back(PQgetvalue(result.get(), row, 0));
    }
    return found;
  }

 private:
  PoolOptions options_;
  std::string name_;
};

// A JSON list of ids, or one id a line.
class HttpPool final : public PoolSource {
 public:
  explicit HttpPool(http::Client client) : client_(std::move(client)) {}
  std::string name() const override { return client_.shown_url(); }

  Result<Ids> ids() override {
    const auto answer = client_.get();
    return answer ? read(*answer) : Result<Ids>(unavailable(name(), answer.error().message));
  }

 private:
  Result<Ids> read(const std::string& body) const {
    Ids found;
    const auto list = nlohmann::json::parse(body, nullptr, false);
    if (list.is_array()) {
      for (const auto& id : list) {
        if (id.is_string())
          found.push_back(id.get<std::string>());
        else if (id.is_number_integer())
          found.push_back(id.dump());
        else
          return unavailable(name(), "the list holds something that is not an id");
      }
      return found;
    }
    if (body.starts_with('{') || body.starts_with('<'))
      return unavailable(name(), "the answer is neither a JSON list nor one id a line");
    for (std::size_t begin = 0; begin < body.size();) {
      const auto end = std::min(body.find('\n', begin), body.size());
      std::string id = body.substr(begin, end - begin);
      if (!id.empty() && id.back() == '\r') id.pop_back();
      if (!id.empty()) found.push_back(std::move(id));
      begin = end + 1;
    }
    return found;
  }

  http::Client client_;
};

}  // namespace

Result<std::unique_ptr<PoolSource>> open_pool_source(const PoolOptions& options) {
  const std::string& uri = options.uri;
  if (uri.starts_with("sqlite:") && uri.size() > 7)
    return std::unique_ptr<PoolSource>(std::make_unique<SqlitePool>(uri.substr(7), options));
  if (uri.starts_with("postgresql://") || uri.starts_with("postgres://"))
    return std::unique_ptr<PoolSource>(std::make_unique<PostgresPool>(options));
  constexpr std::size_t kMaxListBytes = std::size_t{256} << 20;
  if (auto client = http::Client::open(uri, {options.timeout, kMaxListBytes}))
    return std::unique_ptr<PoolSource>(std::make_unique<HttpPool>(std::move(*client)));
  return Error{ErrorCode::kInvalidInput,
               "the candidate pool must be sqlite:FILE, postgresql://HOST/DB or http://HOST/PATH"};
}

Result<CandidatePool> make_pool(const data::Catalog& catalog, const Ids& ids,
                                const std::string& source) {
  CandidatePool pool;
  pool.hidden.assign(catalog.size(), 1);
  std::size_t shown = 0;
  for (const auto& id : ids) {
    const auto row = catalog.find(id);
    if (!row || pool.hidden[*row] == 0) continue;
    pool.hidden[*row] = 0;
    ++shown;
  }
  if (shown == 0)
    return Error{ErrorCode::kInvalidInput,
                 fmt::format("candidate pool {}: none of its {} ids is in the catalogue; the last "
                             "good pool stays",
                             source, ids.size())};
  pool.hidden_items = catalog.size() - shown;
  if (pool.hidden_items == 0) pool.hidden.clear();
  pool.source = source;
  pool.refreshed = utc_now();
  return pool;
}

}  // namespace sparrow::live
