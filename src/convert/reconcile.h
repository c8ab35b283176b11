// What is known of a dataset's columns meets what a file brings.
#pragma once

#include <string>
#include <vector>

#include "formats/records.h"
#include "lake/error.h"
#include "schema/observed.h"
#include "schema/schema.h"

namespace lakegate {

// What is known before the file is read.
struct Typing {
  Schema known;         // declared or remembered columns; types are frozen, unknown ones excepted
  bool exact = false;   // they were inferred once: see ColumnPlan::exact
  bool closed = false;  // bound by a claim: nothing is inferred, nothing added
  NewColumns new_columns = NewColumns::kAdd;
  bool clean_names = true;
  std::vector<std::string> partition_columns;  // null in them rejects the row as partition_null
  std::vector<std::string> capture_columns;    // come from the landing key, never from the file
};

// The columns of the output: the known ones in their order, then the file's new ones in order of
// appearance. `observed` is what has been seen of the file so far, by original name; `settled` says
// that this is the whole file. A column that is already in the plan of the file's first part keeps
// its place. Refuses a file with new columns under NewColumns::kReject when the file's header says
// so.
Result<DecodePlan> make_plan(const RecordFile& file, const Typing& typing, const Observed& observed,
                             bool settled);

// Whether a plan of a part of the file needs nothing of it but the names of its columns.
bool names_suffice(const RecordFile& file, const Typing& typing, const Observed& names);

// The schema that a plan writes, with required-ness and names as known.
Schema schema_of(const DecodePlan& plan, const Typing& typing);

// `name` and, inside structs, the names of fields cleaned and made unique; originals kept.
void clean_field_names(std::vector<Field>& fields);

}  // namespace lakegate
