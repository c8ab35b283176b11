// lakegate init DIR: a new lake with a small example that runs.
#include <fmt/format.h>

#include <filesystem>

#include "cli/commands.h"
#include "cli/wiring.h"

namespace lakegate::cli {
namespace init_impl {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kDetails =
    "DIR must be empty or absent. A lake is a directory: files land in landing/, everything else\n"
    "is lakegate's. lake.yaml says what the datasets are; without it each folder under landing/ "
    "is\n"
    "one.\n"
    "\nExamples:\n"
    "  lakegate init my-lake\n"
    "  lakegate run --lake my-lake\n"
    "  lakegate init --print-schema > lake.schema.json   # for an editor that completes "
    "lake.yaml\n";

constexpr std::string_view kLakeFile =
    R"(# The datasets of this lake. `lakegate check` checks this file; `lakegate add FILE` adds to it.
datasets:
  # Declared types: a row that does not fit is rejected, and `lakegate rejects orders` says why.
  orders:
    landing: orders/*.csv
    schema:
      - {name: order_id, type: int64, required: true}
      - {name: ordered_at, type: timestamp}
      - {name: customer, type: text}
      - {name: amount, type: 'decimal(10,2)'}
    max_rejects: 20%
    serve: {table: Orders, key: [order_id]}   # rows by key, in SQLite; on S3 in DynamoDB

  # Nothing declared: types are inferred from the first file and remembered.
  readings:
    landing: readings/*.ndjson
)";

constexpr std::string_view kOrders = R"(order_id,ordered_at,customer,amount
1001,2026-01-05T09:12:00,Ada,120.50
1002,2026-01-05T10:40:00,"Babbage, Charles",18.00
1003,2026-01-06T08:03:00,Grace,eleven
1004,2026-01-06T16:22:00,Edsger,99.95
1005,2026-01-07T11:30:00,Barbara,7.25
1006,2026-01-07T12:01:00,Ada,64.00
)";

constexpr std::string_view kReadings =
    R"({"sensor": "roof", "at": "2026-01-05T09:00:00Z", "celsius": 3.5, "tags": ["outside"]}
{"sensor": "roof", "at": "2026-01-05T10:00:00Z", "celsius": 4, "tags": ["outside", "sun"]}
{"sensor": "cellar", "at": "2026-01-05T10:00:00Z", "celsius": null, "tags": []}
)";

struct Options {
  std::string directory;
  bool print_schema = false;
};

Result<void> make_directory(const std::string& directory) {
  std::error_code error;
  if (fs::exists(directory, error) && !fs::is_directory(directory, error))
    return invalid_input(fmt::format("{} is a file; name a directory", directory));
  fs::create_directories(directory, error);
  if (error) return system_failure(error.value(), "make", directory);
  const bool is_empty = fs::is_empty(directory, error);
  if (error) return system_failure(error.value(), "look into", directory);
  if (!is_empty)
    return invalid_input(fmt::format(
        "{} is not empty, and nothing in it was changed; name a new directory (a directory with "
        "landing/ in it is a lake already: `lakegate run --lake {}`)",
        directory, directory));
  return {};
}

Result<int> init(const Options& options, Context& context) {
  if (options.print_schema) {
    context.out.write(config_json_schema() + "\n");
    return 0;
  }
  if (options.directory.empty())
    return invalid_input("DIR is required: the directory to make; see `lakegate init --help`");
  if (is_on_s3(options.directory))
    return invalid_input(fmt::format(
        "a lake on S3 needs no making: land files under {0}/landing/, and put a checked lake.yaml "
        "there with `lakegate push --lake {0}`",
        options.directory));
  LAKEGATE_CHECK(make_directory(options.directory));
  LAKEGATE_TRY(auto store, open_store(options.directory));
  LAKEGATE_CHECK(store->put(ObjectKey("landing/orders/2026-01.csv"), kOrders));
  LAKEGATE_CHECK(store->put(ObjectKey("landing/readings/2026-01.ndjson"), kReadings));
  LAKEGATE_CHECK(store->put(ObjectKey("lake.yaml"), kLakeFile));
  if (context.json() || context.quiet()) return 0;
  context.out.write(
      fmt::format("{0} is a lake, with two example datasets in lake.yaml and landing/. Next:\n"
                  "  lakegate run --lake {0}\n"
                  "  lakegate rejects orders --lake {0}\n"
                  "  lakegate cat readings --lake {0}\n",
                  options.directory));
  return 0;
}

Action define(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("DIR", options->directory, "The directory to make");
  app.add_flag("--print-schema", options->print_schema,
               "Print the JSON Schema of lake.yaml instead");
  return [options](Context& context) { return init(*options, context); };
}

}  // namespace
}  // namespace init_impl

Command init_command() {
  return {.name = "init",
          .arguments = "DIR",
          .summary = "A new lake, with a small example that runs",
          .details = init_impl::kDetails,
          .everyday = true,
          .define = init_impl::define};
}

}  // namespace lakegate::cli
