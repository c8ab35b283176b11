#include "tables/dynamodb/dynamodb_load.h"

#include <arrow/api.h>

#include <algorithm>

#include "tables/offered_rows.h"

namespace lakegate::dynamodb {
namespace {

// Keys to be removed that are kept between remove_missing() and commit(); of more, the table is
// read once again.
constexpr std::size_t kMaxKeptKeys = 100'000;

PutBodies bodies_for(const TableDefinition& definition, const LoadStart& start) {
  return PutBodies({.table = definition.name.str(),
                    .key_column = definition.key[0],
                    .write = start.write,
                    .arrival = start.arrival,
                    .generation = start.generation,
                    .tell_units = definition.max_write_units > 0});
}

class DynamoLoad : public TableLoad {
 public:
  DynamoLoad(LoadContext context, BegunLoad begun)
      : context_(std::move(context)),
        begun_(std::move(begun)),
        base_(RowOrder::of(begun_.start.arrival)),
        order_(RowOrder::of(begun_.start.arrival, begun_.start.generation)),
        encoder_(context_.definition, order_, begun_.start.arrival.key.str()),
        marks_(*context_.client, context_.marks_table, context_.definition.name.str()),
        writer_(*context_.client, context_.definition.name.str(), begun_.start.write,
                bodies_for(context_.definition, begun_.start), context_.writer,
                [this](const KeptRows& kept, std::int64_t row, RejectReason reason) {
                  refused(kept, row, reason);
                }) {}

  Result<void> write(const arrow::RecordBatch& rows) override;
  Result<std::uint64_t> remove_missing() override;
  Result<WriteCounts> commit() override;
  const std::vector<Reject>& rejects() const override { return rejects_; }

 private:
  Result<void> write_row(const OfferedRows& offered, std::int64_t row,
                         const std::shared_ptr<const KeptRows>& kept);
  void reject(Reject made);
  void refused(const KeptRows& kept, std::int64_t row, RejectReason reason);
  Stale stale() const;
  Result<void> remove_stale(const Stale& stale);
  Result<void> end_mark();

  LoadContext context_;
  BegunLoad begun_;
  const std::string base_, order_;
  ItemEncoder encoder_;
  LandingMarks marks_;
  std::vector<Reject> rejects_;
  WriteCounts counts_;
  std::optional<Stale> removing_;  // remove_missing() was called, and this is what it is about
  std::vector<std::string> keys_;  // of what is to go, unless there were too many
  bool has_all_keys_ = true;
  std::string newest_seen_;  // of the landing key, before the table was read
  RowWriter writer_;         // last: it must be gone before what it reports to
};

Result<void> DynamoLoad::write(const arrow::RecordBatch& rows) {
  auto kept = std::make_shared<const KeptRows>(
      KeptRows{.rows = rows.Slice(0), .first = counts_.offered + 1});
  LAKEGATE_TRY(const OfferedRows offered,
               OfferedRows::of(context_.definition, *kept->rows, kept->first));
  encoder_.set_rows(offered);
  for (std::int64_t row = 0; row < offered.size(); ++row)
    LAKEGATE_CHECK(write_row(offered, row, kept));
  return {};
}

Result<void> DynamoLoad::write_row(const OfferedRows& offered, std::int64_t row,
                                   const std::shared_ptr<const KeptRows>& kept) {
  ++counts_.offered;
  if (const auto column = offered.unusable_key(row)) {
    reject(offered.key_null(row, *column));
    return {};
  }
  if (begun_.superseded) {
    ++counts_.superseded;
    return {};
  }
  auto item = writer_.new_row();
  if (const auto misfit = encoder_.encode(row, item->item)) {
    const bool of_column = misfit->reason != RejectReason::kItemTooLarge;
    reject(offered.misfit(row, misfit->reason,
                          of_column ? encoder_.fields()[misfit->field].name : ""));
    return {};
  }
  item->place = offered.place(row);
  item->kept = kept;
  item->row = row;
  return writer_.put(std::move(item));
}

// Answers come in any order; of the rejects the first are kept, by their place.
void DynamoLoad::reject(Reject made) {
  ++counts_.rejected;
  rejects_.push_back(std::move(made));
  if (rejects_.size() < 2 * kMaxFailureRejects) return;
  std::ranges::sort(rejects_, {}, &Reject::row);
  rejects_.resize(kMaxFailureRejects);
}

void DynamoLoad::refused(const KeptRows& kept, std::int64_t row, RejectReason reason) {
  const auto offered = OfferedRows::of(context_.definition, *kept.rows, kept.first);
  if (!offered) return;  // it was of() before, with the same rows
  reject(reason == RejectReason::kKeyExists ? offered->key_exists(row)
                                            : offered->misfit(row, reason, ""));
}

Stale DynamoLoad::stale() const {
  if (begun_.start.replaces == Replaces::kGenerations) return {.from = base_, .before = order_};
  return {.source = begun_.start.arrival.key.str(),
          .before = begun_.superseded ? begun_.newest : order_};
}

Result<std::uint64_t> DynamoLoad::remove_missing() {
  LAKEGATE_CHECK(writer_.drain());
  removing_ = stale();
  if (begun_.has_mark) {
    LAKEGATE_TRY(const auto mark, marks_.get(begun_.start.arrival.key.str()));
    if (mark) newest_seen_ = mark->newest;
    if (!begun_.may_have_rows) return 0;
  } else if (begun_.start.generation == 1) {
    return 0;
  }
  std::uint64_t found = 0;
  LAKEGATE_CHECK(scan_stale(*context_.client, context_.definition, *removing_,
                            [&](std::vector<std::string> keys) -> Result<void> {
                              found += keys.size();
                              has_all_keys_ = found <= kMaxKeptKeys;
                              if (!has_all_keys_) keys.clear();
                              std::ranges::move(keys, std::back_inserter(keys_));
                              return {};
                            }));
  return found;
}

Result<void> DynamoLoad::remove_stale(const Stale& stale) {
  return scan_stale(*context_.client, context_.definition, stale,
                    [&](const std::vector<std::string>& keys) -> Result<void> {
                      for (const std::string& key : keys)
                        LAKEGATE_CHECK(writer_.remove(key, stale));
                      return {};
                    });
}

// The mark is put before anything is removed: a load of an older arrival that is still under way
// elsewhere finds it at its own end, and takes back what it has written since the table was read.
Result<void> DynamoLoad::end_mark() {
  const std::string& source = begun_.start.arrival.key.str();
  if (!removing_ || begun_.superseded) return {};
  LAKEGATE_TRY(const LandingMarks::Ended ended, marks_.end_as_newest(source, order_));
  if (!ended.is_newest) {
    removing_->before = ended.before.newest;
    has_all_keys_ = false;
  } else if (ended.before.newest != newest_seen_) {
    has_all_keys_ = false;  // another load has ended since the table was read
  }
  return {};
}

Result<WriteCounts> DynamoLoad::commit() {
  LAKEGATE_CHECK(writer_.drain());
  if (begun_.has_mark) LAKEGATE_CHECK(end_mark());
  if (removing_ && !has_all_keys_) LAKEGATE_CHECK(remove_stale(*removing_));
  if (removing_ && has_all_keys_)
    for (const std::string& key : keys_) LAKEGATE_CHECK(writer_.remove(key, *removing_));
  LAKEGATE_CHECK(writer_.drain());
  if (begun_.has_mark) LAKEGATE_CHECK(marks_.end(begun_.start.arrival.key.str(), order_));
  std::ranges::sort(rejects_, {}, &Reject::row);
  if (rejects_.size() > kMaxFailureRejects) rejects_.resize(kMaxFailureRejects);
  const RowWriter::Counts& rows = writer_.counts();
  WriteCounts counts = counts_;
  counts.written = rows.written - rows.replaced;
  counts.superseded += rows.superseded + rows.replaced;
  return counts;
}

}  // namespace

std::unique_ptr<TableLoad> make_load(LoadContext context, BegunLoad begun) {
  return std::make_unique<DynamoLoad>(std::move(context), std::move(begun));
}

Result<void> scan_stale(ServiceClient& client, const TableDefinition& definition,
                        const Stale& stale,
                        const std::function<Result<void>(std::vector<std::string>)>& take) {
  std::string after;
  do {
    LAKEGATE_TRY(const AwsReply reply,
                 client.call(request_of("Scan", scan_body(definition.name.str(), definition.key,
                                                          stale, after)),
                             {.attempts = 8}));
    if (reply.fault)
      return tl::unexpected(to_error(*reply.fault, "read the table " + definition.name.str()));
    LAKEGATE_TRY(ScanPage page, scan_page(reply.http.body));
    LAKEGATE_CHECK(take(std::move(page.keys)));
    after = std::move(page.after);
  } while (!after.empty());
  return {};
}

}  // namespace lakegate::dynamodb
