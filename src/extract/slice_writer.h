// A slice of a plan on its way into the lake: the replies of its parameter sets, in the order of
// the plan, as one compressed object, and what is written down about them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/config.h"
#include "extract/exchange.h"
#include "extract/fetch_records.h"
#include "extract/plan.h"
#include "extract/report.h"
#include "formats/json/landed_reply.h"
#include "lake/layout.h"
#include "stores/object_store.h"

namespace lakegate {

layout::FetchSlice slice_of(const Plan& plan, std::uint64_t number);

// What was asked for one page of a set.
struct AskedPage {
  std::string request;       // without secrets
  bool is_repeated = false;  // a secret of it is in the reply
};

// One thread at a time; may be handed from one to another. Destroyed before it is published, it
// leaves nothing that counts.
class SliceWriter {
 public:
  // The store, dataset (which has a source) and plan outlive it. `number` is the slice's, from 1.
  SliceWriter(ObjectStore& store, const DatasetConfig& dataset, const Plan& plan,
              std::uint64_t number);
  ~SliceWriter();

  std::size_t first_set() const { return first_; }
  std::size_t end_set() const { return end_; }
  std::uint64_t number() const { return record_.slice; }

  // Every set of the slice, in order. `asked`: for each page.
  // The replies of a set that failed are not landed. One that is not JSON makes its set fail, so
  // that it is asked again, and lands all the same, as a reject that shows it.
  Result<void> add(std::size_t set, const Answer& answer, const std::vector<AskedPage>& asked);

  // Report, record, then the landed object: when that is there, the slice is asked. `may_publish`
  // is asked last; its error leaves the slice unasked.
  Result<SliceRecord> publish(const std::function<Result<void>()>& may_publish);

 private:
  class Replies;
  Result<bool> land(const LandedReply& reply, std::uint64_t& rows);  // whether it is JSON
  Result<void> land_pages(const Answer& answer, const std::vector<AskedPage>& asked, ReportRow& row,
                          const std::string& parameters);

  ObjectStore& store_;
  const DatasetConfig& dataset_;
  const Plan& plan_;
  const std::size_t first_, end_;
  SliceRecord record_;
  std::vector<ReportRow> report_;
  std::unique_ptr<Replies> replies_;  // once there is one
  std::chrono::steady_clock::time_point began_;
};

}  // namespace lakegate
