// How curated files are laid out in folders, Hive style.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lakegate {

enum class TimeUnit { kYear, kMonth, kDay, kHour };  // 2026, 2026-11, 2026-11-23, 2026-11-23T04

std::optional<TimeUnit> time_unit_from(std::string_view name);  // "year", "month", "day", "hour"
std::string_view to_string(TimeUnit unit);

// One folder level. Levels stand in the path only: a derived level is a new column, whose source
// column stays in the file; a level that is a column itself leaves the file.
struct PartitionLevel {
  enum class From {
    kArrival,     // {arrival: day}               the arrival's UTC time
    kColumnTime,  // {column: ts, by: day}        the row's own time
    kColumn,      // country                      a column's value, verbatim
    kCapture,     // store                        a capture of the landing pattern, verbatim
  };
  From from = From::kArrival;
  std::string source;              // the column or capture; empty for kArrival
  TimeUnit unit = TimeUnit::kDay;  // for the two times
  std::string name = "dt";         // of the folder: <name>=<value>
  bool operator==(const PartitionLevel&) const = default;
};

using PartitionSpec = std::vector<PartitionLevel>;

// The default: dt=<UTC date of the arrival>.
inline PartitionSpec default_partition() {
  return {PartitionLevel{}};
}

// "name=value" with the value percent-encoded as Hive and Spark do: control characters and any of
// " # % ' * / : = ? \ { [ ] ^ and DEL become %XX; "." and ".." as whole values too.
std::string partition_folder(std::string_view name, std::string_view value);

// The first characters of an ISO instant that the unit keeps.
std::string truncate_iso(std::string_view iso, TimeUnit unit);

}  // namespace lakegate
