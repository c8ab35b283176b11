#include "cli/fetching.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <fstream>
#include <random>
#include <vector>

#include "cli/fetch_progress.h"
#include "cli/interrupts.h"
#include "cli/source_access.h"
#include "cli/wiring.h"

namespace lakegate::cli {
namespace {

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

// A process of this machine that has died: its lease in a directory is nobody's.
bool has_died(const std::string& holder) {
  constexpr std::string_view kProcess = "process ";
  const std::string on_here = fmt::format(" on {}/", host_name());
  const std::size_t end = holder.find(on_here);
  if (!holder.starts_with(kProcess) || end == std::string::npos) return false;
  int pid = 0;
  const char* const last = holder.data() + end;
  const auto parsed = std::from_chars(holder.data() + kProcess.size(), last, pid);
  if (parsed.ec != std::errc() || parsed.ptr != last || pid <= 0) return false;
  if (::kill(pid, 0) != 0) return errno == ESRCH;
  // One whose parent has not waited for it is still listed: proc(5), /proc/PID/stat, "state", which
  // stands behind the name in brackets.
  std::string stat;
  std::getline(std::ifstream(fmt::format("/proc/{}/stat", pid)), stat);
  const std::size_t name_end = stat.rfind(") ");
  return name_end != std::string::npos && stat.substr(name_end + 2, 1) == "Z";
}

}  // namespace

std::string own_name() {
  std::random_device random;
  return fmt::format("process {} on {}/{:08x}", ::getpid(), host_name(), random());
}

Result<void> fetch_and_report(LakeSession& lake, const DatasetConfig& dataset,
                              const FetchChoice& choice, Context& context, RunReport& report,
                              const std::function<void(const RunRecord&)>& committed) {
  const FetchServices services{.secrets = open_secrets(), .signer = open_signer()};
  FetchTools tools{.secrets = services.secrets.get(), .signer = services.signer.get()};
  tools.holder = own_name();
  if (!is_on_s3(lake.location)) tools.is_gone = has_died;
  std::vector<RunOutcome> outcomes;  // told of when the progress is gone from the terminal
  const auto fetched = [&] {
    FetchProgressLine line(context, dataset.name.str());
    return run_fetch(*lake.store, dataset, choice.request, tools,
                     {.run = choice.run,
                      .deadline = choice.deadline,
                      .interrupted = [] { return interrupted(); },
                      .progress = [&](const FetchProgress& now) { line.draw(now); },
                      .ran = [&](const RunOutcome& outcome) -> Result<void> {
                        outcomes.push_back(outcome);
                        return {};
                      }});
  }();
  if (fetched) report.fetch(dataset.name.str(), *fetched);
  if (fetched && !choice.runs_what_landed) report.unpublished(dataset.name.str(), *fetched);
  for (const RunOutcome& outcome : outcomes) {
    report.arrival(outcome);
    if (outcome.record && committed) committed(*outcome.record);
  }
  if (!fetched) return Failure(fetched.error());
  return {};
}

Result<ChosenPlan> plan_of(LakeSession& lake, const DatasetConfig& dataset,
                           const FetchRequest& request) {
  return choose_plan(*lake.store, dataset, request, std::chrono::system_clock::now());
}

}  // namespace lakegate::cli
