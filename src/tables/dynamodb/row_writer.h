// Rows on their way into a table: many requests in flight, retried with backoff, never two of one
// key at once.
//
// Used from one thread: answers come in on others and are taken up by put(), remove() and drain(),
// so that nothing here needs a lock but the mailbox.
//
// The last row of a key within an arrival wins, in bounded memory, whatever the order of offering:
//   - A conditional PutItem compares the row's place itself; only its count needs the answer, which
//     tells what was replaced.
//   - BatchWriteItem has no conditions. The first row of a key goes in a batch; a key that was seen
//     before, or only looks like it (SeenKeys), goes by a conditional PutItem, after the batch.
//   - While a row of the same key is in flight, the later ones wait, and of those only the last.
//     (Under `insert` all of them: each could be a reject of its own.)
#pragma once

#include <arrow/type_fwd.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "aws/service_client.h"
#include "tables/dynamodb/busy_rows.h"
#include "tables/dynamodb/item_encoder.h"
#include "tables/dynamodb/mailbox.h"
#include "tables/dynamodb/pace.h"
#include "tables/dynamodb/requests.h"
#include "tables/dynamodb/seen_keys.h"
#include "tables/dynamodb/spare_bodies.h"

namespace lakegate::dynamodb {

struct WriterOptions {
  Concurrency::Limits concurrency = {};
  Backoff::Limits backoff = {};
  std::uint64_t max_write_units = 0;            // a second; 0: no limit
  int max_failures = 10;                        // of one request, throttling not counted
  std::chrono::milliseconds patience{120'000};  // with nothing but throttling
  std::uint64_t seed = 0;                       // of the jitter; 0: a random one
};

// Rows of a batch that are kept until it is known what becomes of them.
struct KeptRows {
  std::shared_ptr<const arrow::RecordBatch> rows;
  std::uint64_t first = 1;  // the ordinal of its first row in the load
};

class RowWriter {
 public:
  // A row that the table would not have: kKeyExists, kItemTooLarge.
  using Refused = std::function<void(const KeptRows&, std::int64_t row, RejectReason)>;

  RowWriter(ServiceClient& client, std::string table, WriteMode write, PutBodies bodies,
            const WriterOptions& options, Refused refused);
  ~RowWriter();  // waits for what is in flight, so that nothing arrives late

  // A row to fill in and give to put().
  struct Row;
  std::unique_ptr<Row> new_row();
  Result<void> put(std::unique_ptr<Row> row);
  // DeleteItem of a key (JSON without braces), if the item is stale.
  Result<void> remove(std::string_view key, const Stale& stale);
  // Returns when everything has been answered for good.
  Result<void> drain();

  struct Counts {
    std::uint64_t written = 0;   // also by later rows of the same key: see replaced
    std::uint64_t replaced = 0;  // of the written: earlier rows of this load, which are superseded
    std::uint64_t superseded = 0;
    std::uint64_t refused = 0;
    std::uint64_t removed = 0;
    std::uint64_t requests = 0;
  };
  const Counts& counts() const { return counts_; }

  struct Row {
    EncodedItem item;
    std::int64_t place = 0;
    std::shared_ptr<const KeptRows> kept;
    std::int64_t row = 0;  // in kept->rows

   private:
    friend class RowWriter;
    friend class BusyRows<Row>;
    enum class Way { kPut, kBatch, kDelete };
    Way way_ = Way::kPut;
    std::shared_ptr<const std::string> body_;  // of a delete
    bool in_request_ = false;
    int failures_ = 0;
    std::vector<std::unique_ptr<Row>> waiting_;  // of the same key, in the order of coming
    std::uint64_t hash_ = 0;                     // of the key
    std::unique_ptr<Row> next_;
  };

 private:
  struct Request {
    std::vector<Row*> rows;
    bool is_batch = false;
    std::shared_ptr<const std::string> body;
    int failures = 0;  // all of them: how long to wait
    int errors = 0;    // without throttling: when to give up
    double units = 0;
    Clock::time_point sent = {};
  };

  // Rows, by what becomes of them.
  void begin(Row& row);  // busy now, and was not
  void add_to_batch(Row& row);
  void send_alone(Row& row);
  void flush_batch();
  void merge(Row& there, std::unique_ptr<Row> row);  // the later one stays
  void finish(Row& row);
  void refuse(Row& row, RejectReason reason);
  void recycle(std::unique_ptr<Row> row);

  // Requests, and the time between them.
  bool has_room() const;
  void pump(bool wait);
  void take_due();
  void send_ready();
  void send(Request request);
  Clock::time_point next_event() const;

  // Answers.
  void answered(Request request, Result<AwsReply> reply);
  void row_answered(Row& row, const AwsReply& reply);
  void batch_answered(Request& request, const AwsReply& reply);
  void faulted(Request request, const AwsReply& reply);
  void condition_failed(Row& row, const AwsReply& reply);
  void retry(Request request, bool throttled, Error error);
  void give_up(Error error);
  bool is_out_of_patience(Clock::time_point now);  // the table has throttled once more

  ServiceClient& client_;
  const std::string table_;
  const WriteMode write_;
  const PutBodies bodies_;
  const WriterOptions options_;
  const Refused refused_;

  std::shared_ptr<Mailbox> mailbox_ = std::make_shared<Mailbox>();
  Concurrency concurrency_;
  UnitBudget budget_;
  Backoff backoff_;
  SeenKeys seen_;

  BusyRows<Row> busy_;
  std::size_t rows_ = 0;   // busy and waiting
  std::size_t bytes_ = 0;  // of their items
  std::vector<Row*> batch_;
  std::size_t batch_bytes_ = 0;
  std::deque<Request> ready_;
  std::multimap<Clock::time_point, Request> delayed_;
  std::multimap<Clock::time_point, Row*> delayed_rows_;  // that a batch left undone
  std::unordered_map<std::uint64_t, Request> in_flight_;
  std::uint64_t next_id_ = 0;
  std::optional<Clock::time_point> throttled_since_;  // with nothing else since
  Clock::time_point budget_ready_{};
  std::vector<std::unique_ptr<Row>> spare_;
  std::size_t spare_bytes_ = 0;
  SpareBodies spare_bodies_;
  std::vector<Mailbox::Letter> letters_;
  std::optional<Error> failure_;
  Counts counts_;
};

}  // namespace lakegate::dynamodb
