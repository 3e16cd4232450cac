// Debian's RocksDB is built with its assertions on, and a disk that is full makes one of them fail
// (WritableFileWriter, "sync_without_flush_called_"). In place of an abort without a word of use,
// the program then says what to do and ends with the exit status of a full disk. A server does not
// get here: its changes to a store are made by processes of their own (store_process.h).
#include <cassert>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <unistd.h>

#include "sparrow/core/result.h"

#ifdef __GLIBC__
// NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c): glibc's name for a failed assert().
extern "C" void __assert_fail(const char* assertion, const char* file, unsigned line,
                              const char* function) noexcept {
  if (std::strstr(file, "sparrow/") != nullptr) {
    std::fprintf(stderr, "%s:%u: %s: assertion failed: %s\n", file, line, function, assertion);
    std::abort();
  }
  std::fprintf(
      stderr,
      "sparrow: the store's library gave up (%s:%u: %s), as it does when the disk is full: "
      "free room and try again; `sparrow models` says what is promoted\n",
      file, line, assertion);
  std::fflush(stderr);
  ::_exit(sparrow::error_exit_status(sparrow::ErrorCode::kExhausted));
}
#endif
