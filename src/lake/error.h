// Errors are values. Every fallible function of lakegate returns Result<T>; exceptions of libraries
// are caught where they arise and do not cross a module's border.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace lakegate {

// Classified by what the caller does next. The set is closed: a retry policy is one switch.
enum class ErrorKind {
  kRetryable,     // the same call may succeed later: busy, timed out, throttled
  kPermanent,     // it will not succeed without a person: no permission, disk full, corrupt file
  kNotFound,      // the thing named does not exist
  kConflict,      // somebody else wrote first (put-if-absent, put-if-match)
  kInvalidInput,  // the input, the configuration or the command line is wrong
};

std::string_view to_string(ErrorKind kind);

// Where in a user's file the cause stands. Zero and empty mean unknown or not applicable.
struct Where {
  std::string file;
  std::uint64_t line = 0;    // from 1
  std::uint64_t column = 0;  // from 1, in bytes
};

// The message says what was wrong and what to do about it, without the place: `where` has that.
struct Error {
  ErrorKind kind = ErrorKind::kPermanent;
  std::string message;
  Where where = {};

  // "file:line:column: message", as compilers print it, leaving out what is unknown.
  std::string to_string() const;
};

template <class T>
using Result = tl::expected<T, Error>;

using Failure = tl::unexpected<Error>;

inline Failure fail(ErrorKind kind, std::string message, Where where = {}) {
  return Failure(Error{kind, std::move(message), std::move(where)});
}

inline Failure invalid_input(std::string message, Where where = {}) {
  return fail(ErrorKind::kInvalidInput, std::move(message), std::move(where));
}

// errno of a system call as an Error: ENOENT -> kNotFound, EEXIST -> kConflict, EAGAIN, EINTR ->
// kRetryable, all else kPermanent, with a hint where there is a usual cure (full disk,
// permissions).
Failure system_failure(int error_number, std::string_view doing_what, std::string_view path);

}  // namespace lakegate

#define LAKEGATE_CONCAT_(a, b) a##b
#define LAKEGATE_CONCAT(a, b) LAKEGATE_CONCAT_(a, b)

// LAKEGATE_TRY(auto schema, parse_schema(text)): the value, or return the error to the caller.
#define LAKEGATE_TRY(target, expression) \
  LAKEGATE_TRY_(LAKEGATE_CONCAT(result_, __LINE__), target, expression)
#define LAKEGATE_TRY_(result, target, expression)                          \
  auto result = (expression);                                              \
  if (!result) [[unlikely]]                                                \
    return ::tl::unexpected<::lakegate::Error>(std::move(result).error()); \
  target = std::move(*result)

// LAKEGATE_CHECK(store.remove(key)): go on, or return the error to the caller.
#define LAKEGATE_CHECK(expression)                                                 \
  do {                                                                             \
    if (auto check_result = (expression); !check_result) [[unlikely]]              \
      return ::tl::unexpected<::lakegate::Error>(std::move(check_result).error()); \
  } while (false)
