// lakegate invoke EVENT.json: what the function would do, done here.
#include <fmt/format.h>

#include <charconv>
#include <fstream>
#include <iostream>
#include <iterator>

#include "cli/commands.h"
#include "cli/function.h"
#include "cli/interrupts.h"
#include "cli/options.h"

namespace lakegate::cli {
namespace invoke_impl {
namespace {

constexpr std::string_view kDetails =
    "Does what the function on AWS Lambda would do with this event, in the lake that is chosen: "
    "the\n"
    "same handler, from the event to the answer. The answer goes to stdout, the function's log to\n"
    "stderr. `-` reads the event from stdin.\n"
    "A lake on S3 refuses events for other buckets and prefixes. A directory stands for any "
    "bucket,\n"
    "keys being relative to it, or with --as for the lake that the event was made for.\n"
    "Exit code 1 where the function would have failed, or named a message that failed.\n"
    "\nExamples:\n"
    "  lakegate invoke event.json\n"
    "  lakegate invoke event.json --lake /data/lake --as s3://bucket/lake\n"
    "  echo '{\"run\": {\"dataset\": \"orders\"}}' | lakegate invoke -\n";

struct Options {
  std::string event;
  std::optional<std::string> as;
  std::optional<std::chrono::seconds> timeout;
  Resources resources;
};

Result<std::string> read_event(const std::string& path) {
  if (path == "-") return std::string(std::istreambuf_iterator<char>(std::cin), {});
  std::ifstream file(path, std::ios::binary);
  if (!file) return system_failure(errno, "read the event", path);
  std::string text(std::istreambuf_iterator<char>(file), {});
  if (file.bad()) return system_failure(errno, "read the event", path);
  return text;
}

Result<int> invoke(const Options& options, Context& context) {
  const UnwindOnInterrupt unwind;
  LAKEGATE_TRY(const std::string event, read_event(options.event));
  const auto log = [&](std::string_view line) {
    if (!context.quiet()) context.err.write(line);
  };
  LAKEGATE_TRY(
      const auto handler,
      make_handler(context, {.resources = options.resources, .as = options.as, .log = log}));
  Invocation invocation{.request_id = "invoke", .trace_id = {}, .deadline = std::nullopt};
  if (options.timeout) invocation.deadline = Deadline::Clock::now() + *options.timeout;
  const auto answer = handler->handle(event, invocation);
  if (!answer) return context.failed(answer.error());
  context.out.write(*answer + "\n");
  const auto json = nlohmann::ordered_json::parse(*answer);
  return json.contains("batchItemFailures") && !json["batchItemFailures"].empty() ? 1 : 0;
}

Action define(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("EVENT", options->event, "The event, a JSON file; - is stdin")->required();
  app.add_option("--as", options->as, "Of a directory: the lake on S3 that events name")
      ->type_name("s3://BUCKET/PREFIX");
  add_parsed(
      app, "--timeout", "SECONDS",
      [options](const std::string& text) -> Result<void> {
        int seconds = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
        if (error != std::errc() || end != text.data() + text.size() || seconds < 0)
          return invalid_input(fmt::format("\"{}\" is no number of seconds", text));
        options->timeout = std::chrono::seconds(seconds);
        return {};
      },
      "The function's timeout (default: none)");
  add_resources(app, options->resources);
  return [options](Context& context) { return invoke(*options, context); };
}

}  // namespace
}  // namespace invoke_impl

Command invoke_command() {
  return {.name = "invoke",
          .arguments = "EVENT.json",
          .summary = "One event of AWS Lambda, handled here",
          .details = invoke_impl::kDetails,
          .prints_format = false,
          .define = invoke_impl::define};
}

}  // namespace lakegate::cli
