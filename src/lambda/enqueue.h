// A backlog as messages of an SQS queue, for the function that listens to it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "aws/service_client.h"
#include "lambda/events.h"

namespace lakegate {

// {"run": {"lake": …, "dataset": …, "key": …}} and {"replay": {"lake": …, "dataset": …, "arrival":
// …}}, as decode_event reads them.
std::string message_of(const RunRequest& request);
std::string message_of(const ReplayRequest& request);

// kInvalidInput where no message could get there: no URL of a queue, a FIFO queue (lakegate's
// messages have no groups), a queue of AWS in another region than the one that calls go to.
Result<void> check_queue_url(const std::string& url, const std::string& region);

// Sends messages in batches of at most 10 and 256 KiB, several batches in flight. One thread.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
class QueueSender {
 public:
  struct Counts {
    std::uint64_t sent = 0;  // taken by the queue
  };

  QueueSender(std::shared_ptr<ServiceClient> sqs, std::string queue_url);
  ~QueueSender();  // waits for what is in flight
  QueueSender(const QueueSender&) = delete;
  QueueSender& operator=(const QueueSender&) = delete;

  // An Error is that of any batch so far; nothing is sent after one.
  Result<void> send(std::string body);
  // Sends the rest, and waits until the queue has everything.
  Result<void> finish();
  Counts counts() const;

 private:
  struct State;
  Result<void> flush();

  std::shared_ptr<ServiceClient> sqs_;
  std::string queue_url_;
  std::vector<std::string> bodies_;
  std::size_t bytes_ = 0;
  std::shared_ptr<State> state_;
};

// One batch. Entries that the queue refused for the moment are sent again, those that it will never
// take are errors. Exposed for tests.
AwsRequest send_batch_request(const std::string& queue_url, const std::vector<std::string>& bodies);

}  // namespace lakegate
