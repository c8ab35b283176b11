#include "lambda/events.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "lake/ascii.h"
#include "lake/utf8.h"

namespace lakegate {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kKnown =
    "lakegate takes S3 notifications (also through SQS and SNS), EventBridge's \"Object Created\" "
    "(also through SQS), and its own {\"run\": …}, {\"replay\": …} and {\"fetch\": …}";
constexpr std::size_t kQuoted = 80;  // bytes of a stranger's text in a message

std::string in_quotes(std::string_view text) {
  const bool is_cut = text.size() > kQuoted;
  if (is_cut) text = without_cut_character(text.substr(0, kQuoted));
  return fmt::format("\"{}{}\"", text, is_cut ? "…" : "");
}

const Json* member(const Json& object, const char* name) {
  if (!object.is_object()) return nullptr;
  const auto it = object.find(name);
  return it == object.end() ? nullptr : &*it;
}

bool has_text(const Json& object, const char* name) {
  const Json* value = member(object, name);
  return value != nullptr && value->is_string();
}

// A text that must be there and say something.
Result<std::string> needed_text(const Json& object, const char* name, std::string_view where) {
  if (!has_text(object, name)) return invalid_input(fmt::format("{}.{} is no text", where, name));
  std::string text = object.at(name).get<std::string>();
  if (text.empty()) return invalid_input(fmt::format("{}.{} is empty", where, name));
  return text;
}

// Empty where it is absent or null.
Result<std::string> optional_text(const Json& object, const char* name, std::string_view where) {
  const Json* value = member(object, name);
  if (value == nullptr || value->is_null()) return std::string();
  if (!value->is_string()) return invalid_input(fmt::format("{}.{} is no text", where, name));
  return value->get<std::string>();
}

Result<std::optional<std::uint64_t>> optional_size(const Json& object, std::string_view where) {
  const Json* value = member(object, "size");
  if (value == nullptr || value->is_null()) return std::nullopt;
  if (!value->is_number_unsigned())
    return invalid_input(fmt::format("{}.size is no number of bytes", where));
  return value->get<std::uint64_t>();
}

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Result<std::string> form_decoded(std::string_view text, std::string_view where) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      decoded += ' ';
    } else if (text[i] != '%') {
      decoded += text[i];
    } else {
      const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
      const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
      if (low < 0)
        return invalid_input(fmt::format("{} is not encoded as S3 encodes keys: {}", where,
                                         in_quotes(without_cut_character(text.substr(i, 3)))));
      decoded += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  if (!is_utf8(decoded)) return invalid_input(fmt::format("{} stands for no UTF-8", where));
  return decoded;
}

// S3 promises that readers may go on as long as the major version stays.
Result<void> check_version(const Json& record, std::string_view where) {
  LAKEGATE_TRY(const std::string version, optional_text(record, "eventVersion", where));
  if (version.empty() || version.starts_with("1.") || version.starts_with("2.")) return {};
  return invalid_input(fmt::format("{} has the eventVersion {}; versions 1 and 2 are understood",
                                   where, in_quotes(version)));
}

Result<Task> s3_record(const Json& record, const std::string& where) {
  LAKEGATE_CHECK(check_version(record, where));
  LAKEGATE_TRY(const std::string name, needed_text(record, "eventName", where));
  // "s3:" is what some other makers of S3 write before it.
  const std::string_view kind = std::string_view(name).substr(name.starts_with("s3:") ? 3 : 0);
  if (!kind.starts_with("ObjectCreated:"))
    return NothingToDo{fmt::format("{} creates no object", in_quotes(name))};
  const Json& s3 = record.at("s3");
  const Json* bucket = member(s3, "bucket");
  const Json* object = member(s3, "object");
  if (bucket == nullptr || object == nullptr)
    return invalid_input(fmt::format("{}.s3 names no bucket or no object", where));
  ObjectCreated created{.event_name = name};
  const std::string of_object = where + ".s3.object";
  LAKEGATE_TRY(created.bucket, needed_text(*bucket, "name", where + ".s3.bucket"));
  LAKEGATE_TRY(const std::string key, needed_text(*object, "key", of_object));
  LAKEGATE_TRY(created.key, form_decoded(key, of_object + ".key"));
  LAKEGATE_TRY(created.version, optional_text(*object, "versionId", of_object));
  LAKEGATE_TRY(created.size, optional_size(*object, of_object));
  LAKEGATE_TRY(created.etag, optional_text(*object, "eTag", of_object));
  LAKEGATE_TRY(created.sequencer, optional_text(*object, "sequencer", of_object));
  return created;
}

Result<Task> event_bridge(const Json& event) {
  LAKEGATE_TRY(const std::string type, needed_text(event, "detail-type", "the event"));
  LAKEGATE_TRY(const std::string source, needed_text(event, "source", "the event"));
  if (source != "aws.s3")
    return invalid_input(fmt::format("EventBridge's event {} from {} says nothing to lakegate; {}",
                                     in_quotes(type), in_quotes(source), kKnown));
  if (type != "Object Created")
    return NothingToDo{fmt::format("{} creates no object", in_quotes(type))};
  const Json* detail = member(event, "detail");
  const Json* bucket = detail == nullptr ? nullptr : member(*detail, "bucket");
  const Json* object = detail == nullptr ? nullptr : member(*detail, "object");
  if (bucket == nullptr || object == nullptr)
    return invalid_input("the event's detail names no bucket or no object");
  ObjectCreated created{.event_name = type};
  constexpr std::string_view kObject = "detail.object";
  LAKEGATE_TRY(created.bucket, needed_text(*bucket, "name", "detail.bucket"));
  LAKEGATE_TRY(created.key, needed_text(*object, "key", kObject));
  LAKEGATE_TRY(created.version, optional_text(*object, "version-id", kObject));
  LAKEGATE_TRY(created.size, optional_size(*object, kObject));
  LAKEGATE_TRY(created.etag, optional_text(*object, "etag", kObject));
  LAKEGATE_TRY(created.sequencer, optional_text(*object, "sequencer", kObject));
  return created;
}

Result<void> check_members(const Json& object, std::string_view where,
                           std::initializer_list<std::string_view> known) {
  if (!object.is_object()) return invalid_input(fmt::format("{} is no object", where));
  for (const auto& [name, value] : object.items())
    if (std::find(known.begin(), known.end(), name) == known.end())
      return invalid_input(fmt::format("{} has the unknown member {}", where, in_quotes(name)));
  return {};
}

Result<Task> run_request(const Json& event) {
  LAKEGATE_CHECK(check_members(event, "the event", {"run"}));
  const Json& run = event.at("run");
  LAKEGATE_CHECK(check_members(run, "run", {"lake", "dataset", "key"}));
  RunRequest request;
  LAKEGATE_TRY(request.lake, optional_text(run, "lake", "run"));
  LAKEGATE_TRY(request.dataset, optional_text(run, "dataset", "run"));
  LAKEGATE_TRY(request.key, optional_text(run, "key", "run"));
  return request;
}

Result<Task> replay_request(const Json& event) {
  LAKEGATE_CHECK(check_members(event, "the event", {"replay"}));
  const Json& replay = event.at("replay");
  LAKEGATE_CHECK(check_members(replay, "replay", {"lake", "dataset", "arrival", "failed"}));
  ReplayRequest request;
  LAKEGATE_TRY(request.lake, optional_text(replay, "lake", "replay"));
  LAKEGATE_TRY(request.dataset, needed_text(replay, "dataset", "replay"));
  LAKEGATE_TRY(request.arrival, optional_text(replay, "arrival", "replay"));
  if (const Json* failed = member(replay, "failed"); failed != nullptr) {
    if (!failed->is_boolean()) return invalid_input("replay.failed is neither true nor false");
    request.failed = failed->get<bool>();
  }
  if (request.failed && !request.arrival.empty())
    return invalid_input("replay names an arrival, or the failed ones: not both");
  return request;
}

Result<Task> fetch_event(const Json& event) {
  LAKEGATE_CHECK(
      check_members(event, "the event", {"fetch", "lake", "time", "failed", "continuation"}));
  FetchEvent fetch;
  LAKEGATE_TRY(fetch.dataset, needed_text(event, "fetch", "the event"));
  LAKEGATE_TRY(fetch.lake, optional_text(event, "lake", "the event"));
  LAKEGATE_TRY(fetch.failed_of, optional_text(event, "failed", "the event"));
  LAKEGATE_TRY(const std::string time, optional_text(event, "time", "the event"));
  if (!time.empty()) {
    const auto instant = instant_from_iso(time);
    if (!instant)
      return invalid_input(
          fmt::format("the event's time {} is none; write 2026-11-23T04:00:00Z", in_quotes(time)));
    fetch.time = *instant;
  }
  if (const Json* count = member(event, "continuation"); count != nullptr) {
    constexpr std::uint64_t kSensible = 1000;
    if (!count->is_number_unsigned() || count->get<std::uint64_t>() > kSensible)
      return invalid_input("the event's continuation is no number of invocations");
    fetch.continuation = count->get<int>();
  }
  return fetch;
}

Result<Json> parsed(std::string_view text, std::string_view what) {
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return invalid_input(fmt::format("{} is not JSON", what));
  return json;
}

bool is_queued(const Json& record) {
  return has_text(record, "body") && has_text(record, "messageId");
}

// Envelopes inside others, from the outside: SQS, then SNS, then what was sent.
enum class Inside { kNothing, kQueue, kTopic };

Result<std::vector<Task>> tasks_of(const Json& event, Inside inside);

Result<std::vector<Task>> tasks_of_text(const Json& holder, const char* name,
                                        const std::string& where, Inside inside) {
  LAKEGATE_TRY(const std::string text, needed_text(holder, name, where));
  LAKEGATE_TRY(const Json json,
               parsed(text, fmt::format("{}.{} ({})", where, name, in_quotes(text))));
  return tasks_of(json, inside);
}

Result<std::vector<Task>> tasks_of_record(const Json& record, const std::string& where,
                                          Inside inside) {
  if (member(record, "s3") != nullptr) {
    LAKEGATE_TRY(Task task, s3_record(record, where));
    return std::vector<Task>{std::move(task)};
  }
  if (const Json* sns = member(record, "Sns"); sns != nullptr && inside == Inside::kNothing)
    return tasks_of_text(*sns, "Message", where + ".Sns", Inside::kTopic);
  std::string source;
  for (const char* name : {"eventSource", "EventSource"})
    if (has_text(record, name))
      source = fmt::format(" (from {})", in_quotes(record.at(name).get_ref<const std::string&>()));
  return invalid_input(fmt::format("{}{} is no record of S3; {}", where, source, kKnown));
}

Result<const Json*> records_of(const Json& event) {
  const Json* records = member(event, "Records");
  if (records == nullptr || !records->is_array() || records->empty())
    return invalid_input("the event's Records are no list, or an empty one");
  return records;
}

Result<std::vector<Task>> tasks_of(const Json& event, Inside inside) {
  if (member(event, "Records") != nullptr) {
    LAKEGATE_TRY(const Json* records, records_of(event));
    std::vector<Task> tasks;
    for (std::size_t i = 0; i < records->size(); ++i) {
      LAKEGATE_TRY(auto more,
                   tasks_of_record((*records)[i], fmt::format("Records[{}]", i), inside));
      std::ranges::move(more, std::back_inserter(tasks));
    }
    return tasks;
  }
  const auto one = [](Result<Task> task) -> Result<std::vector<Task>> {
    LAKEGATE_TRY(Task done, std::move(task));
    return std::vector<Task>{std::move(done)};
  };
  if (has_text(event, "Event") && event.at("Event") == "s3:TestEvent")
    return one(NothingToDo{"s3:TestEvent"});
  if (member(event, "detail-type") != nullptr) return one(event_bridge(event));
  if (has_text(event, "TopicArn") && inside == Inside::kQueue) {
    LAKEGATE_TRY(const std::string type, needed_text(event, "Type", "the SNS message"));
    if (type == "Notification")
      return tasks_of_text(event, "Message", "the SNS message", Inside::kTopic);
    return invalid_input(fmt::format("the SNS message is a {}, no Notification", in_quotes(type)));
  }
  if (member(event, "run") != nullptr) return one(run_request(event));
  if (member(event, "replay") != nullptr) return one(replay_request(event));
  if (member(event, "fetch") != nullptr) return one(fetch_event(event));
  return invalid_input(fmt::format("the event has no shape that is known; {}", kKnown));
}

// The messages of a queue. One that cannot be named in the answer fails the whole event.
Result<Event> queued_event(const Json& records) {
  Event event{.from_queue = true};
  for (std::size_t i = 0; i < records.size(); ++i) {
    const std::string where = fmt::format("Records[{}]", i);
    if (!is_queued(records[i]))
      return invalid_input(fmt::format("{} is no message of SQS, unlike Records[0]", where));
    LAKEGATE_TRY(std::string id, needed_text(records[i], "messageId", where));
    event.messages.push_back(
        {.id = std::move(id), .tasks = tasks_of_text(records[i], "body", where, Inside::kQueue)});
  }
  return event;
}

}  // namespace

std::string to_json(const FetchEvent& fetch) {
  nlohmann::ordered_json json = {{"fetch", fetch.dataset}};
  if (!fetch.lake.empty()) json["lake"] = fetch.lake;
  if (fetch.time) json["time"] = to_iso(*fetch.time).substr(0, 19) + "Z";
  if (!fetch.failed_of.empty()) json["failed"] = fetch.failed_of;
  if (fetch.continuation > 0) json["continuation"] = fetch.continuation;
  return json.dump();
}

Result<Event> decode_event(std::string_view text) {
  LAKEGATE_TRY(const Json json, parsed(text, "the event"));
  if (!json.is_object())
    return invalid_input(fmt::format("the event is no JSON object; {}", kKnown));
  if (member(json, "Records") != nullptr) {
    LAKEGATE_TRY(const Json* records, records_of(json));
    if (is_queued(records->front())) return queued_event(*records);
  }
  Event event;
  LAKEGATE_TRY(auto tasks, tasks_of(json, Inside::kNothing));
  event.messages.push_back({.id = "", .tasks = std::move(tasks)});
  return event;
}

}  // namespace lakegate
