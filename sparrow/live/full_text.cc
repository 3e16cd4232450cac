#include "sparrow/live/full_text.h"

#include <mutex>

#include <sqlite3.h>

#include "sparrow/core/result.h"

namespace sparrow::live {
namespace {

constexpr std::size_t kIdle = 8;  // connections that are kept

using Database = std::unique_ptr<sqlite3, int (*)(sqlite3*)>;
using Statement = std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)>;

Database in_memory() {
  sqlite3* raw = nullptr;
  const int opened = sqlite3_open_v2(
      ":memory:", &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  Database db(raw, sqlite3_close);
  SPARROW_CHECK(opened == SQLITE_OK);
  return db;
}

Statement prepare(sqlite3* db, const char* text) {
  sqlite3_stmt* raw = nullptr;
  const int prepared = sqlite3_prepare_v3(db, text, -1, SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
  Statement statement(raw, sqlite3_finalize);
  SPARROW_CHECK(prepared == SQLITE_OK);  // a SQLite without FTS5 is not one that we run with
  return statement;
}

void run(sqlite3* db, const char* text) {
  SPARROW_CHECK(sqlite3_exec(db, text, nullptr, nullptr, nullptr) == SQLITE_OK);
}

void bind(sqlite3_stmt* statement, int at, const std::string& text) {
  sqlite3_bind_text(statement, at, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
}

struct Connection {
  Database db;
  Statement select;
};

}  // namespace

struct FullText::Shared {
  unsigned char* bytes = nullptr;  // of the database
  sqlite3_int64 size = 0;
  std::mutex mutex;
  std::vector<Connection> idle;

  Shared() = default;
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;
  ~Shared() {
    idle.clear();
    sqlite3_free(bytes);
  }

  Connection take() {
    {
      const std::lock_guard lock(mutex);
      if (!idle.empty()) {
        Connection one = std::move(idle.back());
        idle.pop_back();
        return one;
      }
    }
    Database db = in_memory();
    SPARROW_CHECK(sqlite3_deserialize(db.get(), "main", bytes, size, size,
                                      SQLITE_DESERIALIZE_READONLY) == SQLITE_OK);
    Statement select =
        prepare(db.get(), "SELECT rowid FROM words WHERE words MATCH ?1 ORDER BY rowid");
    return {std::move(db), std::move(select)};
  }

  void give_back(Connection one) {
    const std::lock_guard lock(mutex);
    if (idle.size() < kIdle) idle.push_back(std::move(one));
  }
};

FullText::FullText(const std::vector<Document>& documents) : shared_(std::make_unique<Shared>()) {
  const Database db = in_memory();
  // Beginnings of one and two letters, which are words of thousands of titles, have lists of their
  // own.
  run(db.get(),
      "CREATE VIRTUAL TABLE words USING fts5(names, joined, more, content='', detail=column, "
      "columnsize=0, prefix='1 2', tokenize='unicode61 remove_diacritics 0')");
  // All in memory until the end: one segment, and nothing to merge.
  run(db.get(), "INSERT INTO words(words, rank) VALUES('hashsize', 1000000000)");
  run(db.get(), "BEGIN");
  {
    const Statement insert =
        prepare(db.get(), "INSERT INTO words(rowid, names, joined, more) VALUES(?1, ?2, ?3, ?4)");
    for (std::size_t i = 0; i < documents.size(); ++i) {
      sqlite3_bind_int64(insert.get(), 1, static_cast<sqlite3_int64>(i) + 1);
      bind(insert.get(), 2, documents[i].names);
      bind(insert.get(), 3, documents[i].joined);
      bind(insert.get(), 4, documents[i].more);
      SPARROW_CHECK(sqlite3_step(insert.get()) == SQLITE_DONE);
      sqlite3_reset(insert.get());
    }
  }
  run(db.get(), "COMMIT");
  shared_->bytes = sqlite3_serialize(db.get(), "main", &shared_->size, 0);
  SPARROW_CHECK(shared_->bytes != nullptr);
}

FullText::~FullText() = default;

std::vector<std::uint32_t> FullText::match(const std::string& expression, std::size_t limit,
                                           const std::function<bool(std::uint32_t)>& wanted) const {
  Connection one = shared_->take();
  std::vector<std::uint32_t> found;
  bind(one.select.get(), 1, expression);
  while (found.size() < limit && sqlite3_step(one.select.get()) == SQLITE_ROW) {
    const auto number = static_cast<std::uint32_t>(sqlite3_column_int64(one.select.get(), 0) - 1);
    if (wanted(number)) found.push_back(number);
  }
  sqlite3_reset(one.select.get());
  shared_->give_back(std::move(one));
  return found;
}

}  // namespace sparrow::live
