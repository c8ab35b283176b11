// A fetch: what a plan asks for becomes landed replies and curated rows. Docs: docs/fetch.md.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "convert/lake_run.h"
#include "extract/auth.h"
#include "extract/exchange.h"
#include "extract/fetch_plans.h"
#include "extract/fetch_records.h"
#include "lake/error.h"
#include "net/http_client.h"
#include "stores/object_store.h"

namespace lakegate {

struct FetchProgress {
  std::size_t sets = 0;          // of the plan
  std::size_t answered = 0;      // of them, those of earlier invocations too
  std::size_t answered_now = 0;  // in this invocation, like what follows
  std::size_t failed = 0;
  std::size_t in_flight = 0;
  std::uint64_t replies = 0, bytes = 0;
  std::chrono::milliseconds elapsed{};
};

using MakeClient = std::function<Result<std::shared_ptr<HttpClient>>(const HttpOptions&)>;

// Where a source's secrets are kept, and who signs for AWS; made where adapters are named.
struct FetchServices {
  std::unique_ptr<SecretSource> secrets;
  std::unique_ptr<RequestSigner> signer;
  MakeClient make_client = HttpClient::create;
};

// What a fetch works with that is not the lake's. All outlive it.
struct FetchTools {
  SecretSource* secrets = nullptr;
  RequestSigner* signer = nullptr;  // null: no auth by sigv4
  MakeClient make_client = HttpClient::create;
  std::string holder;                               // of the lease: this process
  std::function<bool(const std::string&)> is_gone;  // see LeaseOptions; may be empty
};

struct FetchOptions {
  RunOptions run;
  // Before it nothing new is begun, what is in flight is given up, and complete slices are
  // committed.
  std::optional<std::chrono::steady_clock::time_point> deadline;
  std::function<bool()> interrupted;                   // may be empty; asked from any thread
  std::function<void(const FetchProgress&)> progress;  // may be empty
  std::function<Result<void>(const RunOutcome&)>
      ran;  // of each slice, on another thread; may be empty
};

struct FetchOutcome {
  std::string plan;
  std::string failed_of;  // the plan whose failures it asks again; empty: none
  Instant scheduled_at;
  bool was_begun = false;                           // by an earlier invocation
  bool was_finished = false;                        // likewise; nothing was done
  std::uint64_t sets = 0, slices = 0;               // of the plan
  std::uint64_t slices_asked = 0, slices_left = 0;  // by this invocation; not yet asked or run
  std::uint64_t slices_run = 0;                     // by this invocation
  std::uint64_t slices_to_run = 0;                  // of those left: asked
  FetchCounts counts;                               // of every slice that is asked
  std::vector<FailedSet> failures;                  // likewise, the worst
  std::uint64_t unanswered = 0;       // of what failed, and nothing has had an answer to since
  std::uint64_t unpublished = 0;      // slices that were asked, and whose run failed
  std::optional<FetchRecord> record;  // it is finished
  std::vector<std::string> remarks;
  bool finished() const { return record.has_value(); }
  // Then the plan keeps its slices, whatever `slice:` says.
  bool is_any_asked() const { return slices_left - slices_to_run < slices; }
};

// What a client for the servers of a source is like: addresses checked, replies decoded.
Result<HttpOptions> source_http_options(const SourceConfig& source, std::size_t connections);

// Goes on with a plan, or makes one, until it is finished, its time is up or it is interrupted; the
// next call goes on from there. Safe to call at any time from any number of processes: two
// exclude each other (kConflict). Sets that fail are counted and no Error.
Result<FetchOutcome> run_fetch(ObjectStore& store, const DatasetConfig& dataset,
                               const FetchRequest& request, const FetchTools& tools,
                               const FetchOptions& options);

}  // namespace lakegate
