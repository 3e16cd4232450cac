// Errors of the engine as Python exceptions: sparrow.Error and one subclass for each ErrorCode,
// with the same words as on the command line.
#pragma once

#include <exception>
#include <utility>

#include <nanobind/nanobind.h>

#include "sparrow/core/result.h"

namespace sparrow::python {

// Thrown inside the module only; becomes the exception of its code.
class Failure : public std::exception {
 public:
  explicit Failure(Error error) : error_(std::move(error)) {}
  const char* what() const noexcept override { return error_.message.c_str(); }
  ErrorCode code() const { return error_.code; }

 private:
  Error error_;
};

template <typename T>
T take(Result<T> result) {
  if (!result) throw Failure(result.error());
  return std::move(*result);
}
inline void take(const Result<void>& result) {
  if (!result) throw Failure(result.error());
}

[[noreturn]] inline void invalid(std::string message) {
  throw Failure({ErrorCode::kInvalidInput, std::move(message)});
}

void add_errors(nanobind::module_& module);

}  // namespace sparrow::python
