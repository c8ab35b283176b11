// What starts a function, as values: which objects were created, or what lakegate itself was asked
// to do. Events are known by their shape, however they were wrapped on the way. No I/O.
//
// Shapes: an S3 notification, s3:TestEvent, S3 in SQS, S3 in SNS, S3 in SNS in SQS, EventBridge's
// "Object Created", the same in SQS (or SNS), lakegate's own {"run": …}, {"replay": …} and
// {"fetch": …}, which SQS may carry too.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "lake/error.h"
#include "lake/time.h"

namespace lakegate {

// An object was created. S3 tells of it at least once, and in no order.
struct ObjectCreated {
  std::string bucket;
  // As the object is called. S3's own notifications encode keys as HTML forms do ("+" is a blank,
  // then %XX), which is undone exactly once; EventBridge has keys verbatim.
  // https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
  std::string key;
  std::string version;  // empty in a bucket without versions, like all that follows if unknown
  std::optional<std::uint64_t> size;
  std::string etag;
  std::string sequencer;   // orders the versions of one key only
  std::string event_name;  // "ObjectCreated:Put", "Object Created"
};

// {"run": {"key": "landing/…"}}: that arrival. {"run": {"dataset": "sales"}} and {"run": {}}:
// everything new, of one dataset or of all. `lake` ("s3://bucket/prefix"), where it is given, is
// the lake that the sender meant.
struct RunRequest {
  std::string lake, dataset, key;
};

// {"replay": {"dataset": "sales", "arrival": "3f2a"}}: again what is committed, or has failed;
// without `arrival` every one, with "failed": true the failed ones.
struct ReplayRequest {
  std::string lake, dataset, arrival;
  bool failed = false;
};

// {"fetch": "devices", "time": "2026-11-23T04:00:00Z"}: what the dataset's source has, for that
// scheduled time. Without `time`: what is unfinished, else of now. {"fetch": …, "failed":
// "3f2a9c…"} asks again for what failed in that fetch.
struct FetchEvent {
  std::string lake, dataset;
  std::optional<Instant> time;
  std::string failed_of;
  int continuation = 0;  // how many invocations have handed it on
};

// Nothing is to be done: s3:TestEvent, S3's word of something other than a creation.
struct NothingToDo {
  std::string why;
};

using Task = std::variant<ObjectCreated, RunRequest, ReplayRequest, FetchEvent, NothingToDo>;

// As decode_event reads it.
std::string to_json(const FetchEvent& fetch);

// What is acknowledged, or delivered again, as a whole: a message of a queue, or else the event.
struct Message {
  std::string id;                   // SQS's; empty where the event came without a queue
  Result<std::vector<Task>> tasks;  // kInvalidInput: the body is nothing that lakegate knows
};

struct Event {
  bool from_queue = false;  // then the answer names the messages that failed
  std::vector<Message> messages;
};

// kInvalidInput where the event as a whole cannot be understood; the message says what it looks
// like and what would be taken. A bad body among the messages of a queue fails that message alone.
Result<Event> decode_event(std::string_view json);

}  // namespace lakegate
