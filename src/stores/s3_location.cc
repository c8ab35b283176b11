#include "stores/s3_location.h"

#include <fmt/format.h>

#include <algorithm>

#include "lake/ascii.h"
#include "stores/local_directory.h"

namespace lakegate {
namespace {

constexpr std::string_view kScheme = "s3://";

bool is_lower_or_digit(char c) {
  return is_lower(c) || is_digit(c);
}

}  // namespace

std::string S3Location::describe() const {
  return fmt::format("{}{}{}", kScheme, bucket,
                     prefix.empty() ? "" : "/" + prefix.substr(0, prefix.size() - 1));
}

std::string S3Location::url(std::string_view key) const {
  return fmt::format("{}{}/{}{}", kScheme, bucket, prefix, key);
}

Result<S3Location> parse_s3_location(std::string_view location) {
  const auto refused = [&] {
    return invalid_input(fmt::format(
        "\"{}\" is no place on S3; one looks like s3://bucket or s3://bucket/prefix", location));
  };
  if (!location.starts_with(kScheme)) return refused();
  std::string_view rest = location.substr(kScheme.size());
  while (rest.ends_with('/')) rest.remove_suffix(1);
  const std::size_t slash = rest.find('/');
  S3Location parsed{.bucket = std::string(rest.substr(0, slash)), .prefix = {}};
  if (parsed.bucket.empty()) return refused();
  if (slash == std::string_view::npos) return parsed;
  parsed.prefix = rest.substr(slash + 1);
  if (!check_s3_key(ObjectKey(parsed.prefix))) return refused();
  parsed.prefix += '/';
  return parsed;
}

bool can_be_virtual_host(std::string_view bucket) {
  return bucket.size() >= 3 && bucket.size() <= 63 && is_lower_or_digit(bucket.front()) &&
         is_lower_or_digit(bucket.back()) &&
         std::ranges::all_of(bucket, [](char c) { return is_lower_or_digit(c) || c == '-'; });
}

Result<void> check_s3_key(const ObjectKey& key) {
  LAKEGATE_CHECK(split_key(key.str()));
  return {};
}

}  // namespace lakegate
