// lakegate rejects DATASET: rows that were not accepted, and why.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/amounts.h"
#include "cli/commands.h"
#include "cli/lake_session.h"
#include "cli/options.h"
#include "cli/report_json.h"
#include "cli/table_view.h"
#include "convert/lake_run.h"
#include "formats/input.h"
#include "lake/layout.h"

namespace lakegate::cli {
namespace rejects_impl {
namespace {

constexpr std::string_view kDetails =
    "Rejects of runs that were committed, and the first 10,000 of those that failed. Line and\n"
    "offset say where the row begins in the landed file, after decompression. docs/rejects.md\n"
    "explains every reason.\n"
    "\nExamples:\n"
    "  lakegate rejects orders\n"
    "  lakegate rejects orders -n 5 --raw\n"
    "  lakegate rejects orders --arrival 3f2a --format json\n";

constexpr std::uint64_t kRowsOnTerminal = 20;

struct Options {
  std::string dataset, arrival;
  std::optional<std::uint64_t> limit;
  bool raw = false;
};

// The rejects of one arrival, where they stand.
struct RejectsFile {
  Arrival arrival;
  ObjectKey key;
  bool failed = false;
  std::uint64_t count = 0;  // of the arrival; a failure's file may keep fewer
};

Result<std::vector<RejectsFile>> find_files(const ObjectStore& store, const DatasetName& dataset,
                                            const std::string& arrival) {
  std::vector<RejectsFile> files;
  LAKEGATE_TRY(const auto runs, list_runs(store, dataset));
  for (const RunRecord& run : runs)
    if (!run.rejects.empty())  // the second one, if any, is a copy of the landed file
      files.push_back({run.arrival, run.rejects.front().key, false, run.counts.rows_rejected});
  LAKEGATE_TRY(const auto failures, list_failures(store, dataset));
  for (const FailureRecord& failure : failures)
    if (failure.rejects_kept > 0)
      files.push_back({failure.arrival, layout::failure_rejects_key(dataset, failure.arrival.id),
                       true, failure.counts.rows_rejected});
  std::erase_if(
      files, [&](const RejectsFile& file) { return !file.arrival.id.str().starts_with(arrival); });
  std::stable_sort(files.begin(), files.end(), [](const RejectsFile& a, const RejectsFile& b) {
    return a.arrival.arrived_at < b.arrival.arrived_at;
  });
  return files;
}

// The lines of an object, one after another.
class LineReader {
 public:
  explicit LineReader(std::unique_ptr<ByteStream> stream) : stream_(std::move(stream)) {}

  Result<bool> next(std::string& line) {
    for (;;) {
      const std::size_t end = buffer_.find('\n', begin_);
      if (end != std::string::npos) {
        line.assign(buffer_, begin_, end - begin_);
        begin_ = end + 1;
        return true;
      }
      buffer_.erase(0, begin_);
      begin_ = 0;
      std::string block(64 * 1024, '\0');
      LAKEGATE_TRY(const std::size_t size, stream_->read(std::as_writable_bytes(std::span(block))));
      if (size == 0) return false;
      buffer_.append(block, 0, size);
    }
  }

 private:
  std::unique_ptr<ByteStream> stream_;
  std::string buffer_;
  std::size_t begin_ = 0;
};

using Show = std::function<void(const RejectsFile&, const Json& reject)>;

// Until `limit` of them have been shown; how many.
Result<std::uint64_t> for_each_reject(const ObjectStore& store,
                                      const std::vector<RejectsFile>& files,
                                      std::optional<std::uint64_t> limit, const Show& show) {
  std::uint64_t shown = 0;
  for (const RejectsFile& file : files) {
    LAKEGATE_TRY(auto input, store.open(file.key));
    LAKEGATE_TRY(auto stream, input->open());
    LineReader lines(std::move(stream));
    std::string line;
    while (!limit || shown < *limit) {
      LAKEGATE_TRY(const bool is_there, lines.next(line));
      if (!is_there) break;
      const Json reject = Json::parse(line, nullptr, false);
      if (!reject.is_object())
        return fail(ErrorKind::kPermanent, "a line of it is no JSON object: it is damaged",
                    {.file = file.key.str()});
      show(file, reject);
      ++shown;
    }
  }
  return shown;
}

void print_as_json(Context& context, const RejectsFile& file, const Json& reject, bool is_first) {
  Json json = {{"key", file.arrival.key.str()},
               {"arrival_id", file.arrival.id.str()},
               {"failed", file.failed}};
  json.update(reject);
  context.out.write((is_first ? "\n    " : ",\n    ") + json.dump());
}

TableRow as_row(const RejectsFile& file, const Json& reject, bool raw) {
  const auto text = [&](const char* name) {
    const auto it = reject.find(name);
    if (it == reject.end()) return std::string();
    return it->is_string() ? it->get<std::string>() : it->dump();
  };
  TableRow row = {{.text = file.arrival.key.str().substr(layout::kLanding.size()),
                   .style = file.failed ? Style::kRed : Style::kPlain},
                  {.text = text("line")},
                  {.text = text("column")},
                  {.text = text("reason"), .style = Style::kYellow},
                  {.text = text("message")}};
  if (raw) row.push_back({.text = text(reject.contains("raw") ? "raw" : "raw_base64")});
  return row;
}

Result<int> rejects(const Options& options, Context& context) {
  LAKEGATE_TRY(LakeSession lake, open_lake(context));
  LAKEGATE_TRY(const DatasetConfig* dataset, lake.dataset(options.dataset));
  LAKEGATE_TRY(const auto files, find_files(*lake.store, dataset->name, options.arrival));
  std::uint64_t total = 0;
  for (const RejectsFile& file : files) total += file.count;

  if (context.json()) {
    context.out.write(fmt::format("{{\n  \"dataset\": {},\n  \"total\": {},\n  \"rejects\": [",
                                  Json(dataset->name.str()).dump(), total));
    bool is_first = true;
    LAKEGATE_CHECK(for_each_reject(*lake.store, files, options.limit,
                                   [&](const RejectsFile& file, const Json& reject) {
                                     print_as_json(context, file, reject, is_first);
                                     is_first = false;
                                   }));
    context.out.write(is_first ? "]\n}\n" : "\n  ]\n}\n");
    return 0;
  }
  if (files.empty()) {
    context.note(fmt::format("no row of {} was rejected", dataset->name.str()));
    return 0;
  }
  std::optional<std::uint64_t> limit = options.limit;
  if (!limit && context.out.is_terminal()) limit = kRowsOnTerminal;
  std::vector<TableColumn> columns = {
      {"file"}, {"line", true}, {"column"}, {"reason"}, {"message"}};
  if (options.raw) columns.push_back({"raw"});
  TableView table(context.out, std::move(columns));
  LAKEGATE_TRY(
      const std::uint64_t shown,
      for_each_reject(*lake.store, files, limit, [&](const RejectsFile& file, const Json& reject) {
        table.add(as_row(file, reject, options.raw));
      }));
  table.finish();
  if (shown < total)
    context.note(fmt::format("{} of {}; -n N shows more", with_commas(shown),
                             counted(total, "rejected row")));
  return 0;
}

Action define(CLI::App& app) {
  auto options = std::make_shared<Options>();
  add_dataset(app, options->dataset, "Whose")->required();
  add_limit(app, options->limit, "At most so many (default: 20 on a terminal, else all)");
  app.add_option("--arrival", options->arrival, "Only of the arrival whose id begins so")
      ->type_name("ID");
  app.add_flag("--raw", options->raw, "Also the rows as they stood");
  return [options](Context& context) { return rejects(*options, context); };
}

}  // namespace
}  // namespace rejects_impl

Command rejects_command() {
  return {.name = "rejects",
          .arguments = "DATASET",
          .summary = "Rows that were refused, where they stand and why",
          .details = rejects_impl::kDetails,
          .everyday = true,
          .define = rejects_impl::define};
}

}  // namespace lakegate::cli
