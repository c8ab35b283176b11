#include "lambda/handler.h"

#include <fmt/format.h>

#include <algorithm>

#include "lake/json_text.h"
#include "stores/stoppable_store.h"

namespace lakegate {
namespace {

using Json = nlohmann::ordered_json;
using Outcome = TaskReport::Outcome;

TaskReport not_begun() {
  TaskReport report;
  report.outcome = Outcome::kNotBegun;
  report.error =
      Error{ErrorKind::kRetryable, "it was not begun: too little of the function's time was left"};
  return report;
}

TaskReport refused(const Error& error) {
  TaskReport report;
  report.outcome = Outcome::kRefused;
  report.error = error;
  return report;
}

// What failed first, and how much else did.
Error first_error(const LakeTasks::Reports& reports) {
  const auto failed = std::ranges::find_if(reports, &TaskReport::fails_the_event);
  Error error = failed->error.value_or(Error{ErrorKind::kPermanent, "it failed"});
  if (error.where.file.empty()) error.where.file = failed->key;
  const auto count = std::ranges::count_if(reports, &TaskReport::fails_the_event);
  if (count > 1) error.message += fmt::format(" (and {} more of {})", count - 1, reports.size());
  return error;
}

}  // namespace

Handler::Handler(std::unique_ptr<ObjectStore> store, LakeTools tools, HandlerOptions options)
    : deadline_(std::make_shared<Deadline>(options.margins)),
      tools_(std::move(tools)),
      options_(std::move(options)) {
  tools_.store =
      stoppable(std::move(store), [deadline = deadline_] { return deadline->must_stop(); });
}

Result<std::string> Handler::handle(std::string_view text, const Invocation& invocation) {
  deadline_->set(invocation.deadline);
  if (tools_.set_deadline) tools_.set_deadline(invocation.deadline);
  const auto hidden = [&](Error error) {
    error.message = options_.secrets.hidden_in(std::move(error.message));
    return tl::unexpected<Error>(std::move(error));
  };
  auto event = decode_event(text);
  if (!event) {
    log(refused(event.error()), invocation);
    return hidden(std::move(event).error());
  }
  LakeTasks tasks(tools_, tables_, *deadline_);
  LakeTasks::Reports all;
  Json failures = Json::array();
  for (const Message& message : event->messages) {
    bool failed = false;
    for (TaskReport& report : run(message, tasks)) {
      report.message = message.id;
      failed = failed || report.fails_the_event();
      log(report, invocation);
      all.push_back(std::move(report));
    }
    if (failed) failures.push_back({{"itemIdentifier", message.id}});
  }
  if (event->from_queue) return json_line({{"batchItemFailures", std::move(failures)}});
  if (!failures.empty()) return hidden(first_error(all));
  Json reports = Json::array();
  for (const TaskReport& report : all) reports.push_back(to_json(report));
  return options_.secrets.hidden_in(json_line({{"tasks", std::move(reports)}}));
}

LakeTasks::Reports Handler::run(const Message& message, LakeTasks& tasks) {
  if (!message.tasks) return {refused(message.tasks.error())};
  LakeTasks::Reports reports;
  for (const Task& task : *message.tasks) {
    if (!deadline_->may_begin()) {
      reports.push_back(not_begun());
      break;
    }
    std::ranges::move(tasks.run(task), std::back_inserter(reports));
  }
  return reports;
}

void Handler::log(const TaskReport& report, const Invocation& invocation) {
  if (options_.log)
    options_.log(
        options_.secrets.hidden_in(log_line(report, {.request_id = invocation.request_id,
                                                     .function = options_.function,
                                                     .trace_id = invocation.trace_id,
                                                     .cold_start = is_cold_,
                                                     .now = std::chrono::system_clock::now()})));
  is_cold_ = false;
}

}  // namespace lakegate
