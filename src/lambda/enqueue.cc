#include "lambda/enqueue.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>

#include "lake/json_text.h"

namespace lakegate {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMostMessages = 10;
constexpr std::size_t kMostBytes = 256 * 1024 - 1024;
constexpr int kMostInFlight = 16;
constexpr int kMostTries = 8;  // of one message that the queue refuses for the moment

Json members_of(const std::vector<std::pair<const char*, const std::string&>>& members) {
  Json object = Json::object();
  for (const auto& [name, value] : members)
    if (!value.empty()) object[name] = value;
  return object;
}

// The region in the name of one of AWS's own hosts: sqs.eu-central-1.amazonaws.com, and as it was
// called before, eu-central-1.queue.amazonaws.com.
std::string region_of_host(std::string_view host) {
  for (const std::string_view domain : {".amazonaws.com", ".amazonaws.com.cn"}) {
    if (!host.ends_with(domain)) continue;
    std::string_view name = host.substr(0, host.size() - domain.size());
    if (name.starts_with("sqs.")) return std::string(name.substr(4));
    if (name.ends_with(".queue")) return std::string(name.substr(0, name.size() - 6));
  }
  return "";
}

// What SQS said of a batch.
struct BatchReply {
  std::uint64_t taken = 0;
  std::vector<std::string> again;  // bodies that it could not take now
  std::optional<Error> refused;    // one that it will never take
};

BatchReply read_batch_reply(const std::string& text, const std::vector<std::string>& bodies) {
  BatchReply read;
  std::vector<bool> settled(bodies.size(), false);
  // Each entry of a list that names one of the messages.
  const auto each = [&](const Json& json, const char* name, const auto& take) {
    const auto list = json.find(name);
    if (list == json.end() || !list->is_array()) return;
    for (const Json& entry : *list)
      for (std::size_t i = 0; i < bodies.size(); ++i)
        if (entry.is_object() && entry.value("Id", Json()) == std::to_string(i)) take(i, entry);
  };
  const Json json = Json::parse(text, nullptr, false);
  if (json.is_object()) {
    each(json, "Successful", [&](std::size_t i, const Json&) {
      if (!settled[i]) ++read.taken;
      settled[i] = true;
    });
    each(json, "Failed", [&](std::size_t i, const Json& entry) {
      if (entry.value("SenderFault", Json()) != true) return;
      settled[i] = true;
      read.refused = Error{ErrorKind::kPermanent,
                           fmt::format("the queue refused a message: {}", json_line(entry))};
    });
  }
  for (std::size_t i = 0; i < bodies.size(); ++i)
    if (!settled[i]) read.again.push_back(bodies[i]);
  return read;
}

}  // namespace

std::string message_of(const RunRequest& request) {
  Json message = Json::object();
  message["run"] =
      members_of({{"lake", request.lake}, {"dataset", request.dataset}, {"key", request.key}});
  return json_line(message);
}

std::string message_of(const ReplayRequest& request) {
  Json replay = members_of(
      {{"lake", request.lake}, {"dataset", request.dataset}, {"arrival", request.arrival}});
  if (request.failed) replay["failed"] = true;
  Json message = Json::object();
  message["replay"] = std::move(replay);
  return json_line(message);
}

Result<void> check_queue_url(const std::string& url, const std::string& region) {
  std::string_view rest = url;
  const bool is_web = rest.starts_with("https://") || rest.starts_with("http://");
  if (is_web) rest.remove_prefix(rest.find("://") + 3);
  const std::size_t slash = rest.find('/');
  if (!is_web || slash == std::string_view::npos || slash + 1 == rest.size())
    return invalid_input(
        fmt::format("{} is not the URL of a queue, as in "
                    "https://sqs.{}.amazonaws.com/123456789012/NAME; `aws sqs get-queue-url "
                    "--queue-name NAME` prints it",
                    url, region));
  if (rest.ends_with(".fifo"))
    return invalid_input(fmt::format(
        "{} is a FIFO queue; messages to it would need a group, and wait for each other: take a "
        "standard queue",
        url));
  const std::string there = region_of_host(rest.substr(0, std::min(rest.find(':'), slash)));
  if (!there.empty() && there != region)
    return invalid_input(fmt::format("{} is in {}, and calls go to {}; set AWS_REGION={}", url,
                                     there, region, there));
  return {};
}

AwsRequest send_batch_request(const std::string& queue_url,
                              const std::vector<std::string>& bodies) {
  Json entries = Json::array();
  for (std::size_t i = 0; i < bodies.size(); ++i) {
    Json entry = Json::object();
    entry["Id"] = std::to_string(i);
    entry["MessageBody"] = bodies[i];
    entries.push_back(std::move(entry));
  }
  Json body = Json::object();
  body["QueueUrl"] = queue_url;
  body["Entries"] = std::move(entries);
  return {.method = "POST",
          .path = "/",
          .query = {},
          .headers = {{"Content-Type", "application/x-amz-json-1.0"},
                      {"X-Amz-Target", "AmazonSQS.SendMessageBatch"}},
          .body = std::make_shared<const std::string>(json_line(body))};
}

// Shared with the callbacks of what is in flight.
struct QueueSender::State {
  std::mutex mutex;
  std::condition_variable changed;
  int in_flight = 0;
  std::uint64_t sent = 0;
  std::optional<Error> error;

  void settle(std::uint64_t taken, std::optional<Error> failed) {
    const std::lock_guard guard(mutex);
    sent += taken;
    if (failed && !error) error = std::move(failed);
    --in_flight;
    changed.notify_all();
  }

  static void send(const std::shared_ptr<State>& state, const std::shared_ptr<ServiceClient>& sqs,
                   const std::string& queue_url, std::vector<std::string> bodies, int tries) {
    AwsRequest request = send_batch_request(queue_url, bodies);
    sqs->call(std::move(request), {},
              [state, sqs, queue_url, bodies = std::move(bodies), tries](Result<AwsReply> reply) {
                if (!reply) {
                  Error error = std::move(reply).error();
                  error.message = "send messages to the queue: " + error.message;
                  return state->settle(0, std::move(error));
                }
                if (reply->fault)
                  return state->settle(0, to_error(*reply->fault, "send messages to the queue"));
                BatchReply read = read_batch_reply(reply->http.body, bodies);
                if (read.refused || read.again.empty())
                  return state->settle(read.taken, std::move(read.refused));
                if (tries + 1 >= kMostTries)
                  return state->settle(
                      read.taken, Error{ErrorKind::kRetryable, "the queue kept refusing messages"});
                {
                  const std::lock_guard guard(state->mutex);
                  state->sent += read.taken;
                }
                send(state, sqs, queue_url, std::move(read.again), tries + 1);
              });
  }
};

QueueSender::QueueSender(std::shared_ptr<ServiceClient> sqs, std::string queue_url)
    : sqs_(std::move(sqs)), queue_url_(std::move(queue_url)), state_(std::make_shared<State>()) {}

QueueSender::~QueueSender() {
  std::unique_lock lock(state_->mutex);
  state_->changed.wait(lock, [&] { return state_->in_flight == 0; });
}

Result<void> QueueSender::send(std::string body) {
  if (bodies_.size() == kMostMessages || bytes_ + body.size() > kMostBytes) LAKEGATE_CHECK(flush());
  bytes_ += body.size();
  bodies_.push_back(std::move(body));
  return {};
}

Result<void> QueueSender::flush() {
  {
    std::unique_lock lock(state_->mutex);
    state_->changed.wait(lock, [&] { return state_->in_flight < kMostInFlight || state_->error; });
    if (state_->error) return tl::unexpected<Error>(*state_->error);
    if (bodies_.empty()) return {};
    ++state_->in_flight;
  }
  bytes_ = 0;
  State::send(state_, sqs_, queue_url_, std::exchange(bodies_, {}), 0);
  return {};
}

Result<void> QueueSender::finish() {
  LAKEGATE_CHECK(flush());
  std::unique_lock lock(state_->mutex);
  state_->changed.wait(lock, [&] { return state_->in_flight == 0; });
  if (state_->error) return tl::unexpected<Error>(*state_->error);
  return {};
}

QueueSender::Counts QueueSender::counts() const {
  const std::lock_guard guard(state_->mutex);
  return {.sent = state_->sent};
}

}  // namespace lakegate
