#include "tables/dynamodb/row_writer.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <random>

namespace lakegate::dynamodb {
namespace {

// Rows that are held at once: enough for every connection to carry a full batch.
constexpr std::size_t kMaxRows = 4'096;
constexpr std::size_t kMaxBytes = std::size_t{16} << 20;
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
constexpr std::size_t kMaxBatchRows = 25;
constexpr std::size_t kMaxBatchBytes = std::size_t{15} << 20;  // of 16 MB, with what is around them
constexpr std::size_t kMaxSpareBytes = std::size_t{4} << 20;   // of rows that are used again

std::uint64_t seed_of(const WriterOptions& options) {
  return options.seed != 0 ? options.seed : std::random_device{}();
}

// Units of 1 KB, rounded up for each item:
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
double units_of(std::size_t bytes) {
  return static_cast<double>(std::max<std::size_t>(1, (bytes + 1023) / 1024));
}

std::uint64_t hash_of(std::string_view key) {
  return std::hash<std::string_view>{}(key);
}

}  // namespace

RowWriter::RowWriter(ServiceClient& client, std::string table, WriteMode write, PutBodies bodies,
                     const WriterOptions& options, Refused refused)
    : client_(client),
      table_(std::move(table)),
      write_(write),
      bodies_(std::move(bodies)),
      options_(options),
      refused_(std::move(refused)),
      concurrency_(options.concurrency),
      budget_(static_cast<double>(options.max_write_units), Clock::now()),
      backoff_(options.backoff, seed_of(options)) {}

RowWriter::~RowWriter() {
  while (!in_flight_.empty()) {
    mailbox_->take(letters_, Clock::now() + std::chrono::hours(1));
    for (const auto& [id, reply] : letters_) in_flight_.erase(id);
  }
}

std::unique_ptr<RowWriter::Row> RowWriter::new_row() {
  if (spare_.empty()) return std::make_unique<Row>();
  std::unique_ptr<Row> row = std::move(spare_.back());
  spare_.pop_back();
  spare_bytes_ -= row->item.item.capacity();
  return row;
}

Result<void> RowWriter::put(std::unique_ptr<Row> row) {
  pump(false);
  while (!failure_ && !has_room()) pump(true);
  if (failure_) return tl::unexpected(*failure_);
  ++rows_;
  bytes_ += row->item.item.size();
  row->hash_ = hash_of(row->item.key());
  Row* const holder = busy_.find(row->item.key(), row->hash_);
  if (holder == nullptr)
    begin(busy_.add(std::move(row)));
  else if (!holder->in_request_)
    merge(*holder, std::move(row));
  else if (write_ != WriteMode::kInsert && !holder->waiting_.empty())
    merge(*holder->waiting_.back(), std::move(row));
  else
    holder->waiting_.push_back(std::move(row));
  return {};
}

Result<void> RowWriter::remove(std::string_view key, const Stale& stale) {
  pump(false);
  while (!failure_ && !has_room()) pump(true);
  if (failure_) return tl::unexpected(*failure_);
  auto row = new_row();
  row->item.item = key;
  row->item.key_length = key.size();
  row->item.bytes = 0;
  row->way_ = Row::Way::kDelete;
  row->body_ = std::make_shared<const std::string>(delete_body(table_, key, stale));
  ++rows_;
  bytes_ += row->item.item.size();
  row->hash_ = hash_of(key);
  send_alone(busy_.add(std::move(row)));
  return {};
}

Result<void> RowWriter::drain() {
  flush_batch();
  while (!failure_ && rows_ > 0) pump(true);
  while (!in_flight_.empty()) pump(true);
  if (failure_) return tl::unexpected(*failure_);
  return {};
}

void RowWriter::begin(Row& row) {
  if (write_ == WriteMode::kUpsert && !seen_.test_and_set(row.hash_)) {
    row.way_ = Row::Way::kBatch;
    add_to_batch(row);
  } else {
    row.way_ = Row::Way::kPut;
    send_alone(row);
  }
}

void RowWriter::add_to_batch(Row& row) {
  const std::size_t bytes = row.item.item.size();
  if (batch_bytes_ + bytes > kMaxBatchBytes) flush_batch();
  batch_.push_back(&row);
  batch_bytes_ += bytes;
  if (batch_.size() == kMaxBatchRows) flush_batch();
}

void RowWriter::flush_batch() {
  for (std::size_t begin = 0; begin < batch_.size();) {
    Request request{.is_batch = true};
    std::vector<std::string_view> items;
    std::size_t bytes = 0;
    for (; begin < batch_.size(); ++begin) {
      Row& row = *batch_[begin];
      // Later rows of the same keys may have made them larger since.
      if (!items.empty() && bytes + row.item.item.size() > kMaxBatchBytes) break;
      bytes += row.item.item.size();
      items.push_back(row.item.item);
      row.in_request_ = true;
      request.rows.push_back(&row);
      request.units += units_of(row.item.bytes);
    }
    const auto body = spare_bodies_.take();
    bodies_.batch(items, *body);
    request.body = body;
    ready_.push_back(std::move(request));
  }
  batch_.clear();
  batch_bytes_ = 0;
}

void RowWriter::send_alone(Row& row) {
  row.in_request_ = true;
  std::shared_ptr<const std::string> body = row.body_;
  if (row.way_ != Row::Way::kDelete) {
    const auto made = spare_bodies_.take();
    bodies_.put(row.item, row.place, *made);
    body = made;
  }
  ready_.push_back({.rows = {&row}, .body = std::move(body), .units = units_of(row.item.bytes)});
  send_ready();
}

void RowWriter::merge(Row& there, std::unique_ptr<Row> row) {
  if (row->place >= there.place) {
    const bool is_in_batch = std::ranges::find(batch_, &there) != batch_.end();
    if (is_in_batch) batch_bytes_ += row->item.item.size() - there.item.item.size();
    std::swap(there.item, row->item);
    std::swap(there.place, row->place);
    std::swap(there.kept, row->kept);
    std::swap(there.row, row->row);
  }
  ++counts_.superseded;
  recycle(std::move(row));
}

void RowWriter::finish(Row& row) {
  std::unique_ptr<Row> done = busy_.take(row);
  if (!done->waiting_.empty()) {
    std::vector<std::unique_ptr<Row>> waiting = std::move(done->waiting_);
    std::unique_ptr<Row> next = std::move(waiting.front());
    waiting.erase(waiting.begin());
    next->waiting_ = std::move(waiting);
    recycle(std::move(done));
    return begin(busy_.add(std::move(next)));
  }
  recycle(std::move(done));
}

void RowWriter::refuse(Row& row, RejectReason reason) {
  ++counts_.refused;
  refused_(*row.kept, row.row, reason);
  finish(row);
}

void RowWriter::recycle(std::unique_ptr<Row> row) {
  --rows_;
  bytes_ -= row->item.item.size();
  const std::size_t capacity = row->item.item.capacity();
  if (spare_bytes_ + capacity > kMaxSpareBytes) return;
  spare_bytes_ += capacity;
  row->kept.reset();
  row->body_.reset();
  row->waiting_.clear();
  row->in_request_ = false;
  row->failures_ = 0;
  spare_.push_back(std::move(row));
}

bool RowWriter::has_room() const {
  return rows_ < kMaxRows && bytes_ < kMaxBytes && ready_.size() < concurrency_.allowed();
}

void RowWriter::pump(bool wait) {
  mailbox_->take(letters_);
  if (wait && letters_.empty()) {
    const bool nothing_else = in_flight_.empty() && ready_.empty() && delayed_.empty();
    if (nothing_else && delayed_rows_.empty()) flush_batch();
    send_ready();
    mailbox_->take(letters_, next_event());
  }
  for (auto& [id, reply] : letters_) {
    auto node = in_flight_.extract(id);
    answered(std::move(node.mapped()), std::move(reply));
  }
  take_due();
  send_ready();
}

void RowWriter::take_due() {
  if (delayed_.empty() && delayed_rows_.empty()) return;
  const Clock::time_point now = Clock::now();
  while (!delayed_.empty() && delayed_.begin()->first <= now) {
    ready_.push_front(std::move(delayed_.begin()->second));
    delayed_.erase(delayed_.begin());
  }
  bool any = false;
  while (!delayed_rows_.empty() && delayed_rows_.begin()->first <= now) {
    Row& row = *delayed_rows_.begin()->second;
    delayed_rows_.erase(delayed_rows_.begin());
    add_to_batch(row);
    any = true;
  }
  // They fill up with new rows if there are any; at the end there are none.
  if (any && in_flight_.empty() && ready_.empty()) flush_batch();
}

void RowWriter::send_ready() {
  while (!failure_ && !ready_.empty() && in_flight_.size() < concurrency_.allowed()) {
    if (budget_.is_limited()) {
      const Clock::time_point now = Clock::now();
      budget_ready_ = budget_.ready_at(now);
      if (budget_ready_ > now) return;
      budget_.take(ready_.front().units);
    }
    Request request = std::move(ready_.front());
    ready_.pop_front();
    send(std::move(request));
  }
}

void RowWriter::send(Request request) {
  request.sent = Clock::now();
  const std::uint64_t id = next_id_++;
  ++counts_.requests;
  std::string_view operation = "PutItem";
  if (request.is_batch) operation = "BatchWriteItem";
  if (request.rows[0]->way_ == Row::Way::kDelete) operation = "DeleteItem";
  AwsRequest message = request_of(operation, request.body);
  in_flight_.emplace(id, std::move(request));
  // Retries are this class's own: it must know of every throttle, to slow down.
  client_.call(
      std::move(message), {.attempts = 1},
      [mailbox = mailbox_, id](Result<AwsReply> reply) { mailbox->post(id, std::move(reply)); });
}

Clock::time_point RowWriter::next_event() const {
  Clock::time_point next = Clock::now() + std::chrono::hours(1);
  if (!delayed_.empty()) next = std::min(next, delayed_.begin()->first);
  if (!delayed_rows_.empty()) next = std::min(next, delayed_rows_.begin()->first);
  if (!failure_ && budget_.is_limited() && !ready_.empty() &&
      in_flight_.size() < concurrency_.allowed())
    next = std::min(next, budget_ready_);
  return next;
}

}  // namespace lakegate::dynamodb
