// lakegate check: lake.yaml against itself and the remembered schemas; runs nothing.
#include <fmt/format.h>

#include <iterator>
#include <sstream>

#include "cli/amounts.h"
#include "cli/commands.h"
#include "cli/config_problems.h"
#include "cli/lake_session.h"
#include "cli/report_json.h"

namespace lakegate::cli {
namespace check_impl {
namespace {

constexpr std::string_view kDetails =
    "Every problem is said with its file, line and column; exit code 2 if there is one. Nothing "
    "is\n"
    "read but lake.yaml and the schemas that the lake remembers.\n"
    "\nExamples:\n"
    "  lakegate check\n"
    "  lakegate check --env prod\n";

// A document's problems come as one Error with a line each.
std::vector<Error> each_of(const Error& error) {
  std::vector<Error> all;
  const std::string place = "\n" + error.where.file + ":";
  for (std::size_t begin = 0; begin != std::string::npos;) {
    const std::size_t end =
        error.where.file.empty() ? std::string::npos : error.message.find(place, begin + 1);
    Error one{error.kind, error.message.substr(begin, end - begin), error.where};
    begin = end;
    if (!all.empty()) {
      // "file:line:column: message"
      std::istringstream text(one.message.substr(place.size()));
      char colon = 0;
      text >> one.where.line >> colon >> one.where.column >> colon >> std::ws;
      one.message.assign(std::istreambuf_iterator<char>(text), {});
    }
    all.push_back(std::move(one));
  }
  return all;
}

Result<int> check(Context& context) {
  std::vector<Error> problems;
  std::size_t datasets = 0;
  std::string file;
  if (auto lake = open_lake(context)) {
    datasets = lake->config.datasets.size();
    file = lake->config.file.empty() ? "no lake.yaml: each folder under landing/ is a dataset"
                                     : lake->config.file;
    problems = problems_of(*lake->store, lake->config);
  } else {
    problems.push_back(std::move(lake).error());
  }
  if (context.json()) {
    Json list = Json::array();
    for (const Error& problem : problems)
      for (const Error& each : each_of(problem)) list.push_back(json_of(each));
    print_json(context.out,
               {{"ok", problems.empty()}, {"datasets", datasets}, {"problems", std::move(list)}});
  }
  for (const Error& problem : problems) context.error(problem.to_string());
  if (!problems.empty()) return exit_code_of(problems);
  if (!context.json() && !context.quiet())
    context.out.write(
        fmt::format("{}; {}, no problem found\n", file, counted(datasets, "dataset")));
  return 0;
}

Action define(CLI::App&) {
  return [](Context& context) { return check(context); };
}

}  // namespace
}  // namespace check_impl

Command check_command() {
  return {.name = "check",
          .summary = "lake.yaml, against itself and what the lake remembers",
          .details = check_impl::kDetails,
          .everyday = true,
          .define = check_impl::define};
}

}  // namespace lakegate::cli
