// backup and restore: a home in one file.
#include <fmt/format.h>

#include "sparrow/app/backup.h"
#include "sparrow/app/command.h"

namespace sparrow::app {
namespace {

using Clock = std::chrono::steady_clock;

void report_backup(const Context& context, const char* what, const std::string& where,
                   const Backup& backup) {
  if (context.json) {
    const nlohmann::json body = {{"file", where},
                                 {"files", backup.files.size()},
                                 {"bytes", backup.bytes},
                                 {"created", backup.created},
                                 {"written_by", backup.written_by}};
    fmt::print("{}\n", body.dump(2));
  } else if (!context.quiet) {
    fmt::print(stderr, "{:<9} {}: {} files, {:.1f} MB, every checksum compared\n", what, where,
               backup.files.size(), static_cast<double>(backup.bytes) / 1e6);
  }
}

}  // namespace

Command add_backup(CLI::App& sub) {
  auto file = std::make_shared<std::string>();
  sub.add_option("file", *file, "Where to write it: a tar archive, compressed by zstd")->required();
  return [file](const Context& context) -> Result<void> {
    const auto start = Clock::now();
    auto written = write_backup(context.paths(), *file);
    if (!written) return written.error();
    report_backup(context, "backup", *file, *written);
    if (context.quiet) return {};
    fmt::print(stderr, "backup    took {}; `sparrow restore {} --home DIR` makes a home of it\n",
               since(start), *file);
    if (context.store() != "rocksdb:" + context.paths().default_store().string())
      fmt::print(stderr, "backup    NOT in it is the store {}: back it up by its own means\n",
                 shown_uri(context.store()));
    return {};
  };
}

Command add_restore(CLI::App& sub) {
  struct Arguments {
    std::string file;
    bool check = false;
  };
  auto o = std::make_shared<Arguments>();
  sub.add_option("file", o->file, "What `backup` wrote")->required();
  sub.add_flag("--check", o->check, "Only compare the checksums of all files in it");
  return [o](const Context& context) -> Result<void> {
    auto done = o->check ? check_backup(o->file) : restore_backup(o->file, context.paths());
    if (!done) return done.error();
    report_backup(context, o->check ? "checked" : "restore", o->check ? o->file : context.home,
                  *done);
    return {};
  };
}

}  // namespace sparrow::app
