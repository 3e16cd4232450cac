// Result<T>: a value or an Error, for what the outside world can break (files, stores, network,
// configuration, requests). Inside the library valid data gives plain values; see CONTRIBUTING.md.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <variant>

namespace sparrow {

// Each code says what the caller can do about it. Mapped once to HTTP status and to exit code.
enum class ErrorCode {
  kInvalidInput,  // correct the request, file or option, then try again   400  exit 2
  kNotFound,      // name something that exists                            404  exit 3
  kConflict,      // read the present state again, then try again          409  exit 4
  kUnavailable,   // try again later                                       503  exit 5
  kCorrupt,       // restore or rebuild the data                           500  exit 6
  kExhausted,     // free disk or memory, or raise a limit                 507  exit 7
};

struct Error {
  ErrorCode code = ErrorCode::kInvalidInput;
  std::string message;
};

// The name of a code as it stands in JSON answers, for example "invalid_input".
const char* error_code_name(ErrorCode code);
int error_exit_status(ErrorCode code);
int error_http_status(ErrorCode code);

// A broken promise of our own: print and abort. For module borders; `assert` serves hot loops.
#define SPARROW_CHECK(condition)                                                         \
  do {                                                                                   \
    if (!(condition)) {                                                                  \
      std::fprintf(stderr, "%s:%d: check failed: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                      \
    }                                                                                    \
  } while (false)

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value)
      : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT(google-explicit-constructor)
  Result(Error error)
      : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  explicit operator bool() const { return state_.index() == 0; }
  bool ok() const { return state_.index() == 0; }
  T& value() & {
    SPARROW_CHECK(ok());
    return std::get<0>(state_);
  }
  const T& value() const& {
    SPARROW_CHECK(ok());
    return std::get<0>(state_);
  }
  T&& value() && {
    SPARROW_CHECK(ok());
    return std::get<0>(std::move(state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  const Error& error() const {
    SPARROW_CHECK(!ok());
    return std::get<1>(state_);
  }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error)
      : failed_(true), error_(std::move(error)) {}  // NOLINT(google-explicit-constructor)
  explicit operator bool() const { return !failed_; }
  bool ok() const { return !failed_; }
  const Error& error() const {
    SPARROW_CHECK(failed_);
    return error_;
  }

 private:
  bool failed_ = false;
  Error error_;
};

}  // namespace sparrow
