// What becomes of rows by what DynamoDB answers.
#include <fmt/format.h>

#include <algorithm>

#include "aws/retry.h"
#include "tables/dynamodb/row_writer.h"

namespace lakegate::dynamodb {

void RowWriter::give_up(Error error) {
  if (!failure_) failure_ = std::move(error);
}

bool RowWriter::is_out_of_patience(Clock::time_point now) {
  if (!throttled_since_) throttled_since_ = now;
  return now - *throttled_since_ > options_.patience;
}

void RowWriter::answered(Request request, Result<AwsReply> reply) {
  if (!reply) {
    reply.error().message = fmt::format("write to the table {}: {}", table_, reply.error().message);
    if (reply.error().kind == ErrorKind::kRetryable && !client_.is_over())
      retry(std::move(request), /*throttled=*/false, std::move(reply).error());
    else
      give_up(std::move(reply).error());
    return;
  }
  if (!reply->ok()) return faulted(std::move(request), *reply);
  if (budget_.is_limited())
    if (const auto units = consumed_units(reply->http.body)) budget_.take(*units - request.units);
  if (request.is_batch) return batch_answered(request, *reply);
  throttled_since_.reset();
  concurrency_.succeeded();
  row_answered(*request.rows[0], *reply);
}

void RowWriter::row_answered(Row& row, const AwsReply& reply) {
  if (row.way_ == Row::Way::kDelete) {
    ++counts_.removed;
    return finish(row);
  }
  ++counts_.written;
  // Its own place is there when an earlier attempt's reply was lost, or the load is done again.
  const auto old = old_item(reply.http.body);
  if (old && old->order == bodies_.order() && old->place != row.place) ++counts_.replaced;
  finish(row);
}

void RowWriter::batch_answered(Request& request, const AwsReply& reply) {
  auto undone = unprocessed(reply.http.body);
  if (!undone) return give_up(std::move(undone).error());
  const Clock::time_point now = Clock::now();
  if (undone->empty())
    concurrency_.succeeded();
  else
    concurrency_.throttled(request.sent, now);
  if (undone->size() < request.rows.size()) throttled_since_.reset();
  std::ranges::sort(*undone);
  for (Row* row : request.rows) {
    if (!std::ranges::binary_search(*undone, row->place)) {
      ++counts_.written;
      finish(*row);
      continue;
    }
    row->in_request_ = false;
    if (!row->waiting_.empty()) {
      std::unique_ptr<Row> later = std::move(row->waiting_.back());
      row->waiting_.clear();
      merge(*row, std::move(later));
    }
    delayed_rows_.emplace(now + backoff_.after(++row->failures_), row);
  }
  if (undone->size() == request.rows.size() && is_out_of_patience(now))
    give_up({ErrorKind::kRetryable,
             fmt::format("DynamoDB leaves writes to the table {} undone for {} s already; give the "
                         "table more write capacity, or set `max_write_units`",
                         table_, options_.patience.count() / 1000)});
}

void RowWriter::faulted(Request request, const AwsReply& reply) {
  const AwsFault& fault = *reply.fault;
  Error error = to_error(fault, "write to the table " + table_);
  const RetryClass why = retry_class(fault);
  if (why != RetryClass::kNo)
    return retry(std::move(request), why == RetryClass::kThrottled, std::move(error));
  Row& row = *request.rows[0];
  if (fault.code == "ConditionalCheckFailedException" && !request.is_batch) {
    throttled_since_.reset();
    concurrency_.succeeded();
    return condition_failed(row, reply);
  }
  if (fault.code == "ValidationException") {
    // One of them is not as it should be: which one, each shows alone.
    if (request.is_batch) {
      for (Row* each : request.rows) {
        each->way_ = Row::Way::kPut;
        send_alone(*each);
      }
      return;
    }
    // The rule of sizes is documented as approximate: DynamoDB has the last word.
    if (fault.message.find("Item size") != std::string::npos)
      return refuse(row, RejectReason::kItemTooLarge);
  }
  give_up(std::move(error));
}

void RowWriter::condition_failed(Row& row, const AwsReply& reply) {
  if (row.way_ == Row::Way::kDelete) return finish(row);  // somebody has renewed it
  if (write_ == WriteMode::kInsert) {
    const auto old = old_item(reply.http.body);
    if (!old)
      return give_up({ErrorKind::kPermanent,
                      "the server does not say which item made a condition fail "
                      "(ReturnValuesOnConditionCheckFailure), which `write: insert` needs"});
    if (!bodies_.is_same_arrival(old->order)) return refuse(row, RejectReason::kKeyExists);
  }
  ++counts_.superseded;
  finish(row);
}

void RowWriter::retry(Request request, bool throttled, Error error) {
  const Clock::time_point now = Clock::now();
  ++request.failures;
  if (throttled) {
    concurrency_.throttled(request.sent, now);
    if (is_out_of_patience(now))
      return give_up(
          {ErrorKind::kRetryable,
           fmt::format("{}: nothing else for {} s already; give the table more write capacity, or "
                       "set `max_write_units`",
                       error.message, options_.patience.count() / 1000)});
  } else if (++request.errors >= options_.max_failures) {
    return give_up({ErrorKind::kRetryable,
                    fmt::format("{} (after {} attempts)", error.message, request.errors)});
  }
  delayed_.emplace(now + backoff_.after(request.failures), std::move(request));
}

}  // namespace lakegate::dynamodb
