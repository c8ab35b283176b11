// Which arrival of a landing key is the newest that a table was loaded with as a snapshot: what
// must outlive the rows, because a snapshot may have none, or none that others have not taken over.
//
// Marks stand in a table of their own beside the users' tables, whose key spaces are the users'
// (a key may be a number, of which none can be reserved): "lakegate_sources", with the
// environment's table_prefix before it, keyed by `table` and `source`:
//   newest    the order of the newest arrival that was loaded and whose removals were decided
//   begun     orders of the loads that have begun and not ended: rows of theirs may be there
// One item more says that all rows of a table were written since marks are kept (source " "), so
// that a landing key without a mark has no rows there, and nothing needs to be looked for.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "aws/service_client.h"
#include "lake/error.h"

namespace lakegate::dynamodb {

inline constexpr std::string_view kMarksTable = "lakegate_sources";

struct LandingMark {
  std::string newest;  // empty: none yet
  std::set<std::string> begun;
};

class LandingMarks {
 public:
  // `marks_table` with its prefix; `table` is the one that they are about.
  LandingMarks(ServiceClient& client, std::string marks_table, std::string table)
      : client_(client), marks_table_(std::move(marks_table)), table_(std::move(table)) {}

  // Notes that a load of the order has begun; gives the mark as it was, nothing if there was none.
  Result<std::optional<LandingMark>> begin(const std::string& source, const std::string& order);
  Result<std::optional<LandingMark>> get(const std::string& source);
  // The load is over and this arrival the newest, unless a newer one is by now. Gives the mark as
  // it was.
  struct Ended {
    bool is_newest = true;
    LandingMark before;
  };
  Result<Ended> end_as_newest(const std::string& source, const std::string& order);
  // The load is over, and says nothing about what is newest.
  Result<void> end(const std::string& source, const std::string& order);

  Result<bool> are_complete();      // the item that says so is there
  Result<void> declare_complete();  // the table has no rows
  // The table was made anew: nothing is newest any more. Nothing happens where marks have no table.
  Result<void> forget_all();

 private:
  Result<AwsReply> call(std::string_view operation, std::string body);
  std::string key(const std::string& source) const;

  ServiceClient& client_;
  std::string marks_table_;
  std::string table_;
};

}  // namespace lakegate::dynamodb
