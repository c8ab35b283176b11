// Events of any bytes: refused with words, or decoded into messages that can be answered.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "lake/utf8.h"
#include "lambda/events.h"

namespace {

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

void require_refusal(const lakegate::Error& error) {
  require(error.kind == lakegate::ErrorKind::kInvalidInput, "a strange event is invalid input");
  require(!error.message.empty(), "an error says something");
  require(lakegate::is_utf8(error.message), "an error can be logged");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lakegate;
  const auto event = decode_event({reinterpret_cast<const char*>(data), size});
  if (!event) {
    require_refusal(event.error());
    return 0;
  }
  require(!event->messages.empty(), "an event has messages");
  require(event->from_queue || event->messages.size() == 1, "an event without a queue is one");
  for (const Message& message : event->messages) {
    require(message.id.empty() != event->from_queue, "a queue's message has a name");
    if (!message.tasks) {
      require_refusal(message.tasks.error());
      continue;
    }
    require(!message.tasks->empty(), "a message says something");
    for (const Task& task : *message.tasks) {
      const auto* created = std::get_if<ObjectCreated>(&task);
      if (created == nullptr) continue;
      require(!created->bucket.empty() && !created->key.empty(), "an object has a name");
      require(is_utf8(created->key), "a key is text");
    }
  }
  return 0;
}
