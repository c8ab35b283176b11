#include "lake/partition.h"

#include <fmt/format.h>

namespace lakegate {
namespace {

// What engines read as null where it is a whole value.
constexpr std::string_view kHiveNull = "__HIVE_DEFAULT_PARTITION__";

bool must_be_encoded(char c) {
  constexpr std::string_view kSpecial = "\"#%'*/:=?\\{[]^\x7F";
  return static_cast<unsigned char>(c) < 0x20 || kSpecial.find(c) != std::string_view::npos;
}

void append_encoded(std::string_view text, std::string& out) {
  const bool whole_is_special = text == "." || text == "..";
  for (char c : text) {
    if (whole_is_special || must_be_encoded(c))
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    else
      out += c;
  }
}

}  // namespace

std::optional<TimeUnit> time_unit_from(std::string_view name) {
  for (TimeUnit unit : {TimeUnit::kYear, TimeUnit::kMonth, TimeUnit::kDay, TimeUnit::kHour})
    if (name == to_string(unit)) return unit;
  return std::nullopt;
}

std::string_view to_string(TimeUnit unit) {
  switch (unit) {
    case TimeUnit::kYear:
      return "year";
    case TimeUnit::kMonth:
      return "month";
    case TimeUnit::kDay:
      return "day";
    case TimeUnit::kHour:
      return "hour";
  }
  return "day";
}

std::string partition_folder(std::string_view name, std::string_view value) {
  std::string folder;
  folder.reserve(name.size() + 1 + value.size());
  append_encoded(name, folder);
  folder += '=';
  if (value == kHiveNull) {
    folder += "%5F";
    value.remove_prefix(1);
  }
  append_encoded(value, folder);
  return folder;
}

std::string truncate_iso(std::string_view iso, TimeUnit unit) {
  switch (unit) {
    case TimeUnit::kYear:
      return std::string(iso.substr(0, 4));
    case TimeUnit::kMonth:
      return std::string(iso.substr(0, 7));
    case TimeUnit::kDay:
      return std::string(iso.substr(0, 10));
    case TimeUnit::kHour:
      return std::string(iso.substr(0, 13));
  }
  return std::string(iso);
}

}  // namespace lakegate
