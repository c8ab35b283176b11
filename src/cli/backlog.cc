#include "cli/backlog.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <set>

#include "cli/amounts.h"
#include "cli/interrupts.h"
#include "cli/progress_bar.h"
#include "cli/report_json.h"
#include "cli/run_report.h"
#include "cli/wiring.h"
#include "convert/lake_run.h"
#include "lambda/enqueue.h"

namespace lakegate::cli {
namespace {

struct Waiting {
  Arrival arrival;
  bool failed_before = false;  // and nothing has changed since
};

struct Backlog {
  std::vector<Waiting> waiting;      // by dataset, and oldest first
  std::uint64_t left_out = 0;        // failed before, and were not asked for
  std::vector<ObjectKey> unmatched;  // nothing where one dataset was asked for
  std::vector<Landed::Unreadable> unreadable;
  bool is_whole() const { return unmatched.empty() && unreadable.empty(); }

  std::uint64_t bytes() const {
    std::uint64_t bytes = 0;
    for (const Waiting& one : waiting) bytes += one.arrival.size;
    return bytes;
  }
};

Result<Backlog> find_backlog(LakeSession& lake, const BacklogOptions& options) {
  std::optional<DatasetName> only;
  if (!options.dataset.empty()) {
    LAKEGATE_TRY(const DatasetConfig* dataset, lake.dataset(options.dataset));
    only = dataset->name;
  }
  LAKEGATE_TRY(Landed landed, find_landed(*lake.store, lake.config, only, false));
  Backlog backlog;
  if (!only) backlog.unmatched = std::move(landed.unmatched);
  backlog.unreadable = std::move(landed.unreadable);
  for (const DatasetConfig& dataset : lake.config.datasets) {
    if (only && dataset.name != *only) continue;
    LAKEGATE_TRY(const auto finished, finished_arrivals(*lake.store, dataset.name));
    LAKEGATE_TRY(const auto failed, standing_failures(*lake.store, dataset));
    for (Arrival& arrival : landed.arrivals) {
      if (arrival.dataset != dataset.name || finished.contains(arrival.id.str())) continue;
      const bool failed_before = failed.contains(arrival.id.str());
      if (failed_before && !options.retry_failed)
        ++backlog.left_out;
      else
        backlog.waiting.push_back({.arrival = std::move(arrival), .failed_before = failed_before});
    }
  }
  return backlog;
}

void tell_of_the_others(const Backlog& backlog, const LakeSession& lake, Context& context) {
  RunReport report(context, lake.location);
  report.unmatched(backlog.unmatched);
  for (const auto& [dataset, error] : backlog.unreadable) report.error(dataset.str(), error);
  if (backlog.left_out == 0) return;
  context.warning(
      fmt::format("{} failed before and did not change, and {} left out; `lakegate "
                  "status` says why they failed, --retry-failed takes them too",
                  counted(backlog.left_out, "arrival"), backlog.left_out == 1 ? "is" : "are"));
}

Json unmatched_of(const Backlog& backlog) {
  Json unmatched = Json::array();
  for (const ObjectKey& key : backlog.unmatched) unmatched.push_back(key.str());
  return unmatched;
}

int show(const Backlog& backlog, const LakeSession& lake, const BacklogOptions& options,
         Context& context) {
  const bool ok = backlog.is_whole();
  if (context.json()) {
    Json arrivals = Json::array();
    for (const Waiting& one : backlog.waiting) {
      arrivals.push_back(json_of(one.arrival));
      arrivals.back()["outcome"] = one.failed_before ? "failed_before" : "new";
    }
    Json document = {{"ok", ok}, {"lake", lake.location}, {"dry_run", true}};
    if (!options.queue.empty()) document["queue"] = options.queue;
    document["arrivals"] = std::move(arrivals);
    document["unmatched"] = unmatched_of(backlog);
    document["errors"] = json_of(backlog.unreadable);
    print_json(context.out, document);
    return ok ? 0 : 1;
  }
  for (const auto& [arrival, failed_before] : backlog.waiting)
    context.out.write(fmt::format("{}  {}  {}  {}{}\n", arrival.dataset.str(),
                                  short_key(arrival.key), bytes_text(arrival.size),
                                  short_time(to_iso(arrival.arrived_at)),
                                  failed_before ? "  failed before" : ""));
  context.out.write(fmt::format(
      "{} would be {}, {}; nothing was done\n", counted(backlog.waiting.size(), "arrival"),
      options.queue.empty() ? "run" : "sent to " + options.queue, bytes_text(backlog.bytes())));
  return ok ? 0 : 1;
}

// What is wrong with the queue's URL is said before a long listing, and by --dry-run too.
Result<std::shared_ptr<ServiceClient>> open_queue(const LakeSession& lake, const std::string& url) {
  if (!is_on_s3(lake.location))
    return invalid_input(fmt::format(
        "{} is a directory, and the function that listens to a queue works on a lake on S3; name "
        "that with --lake s3://BUCKET/PREFIX",
        lake.location));
  LAKEGATE_TRY(const auto session, aws_session());
  LAKEGATE_CHECK(check_queue_url(url, session->settings().region));
  return session->service("sqs");
}

std::string message_of(const Waiting& one, const LakeSession& lake) {
  const Arrival& arrival = one.arrival;
  if (one.failed_before)
    return lakegate::message_of(ReplayRequest{
        .lake = lake.location, .dataset = arrival.dataset.str(), .arrival = arrival.id.str()});
  return lakegate::message_of(RunRequest{
      .lake = lake.location, .dataset = arrival.dataset.str(), .key = arrival.key.str()});
}

// "42%  420 of 1,000 messages  9,800/s  12 s left"
std::string sending_line(std::uint64_t sent, std::uint64_t all, double seconds) {
  const double speed = static_cast<double>(sent) / std::max(seconds, 0.001);
  std::string line = fmt::format("sending  {:.0f}%  {} of {}",
                                 100.0 * static_cast<double>(sent) / static_cast<double>(all),
                                 with_commas(sent), counted(all, "message"));
  if (sent == 0) return line;
  return line + fmt::format("  {:.0f}/s  {} left", speed,
                            duration_text(static_cast<double>(all - sent) / speed));
}

// Until an interruption. How many messages the queue has taken stands in its counts also where it
// then refused one.
Result<void> send(const Backlog& backlog, const LakeSession& lake, QueueSender& queue,
                  const Context& context) {
  const auto began = std::chrono::steady_clock::now();
  const ProgressBar bar(context, [&](std::size_t width) {
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    return sending_line(queue.counts().sent, backlog.waiting.size(), took.count()).substr(0, width);
  });
  for (const Waiting& one : backlog.waiting) {
    if (interrupted()) break;
    LAKEGATE_CHECK(queue.send(message_of(one, lake)));
  }
  return queue.finish();
}

Result<int> send_and_report(const Backlog& backlog, const LakeSession& lake,
                            const BacklogOptions& options, std::shared_ptr<ServiceClient> sqs,
                            Context& context) {
  QueueSender queue(std::move(sqs), options.queue);
  const auto done = send(backlog, lake, queue, context);
  const std::uint64_t sent = queue.counts().sent;
  const std::string how_many = fmt::format("{} of {} were sent", with_commas(sent),
                                           counted(backlog.waiting.size(), "message"));
  if (interrupted()) {
    context.note(how_many);
    return kInterruptedCode;
  }
  const bool ok = done && backlog.is_whole();
  Json errors = json_of(backlog.unreadable);
  if (!done) {
    errors.push_back(json_of(done.error()));
    context.error(fmt::format("{}; {}, and sending all again is harmless", done.error().to_string(),
                              how_many));
  }
  if (context.json())
    print_json(context.out, {{"ok", ok},
                             {"lake", lake.location},
                             {"queue", options.queue},
                             {"arrivals", backlog.waiting.size()},
                             {"bytes", backlog.bytes()},
                             {"sent", sent},
                             {"failed_before", backlog.left_out},
                             {"unmatched", unmatched_of(backlog)},
                             {"errors", std::move(errors)}});
  else if (!context.quiet() && done)
    context.out.write(backlog.waiting.empty()
                          ? "nothing new has landed; nothing was sent\n"
                          : fmt::format("{}, {}: sent to {}\n", counted(sent, "arrival"),
                                        bytes_text(backlog.bytes()), options.queue));
  return ok ? 0 : 1;
}

}  // namespace

Result<int> handle_backlog(LakeSession& lake, const BacklogOptions& options, Context& context) {
  std::shared_ptr<ServiceClient> sqs;
  if (!options.queue.empty()) {
    LAKEGATE_TRY(sqs, open_queue(lake, options.queue));
  }
  LAKEGATE_TRY(const Backlog backlog, find_backlog(lake, options));
  tell_of_the_others(backlog, lake, context);
  if (options.dry_run) return show(backlog, lake, options, context);
  return send_and_report(backlog, lake, options, std::move(sqs), context);
}

}  // namespace lakegate::cli
