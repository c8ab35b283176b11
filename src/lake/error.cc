#include "lake/error.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

namespace lakegate {

std::string_view to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kRetryable:
      return "retryable";
    case ErrorKind::kPermanent:
      return "permanent";
    case ErrorKind::kNotFound:
      return "not_found";
    case ErrorKind::kConflict:
      return "conflict";
    case ErrorKind::kInvalidInput:
      return "invalid_input";
  }
  return "permanent";
}

std::string Error::to_string() const {
  std::string place = where.file;
  if (where.line > 0) place += fmt::format("{}{}", place.empty() ? "line " : ":", where.line);
  if (where.column > 0) place += fmt::format(":{}", where.column);
  return place.empty() ? message : place + ": " + message;
}

Failure system_failure(int error_number, std::string_view doing_what, std::string_view path) {
  ErrorKind kind = ErrorKind::kPermanent;
  std::string_view cure;
  switch (error_number) {
    case ENOENT:
      kind = ErrorKind::kNotFound;
      cure = "; check the path";
      break;
    case EEXIST:
      kind = ErrorKind::kConflict;
      break;
    case EAGAIN:
    case EINTR:
      kind = ErrorKind::kRetryable;
      break;
    case ENOSPC:
    case EDQUOT:
      cure = "; free some space and run again, nothing was published";
      break;
    case EACCES:
    case EPERM:
    case EROFS:
      cure = "; check the permissions of the file and its directory";
      break;
    default:
      break;
  }
  return fail(
      kind, fmt::format("cannot {} {}: {}{}", doing_what, path, std::strerror(error_number), cure));
}

}  // namespace lakegate
