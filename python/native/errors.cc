#include "errors.h"

#include <array>
#include <string>

namespace sparrow::python {
namespace {

namespace nb = nanobind;

struct Kind {
  ErrorCode code;
  const char* name;
  PyObject* builtin;  // what it is besides; may be null
  const char* meaning;
};

// By ErrorCode; owned by the module for the life of the process.
std::array<PyObject*, 6>& exceptions() {
  static std::array<PyObject*, 6> types{};
  return types;
}

void raise_failure(const std::exception_ptr& thrown, void* /*payload*/) {
  try {
    std::rethrow_exception(thrown);
  } catch (const Failure& failure) {
    PyErr_SetString(exceptions().at(static_cast<std::size_t>(failure.code())), failure.what());
  }
}

}  // namespace

void add_errors(nb::module_& module) {
  const nb::object base = nb::steal(PyErr_NewExceptionWithDoc(
      "sparrow.Error", "What the engine could not do; the message says what to change.", nullptr,
      nullptr));
  module.attr("Error") = base;
  const Kind kinds[] = {
      {ErrorCode::kInvalidInput, "InvalidInput", PyExc_ValueError,
       "Correct the option, file or request, then try again."},
      {ErrorCode::kNotFound, "NotFound", PyExc_LookupError, "Name something that exists."},
      {ErrorCode::kConflict, "Conflict", nullptr, "Read the present state again, then try again."},
      {ErrorCode::kUnavailable, "Unavailable", nullptr, "Try again later."},
      {ErrorCode::kCorrupt, "Corrupt", nullptr, "Restore or rebuild the data."},
      {ErrorCode::kExhausted, "Exhausted", nullptr, "Free disk or memory, or raise a limit."}};
  for (const Kind& kind : kinds) {
    const nb::object bases =
        kind.builtin == nullptr ? base : nb::make_tuple(base, nb::borrow(kind.builtin));
    const std::string name = std::string("sparrow.") + kind.name;
    nb::dict members;
    members["code"] = error_code_name(kind.code);
    members["exit_status"] = error_exit_status(kind.code);
    const nb::object type = nb::steal(
        PyErr_NewExceptionWithDoc(name.c_str(), kind.meaning, bases.ptr(), members.ptr()));
    module.attr(kind.name) = type;
    exceptions().at(static_cast<std::size_t>(kind.code)) = type.inc_ref().ptr();
  }
  nb::register_exception_translator(raise_failure);
}

}  // namespace sparrow::python
