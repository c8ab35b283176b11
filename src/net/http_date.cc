#include "net/http_date.h"

#include <aws/common/date_time.h>

#include "net/crt_handle.h"

namespace lakegate {

std::optional<std::chrono::sys_seconds> parse_http_date(std::string_view text) {
  aws_date_time date = {};
  const aws_byte_cursor cursor = to_cursor(text);
  if (text.empty() ||
      aws_date_time_init_from_str_cursor(&date, &cursor, AWS_DATE_FORMAT_RFC822) != AWS_OP_SUCCESS)
    return std::nullopt;
  return std::chrono::sys_seconds(
      std::chrono::seconds(static_cast<std::int64_t>(aws_date_time_as_epoch_secs(&date))));
}

}  // namespace lakegate
