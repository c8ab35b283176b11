// What the engine asks of its user: which requests to make, and what to do with the replies.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "extract/auth.h"
#include "extract/page.h"
#include "lake/error.h"
#include "net/http.h"

namespace lakegate {

// What became of one parameter set.
struct Answer {
  std::vector<HttpReply> pages;         // bodies decoded; those before a failure, too
  std::optional<Error> failure;         // nothing: every page is there
  int attempts = 0;                     // requests sent, redirects not counted
  int status = 0;                       // the last one; 0: never a reply
  std::uint64_t bytes = 0;              // of bodies
  std::chrono::milliseconds latency{};  // from the first request to the last reply, waits included
};

struct EngineProgress {
  std::size_t begun = 0, answered = 0, failed = 0;  // sets
  std::size_t in_flight = 0;                        // requests
  std::uint64_t replies = 0, retries = 0, bytes = 0;
};

// All calls come from the thread that called run_engine. An Error of request(), sign_again() or
// next() is that set's failure.
class Asking {
 public:
  virtual ~Asking() = default;

  // The request for a page of set `n`; built anew for each attempt, so that signatures are fresh.
  // kRetryable is tried again later, like a server that is busy.
  virtual Result<AuthorizedRequest> request(std::size_t n, const Page& page) = 0;
  // What was signed and led elsewhere within its origin: signed anew for where it goes now.
  virtual Result<AuthorizedRequest> sign_again(AuthorizedRequest request) { return request; }
  // `reply` is the 2xx answer to `request`, after redirects. The page that follows, if any.
  virtual Result<std::optional<Page>> next(std::size_t n, const HttpRequest& request,
                                           const Page& page, const HttpReply& reply) = 0;
  // A 401: whether other credentials are to be had, so that it is worth asking once more.
  virtual bool refused(std::size_t /*n*/, const HttpRequest& /*request*/) { return false; }
  // Every set that was begun, in the order given, exactly once. An Error ends the run.
  virtual Result<void> answered(std::size_t n, Answer answer) = 0;
  // Asked before each new set. False: no further set is begun, what has been is finished.
  virtual bool may_begin(std::size_t n) = 0;
  // Now and then, at least every 200 ms: for progress.
  virtual void progress(const EngineProgress& /*now*/) {}
};

}  // namespace lakegate
