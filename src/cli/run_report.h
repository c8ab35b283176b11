// What a run says of itself: a line an arrival as it goes, or one JSON document at the end.
#pragma once

#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/interrupts.h"
#include "cli/report_json.h"
#include "convert/lake_run.h"
#include "extract/fetch.h"
#include "lake/records.h"
#include "load/load.h"

namespace lakegate::cli {

class RunReport {
 public:
  RunReport(Context& context, std::string lake) : context_(context), lake_(std::move(lake)) {}

  void arrival(const RunOutcome& outcome);
  // What a fetch has come to; before its arrivals.
  void fetch(const std::string& dataset, const FetchOutcome& outcome);
  // Slices of a fetch that was finished before. Those of other fetches tell of themselves.
  void unpublished(const std::string& dataset, const FetchOutcome& outcome);
  // An attempt that could not be made.
  void error(const std::string& dataset, const Error& error);
  void loads(const std::string& dataset, const LoadSummary& done);
  // A dataset whose rows are curated, and could not be loaded at all.
  void load_error(const std::string& dataset, const Error& error);
  void unmatched(const std::vector<ObjectKey>& keys);
  void cut_off() { error_code_ = kInterruptedCode; }  // by a signal
  // Failures that stand since an earlier run are not said again.
  void keep_quiet_of_earlier_failures() { tells_earlier_failures_ = false; }

  bool is_empty() const {
    return entries_.empty() && loads_.empty() && errors_.empty() && fetches_.empty();
  }
  // Prints the summary or the document. The exit code.
  enum class Rejects { kAllowed, kFail };  // --strict
  int finish(Rejects rejects);

 private:
  void committed(const RunRecord& record);
  void failed(const RunOutcome& outcome);
  void load(const LoadRecord& record);
  void tell_of_failures(const std::string& dataset, const FetchOutcome& outcome);
  void add_error(const std::string& dataset, const Error& error);

  Context& context_;
  std::string lake_;
  bool tells_earlier_failures_ = true;
  Json entries_ = Json::array(), loads_ = Json::array(), errors_ = Json::array(),
       unmatched_ = Json::array(), fetches_ = Json::array();
  std::uint64_t arrivals_ = 0, rows_ = 0, rejected_ = 0, failures_ = 0, table_rows_ = 0,
                sets_failed_ = 0, unfinished_ = 0;
  std::uint64_t rejected_by_tables_ = 0;
  int error_code_ = 0;
};

// What to say of rows that a table did not take: how many, and where their reasons are.
std::string left_out(const LoadRecord& record);

// "landing/equipment/a.csv" -> "equipment/a.csv", for people.
std::string short_key(const ObjectKey& key);

}  // namespace lakegate::cli
