#include "extract/fetch.h"

#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <utility>

#include "extract/engine.h"
#include "extract/fetch_outcome.h"
#include "extract/lease.h"
#include "extract/request.h"
#include "extract/slice_asking.h"
#include "extract/slice_curator.h"
#include "lake/layout.h"
#include "net/descriptors.h"
#include "net/reply_memory.h"

namespace lakegate {
namespace {

using Clock = std::chrono::steady_clock;

// Replies wait in a part of the working memory; the rest is for making Parquet meanwhile.
constexpr std::chrono::milliseconds kLongestTokenRequest{10'000};
constexpr std::uint64_t kShareOfReplies = 8;
// So that a request waits at the client for an eighth of what its reply takes, which is nothing to
// its signature.
constexpr std::size_t kShareAhead = 8;
constexpr std::size_t kManyRequests = 64;
constexpr std::uint64_t kLeastReplyMemory = std::uint64_t{4} << 20;

// When what must be over, so that everything complete is committed by the deadline.
struct Timetable {
  Clock::time_point stop_at = Clock::time_point::max();     // nothing is begun any more
  Clock::time_point give_up_at = Clock::time_point::max();  // nothing is waited for
  explicit Timetable(std::optional<Clock::time_point> deadline) {
    if (!deadline) return;
    const auto left = *deadline - Clock::now();
    const auto margin = std::clamp<Clock::duration>(left / 4, {}, std::chrono::seconds(30));
    stop_at = *deadline - margin;
    give_up_at = *deadline - margin / 2;
  }
};

// How many requests the client gets beyond those in flight. A rate is held where requests are
// handed over, and no later; and where they are few, the place that the client keeps free would be
// missed.
std::size_t ahead(const FetchLimits& limits) {
  const bool has_rate = limits.requests_per_second > 0 || limits.requests_per_second_per_host > 0;
  const std::size_t concurrency = std::min(limits.concurrency, most_connections());
  return has_rate || concurrency < kManyRequests ? 0 : concurrency / kShareAhead;
}

EngineOptions engine_options(const FetchLimits& limits, const SourceConfig& source,
                             const FetchOptions& options, const Timetable& times) {
  EngineOptions engine;
  engine.concurrency = limits.concurrency;
  engine.ahead = ahead(limits);
  engine.requests_per_second = limits.requests_per_second;
  engine.requests_per_second_per_host = limits.requests_per_second_per_host;
  engine.one_page_each = source.paginate.by == PaginateConfig::By::kNone;
  engine.retries = limits.retries;
  engine.retry_budget = limits.retry_budget;
  engine.most_of_a_set = options.run.resources.memory;
  engine.allow_http = source.allow_http;
  engine.give_up_at = times.give_up_at;
  engine.give_up = options.interrupted;
  return engine;
}

// The sets of the slices that are still to be asked.
std::vector<std::size_t> sets_to_ask(const Plan& plan, const std::vector<SliceState>& slices) {
  std::vector<std::size_t> sets;
  for (std::size_t n = 0; n < plan.sets.size(); ++n)
    if (!slices[n / plan.slice_requests].asked) sets.push_back(n);
  return sets;
}

struct Clients {
  std::shared_ptr<HttpClient> replies, tokens;
  std::shared_ptr<ReplyMemory> memory;  // of the replies
};

Result<Clients> make_clients(const SourceConfig& source, const RequestBuilder& requests,
                             const FetchTools& tools, const FetchOptions& options) {
  Clients clients;
  LAKEGATE_TRY(HttpOptions http, source_http_options(source, source.limits.concurrency));
  // The engine waits for a token, and must still see its deadline and Ctrl-C.
  HttpOptions for_tokens = http;
  for_tokens.total_timeout = std::min(http.total_timeout, kLongestTokenRequest);
  for_tokens.total_setting.clear();
  LAKEGATE_TRY(clients.tokens, tools.make_client(for_tokens));
  http.memory = clients.memory = std::make_shared<ReplyMemory>(
      std::max(kLeastReplyMemory, options.run.resources.memory / kShareOfReplies));
  if (ahead(source.limits) > 0) http.max_in_flight = http.max_connections;
  http.first_host = requests.origin().host;
  LAKEGATE_TRY(clients.replies, tools.make_client(http));
  return clients;
}

// Asks for `sets`; whole slices go to `curator`. Returns whether all were answered.
Result<bool> ask(ObjectStore& store, const DatasetConfig& dataset, const Plan& plan,
                 const std::vector<std::size_t>& sets, SliceCurator& curator,
                 const RequestBuilder& requests, std::future<Result<Clients>> network,
                 const FetchTools& tools, const FetchOptions& options, const Timetable& times) {
  if (sets.empty()) return true;
  LAKEGATE_TRY(const Clients clients, network.get());
  const SourceConfig& source = *dataset.source;
  const auto redactor = std::make_shared<Redactor>();
  LAKEGATE_TRY(const auto authorizer, Authorizer::create(source.auth, requests.origin(),
                                                         {.secrets = tools.secrets,
                                                          .client = clients.tokens.get(),
                                                          .signer = tools.signer},
                                                         redactor));
  const auto began = Clock::now();
  const auto tell = [&](const EngineProgress& now) {
    if (!options.progress) return;
    options.progress(
        {.sets = plan.sets.size(),
         .answered = plan.sets.size() - sets.size() + now.answered,
         .answered_now = now.answered,
         .failed = now.failed,
         .in_flight = now.in_flight,
         .replies = now.replies,
         .bytes = now.bytes,
         .elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - began)});
  };
  const auto may_begin = [&] {
    return Clock::now() < times.stop_at && !(options.interrupted && options.interrupted());
  };
  SliceAsking asking({.store = store,
                      .dataset = dataset,
                      .plan = plan,
                      .requests = requests,
                      .authorizer = *authorizer,
                      .redactor = *redactor,
                      .curator = curator,
                      .may_begin = may_begin,
                      .progress = tell});
  EngineOptions engine = engine_options(source.limits, source, options, times);
  engine.memory = clients.memory;
  auto stats = run_engine(*clients.replies, engine, sets, asking);
  if (!stats) {
    stats.error().message = redactor->redact(stats.error().message);
    return Failure(std::move(stats).error());
  }
  return stats->complete;
}

}  // namespace

Result<HttpOptions> source_http_options(const SourceConfig& source, std::size_t connections) {
  HttpOptions options;
  LAKEGATE_TRY(options.addresses, AddressPolicy::create(source.allow_hosts));
  options.max_connections = std::min(connections, most_connections());
  options.connect_timeout = source.limits.connect_timeout;
  options.first_byte_timeout = source.limits.first_byte_timeout;
  options.total_timeout = source.limits.timeout;
  options.reply_timeout = source.limits.first_byte_timeout;
  options.max_reply_bytes = source.limits.max_reply;
  options.use_proxy = source.allow_proxy;
  options.ca_file = source.ca_file;
  options.keep_system_cas = true;
  options.ca_setting = "ca_file";
  options.first_byte_setting = "limits: {first_byte_timeout: …}";
  options.total_setting = "limits: {timeout: …}";
  options.max_reply_setting = "limits: {max_reply: …}";
  options.http2 = true;
  options.refuses_unframed = true;
  options.decode = true;
  return options;
}

Result<FetchOutcome> run_fetch(ObjectStore& store, const DatasetConfig& dataset,
                               const FetchRequest& request, const FetchTools& tools,
                               const FetchOptions& options) {
  const Timetable times(options.deadline);
  LAKEGATE_TRY(const RequestBuilder requests, RequestBuilder::create(*dataset.source));
  // The network takes as long to start as a plan to be made and written.
  auto network = std::async(
      std::launch::async, [&] { return make_clients(*dataset.source, requests, tools, options); });
  LAKEGATE_TRY(ChosenPlan chosen,
               choose_plan(store, dataset, request, std::chrono::system_clock::now()));
  const ObjectKey lease_key = layout::fetch_lease_key(dataset.name, chosen.plan.id);
  LAKEGATE_TRY(
      const auto lease,
      PlanLease::take(store, lease_key, {.holder = tools.holder, .is_gone = tools.is_gone}));
  LAKEGATE_TRY(auto record, find_fetch_record(store, dataset.name, chosen.plan.id));
  if (record) return finished_before(store, chosen, std::move(*record));
  if (chosen.is_new) {
    LAKEGATE_TRY(chosen.plan, put_plan(store, std::move(chosen.plan)));
  }
  const Plan& plan = chosen.plan;
  LAKEGATE_TRY(const auto slices, slice_states(store, dataset, plan));

  const auto must_stop = [&] {
    return Clock::now() >= times.give_up_at || (options.interrupted && options.interrupted());
  };
  SliceCurator curator(store, dataset,
                       {.run = options.run,
                        .may_publish = [&] { return lease->confirm(); },
                        .must_stop = must_stop,
                        .ran = options.ran});
  for (const SliceState& slice : slices)
    if (slice.asked && !slice.is_curated) curator.take(*slice.asked);
  const auto asked = ask(store, dataset, plan, sets_to_ask(plan, slices), curator, requests,
                         std::move(network), tools, options, times);
  // What was complete by then is committed, whatever ended the asking.
  const SliceCurator::Done done = curator.finish();
  // After a signal the store refuses to go on, wherever it is: what there is by then is told.
  if (!(options.interrupted && options.interrupted())) {
    if (done.error) return Failure(*done.error);
    if (!asked) return Failure(asked.error());
  }
  LAKEGATE_TRY(FetchOutcome outcome, sum_up(store, dataset, plan));
  outcome.was_begun = !chosen.is_new;
  outcome.slices_asked = done.published.size();
  outcome.slices_run = done.run;
  outcome.remarks = std::move(chosen.remarks);
  if (done.was_held_up)
    outcome.remarks.push_back(
        "another process is at work on the dataset, so that not every slice that is asked could be "
        "run; the next fetch runs them, and asks for nothing of them again");
  return outcome;
}

}  // namespace lakegate
