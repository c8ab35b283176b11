// Every file of tests/cases/events is an event with what it means (README.md there), and so are the
// published samples.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "lambda/events.h"

namespace lakegate {
namespace {

namespace fs = std::filesystem;
using ::testing::StartsWith;

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path << " cannot be read";
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string field(const char* name, const std::string& value) {
  return value.empty() ? "" : fmt::format(" {}={}", name, value);
}
std::string key_field(const std::string& key) {
  return key.empty() ? "" : fmt::format(" key=\"{}\"", key);
}

struct Words {
  std::string operator()(const ObjectCreated& o) const {
    return "created" + field("bucket", o.bucket) + key_field(o.key) + field("version", o.version) +
           (o.size ? fmt::format(" size={}", *o.size) : "") + field("etag", o.etag) +
           field("sequencer", o.sequencer) + fmt::format(" event=\"{}\"", o.event_name);
  }
  std::string operator()(const RunRequest& r) const {
    return "run" + field("lake", r.lake) + field("dataset", r.dataset) + key_field(r.key);
  }
  std::string operator()(const ReplayRequest& r) const {
    return "replay" + field("lake", r.lake) + field("dataset", r.dataset) +
           field("arrival", r.arrival) + (r.failed ? " failed" : "");
  }
  std::string operator()(const FetchEvent& f) const {
    return "fetch" + field("lake", f.lake) + field("dataset", f.dataset) +
           field("time", f.time ? to_iso(*f.time) : "") + field("failed", f.failed_of) +
           (f.continuation > 0 ? fmt::format(" continuation={}", f.continuation) : "");
  }
  std::string operator()(const NothingToDo& n) const { return "nothing: " + n.why; }
};

std::vector<std::string> in_words(const Result<Event>& event) {
  if (!event) return {"error: " + event.error().message};
  std::vector<std::string> lines;
  for (const Message& message : event->messages) {
    EXPECT_EQ(message.id.empty(), !event->from_queue);
    lines.push_back(event->from_queue ? fmt::format("message {}:", message.id) : "the event:");
    if (!message.tasks) {
      lines.push_back("error: " + message.tasks.error().message);
      continue;
    }
    for (const Task& task : *message.tasks) lines.push_back(std::visit(Words{}, task));
  }
  return lines;
}

// Errors may go on after what is expected of them.
void expect_lines(const std::vector<std::string>& lines, const std::string& expected) {
  std::istringstream text(expected);
  std::string line;
  std::size_t at = 0;
  for (; std::getline(text, line); ++at) {
    ASSERT_LT(at, lines.size()) << "missing: " << line;
    if (line.starts_with("error: "))
      EXPECT_THAT(lines[at], StartsWith(line));
    else
      EXPECT_EQ(lines[at], line);
  }
  EXPECT_EQ(at, lines.size()) << "too much: " << lines.back();
}

TEST(EventCases, MeanWhatTheySay) {
  int count = 0;
  for (const auto& entry : fs::directory_iterator(LAKEGATE_CASES_DIR "/events")) {
    if (entry.path().extension() != ".case") continue;
    SCOPED_TRACE(entry.path().filename().string());
    const std::string text = read(entry.path());
    constexpr std::string_view kEvent = "--- event\n", kTasks = "\n--- tasks\n";
    const std::size_t event = text.find(kEvent), tasks = text.find(kTasks);
    ASSERT_TRUE(event != std::string::npos && tasks != std::string::npos);
    const std::size_t begin = event + kEvent.size();
    expect_lines(in_words(decode_event(std::string_view(text).substr(begin, tasks - begin))),
                 text.substr(tasks + kTasks.size()));
    ++count;
  }
  EXPECT_GE(count, 50);
}

TEST(EventCases, PublishedSamplesAreDecodedOrRefused) {
  const char* data = std::getenv("LAKEGATE_REALDATA");
  if (data == nullptr) GTEST_SKIP() << "LAKEGATE_REALDATA is not set";
  const std::string happy =
      "the event:\ncreated bucket=sourcebucket key=\"Happy Face.jpg\" version=version size=1024 "
      "etag=d41d8cd98f00b204e9800998ecf8427e sequencer=Happy Sequencer event=\"ObjectCreated:Put\"";
  const std::map<std::string, std::string> samples = {
      {"eventBridgeEvent.json",
       "error: EventBridge's event \"EC2 Instance State-change Notification\" from \"aws.ec2\" "
       "says "
       "nothing to lakegate"},
      {"s3-event.json", happy},
      {"s3-event-with-decoded.json", happy},
      {"s3EventDecodedKey.json", happy},
      {"s3Event.json",
       "the event:\ncreated bucket=lambda-artifacts-deafc19498e3f2df "
       "key=\"b21b84d653bb07b05b1e6b33684dc11b\" size=1305107 "
       "etag=b21b84d653bb07b05b1e6b33684dc11b sequencer=0C0F6F405D6ED209E1 "
       "event=\"ObjectCreated:Put\""},
      {"s3EventBridgeNotificationObjectCreatedEvent.json",
       "the event:\ncreated bucket=example-bucket key=\"IMG_m7fzo3.jpg\" size=184662 "
       "etag=4e68adba0abe2dc8653dc3354e14c01d sequencer=006408CAD69598B05E event=\"Object "
       "Created\""},
      {"s3SqsEvent.json",
       "message ca3e7a89-c358-40e5-8aa0-5da01403c267:\ncreated bucket=xxx key=\"test.pdf\" "
       "version=yd3d4HaWOT2zguDLvIQLU6ptDTwKBnQV size=104681 "
       "etag=2e3ad1e983318bbd8e73b080e2997980 sequencer=00643717F9F8B85354 "
       "event=\"ObjectCreated:Put\""},
      {"sns-event.json", "error: Records[0].Sns.Message (\"Hello from SNS!\") is not JSON"},
      {"snsSqsEvent.json",
       "message 79406a00-bf15-46ca-978c-22c3613fcb30:\nerror: the event has no shape that is "
       "known"},
      {"sqs-event.json",
       "message MessageID_1:\nerror: Records[0].body (\"Message Body\") is not JSON"},
  };
  for (const auto& entry : fs::directory_iterator(fs::path(data) / "events")) {
    const std::string name = entry.path().filename().string();
    SCOPED_TRACE(name);
    const auto expected = samples.find(name);
    ASSERT_NE(expected, samples.end()) << "no expectation for this sample";
    expect_lines(in_words(decode_event(read(entry.path()))), expected->second + "\n");
  }
}

}  // namespace
}  // namespace lakegate
