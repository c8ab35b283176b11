#include <fmt/format.h>

#include "extract/engine_run.h"

namespace lakegate {
namespace {

constexpr int kMostRedirects = 5;
constexpr std::chrono::minutes kLongestComeBack{5};
constexpr std::size_t kReplyBytes = 512;  // what a reply costs beside its body and headers

std::size_t size_beside_body(const HttpReply& reply) {
  std::size_t size = kReplyBytes;
  for (const HttpHeader& header : reply.headers)
    size += header.name.size() + header.value.size() + sizeof(HttpHeader);
  return size;
}

}  // namespace

// As if it had not been sent.
void EngineRun::recalled(std::size_t position) {
  OpenSet& set = at(position);
  servers_.ended();
  set.server->pace.recalled();
  set.is_in_flight = false;
  if (set.redirects == 0 && --set.answer.attempts == 0) set.first_sent.reset();
  if (set.failures == 0 && set.redirects == 0) budget_.recalled();
  set.built = set.sent;
  servers_.wait(*set.server, position);
  if (is_closing_) forget_unsent();
}

// What has been handed over ahead is not to go to a server that shows that it is too much.
void EngineRun::hold_back() {
  if (servers_.in_flight() <= concurrency_) return;
  flush();
  client_.recall();
}

void EngineRun::arrived(std::size_t position, Result<HttpReply> outcome) {
  if (!outcome && is_recalled(outcome.error())) return recalled(position);
  OpenSet& set = at(position);
  ServerPace& pace = set.server->pace;
  servers_.ended();
  set.is_in_flight = false;
  if (outcome && set.answer.attempts == 1 && set.redirects == 0) *set.first_sent += outcome->queued;
  set.answer.latency =
      std::chrono::duration_cast<std::chrono::milliseconds>(now_ - *set.first_sent);
  const Verdict verdict = judge(outcome);
  if (outcome) {
    ++progress_.replies;
    progress_.bytes += outcome->body.size();
    set.answer.status = outcome->status;
    if (verdict != Verdict::kGood) give_back(outcome->body.size());
  }
  switch (verdict) {
    case Verdict::kGood:
    case Verdict::kRedirect:
    case Verdict::kUnauthorized:
    case Verdict::kBad:
      pace.came_through(outcome->first_byte);
      is_alive();
      break;
    case Verdict::kTroubled:
      pace.failed();
      is_alive();
      break;
    case Verdict::kHopeless:
      pace.failed();
      break;
    case Verdict::kTimedOut:
      pace.timed_out(set.sent, now_);
      hold_back();
      break;
    case Verdict::kLost:
      pace.lost(set.sent, now_);
      hold_back();
      break;
    case Verdict::kTurnedAway:
      hold_back();
      return turned_away(position, *outcome);
  }
  switch (verdict) {
    case Verdict::kGood:
      return keep(position, *std::move(outcome));
    case Verdict::kRedirect:
      return follow(position, *outcome);
    case Verdict::kUnauthorized:
      if (outcome->queued > kFresh) return ask_again_now(position);  // its signature was old
      if (!set.has_new_credentials && asking_.refused(set.n, set.asked->request)) {
        set.has_new_credentials = true;
        return ask_again_now(position);
      }
      break;
    case Verdict::kHopeless:
      return failed(set, std::move(outcome).error());
    case Verdict::kTroubled: {
      const auto come_back = retry_after(outcome->header("retry-after"), clock_.wall());
      return try_again(
          position,
          {ErrorKind::kRetryable, describe_status(set.asked->request, outcome->status), {}},
          std::min<std::chrono::milliseconds>(come_back.value_or(std::chrono::milliseconds(0)),
                                              kLongestComeBack));
    }
    case Verdict::kTimedOut:
    case Verdict::kLost:
      return try_again(position, std::move(outcome).error(), std::chrono::milliseconds(0));
    case Verdict::kBad:
      if (outcome->queued > kFresh) return ask_again_now(position);
      break;
    case Verdict::kTurnedAway:
      break;
  }
  failed(set, {ErrorKind::kPermanent, describe_status(set.asked->request, outcome->status), {}});
}

void EngineRun::keep(std::size_t position, HttpReply reply) {
  OpenSet& set = at(position);
  const std::size_t beside = size_beside_body(reply);
  if (options_.memory) options_.memory->take(beside);
  const std::size_t held = beside + reply.body.size();
  set.held += held;
  usual_reply_ += (static_cast<double>(held) - usual_reply_) / 16;
  set.answer.bytes += reply.body.size();
  set.answer.pages.push_back(std::move(reply));
  // What is asked first reads on whatever it takes, so that a set must have an end.
  if (set.answer.pages.size() > 1 && set.held > options_.most_of_a_set)
    return failed(set, {ErrorKind::kPermanent,
                        fmt::format("its first {} pages are more than the {} MiB that one set may "
                                    "take in memory; ask for less with each parameter set, or give "
                                    "it more --memory",
                                    set.answer.pages.size(), options_.most_of_a_set >> 20),
                        {}});
  auto next = asking_.next(set.n, set.asked->request, set.page, set.answer.pages.back());
  if (!next) return failed(set, std::move(next).error());
  if (!*next) return done(set);
  set.page = **std::move(next);
  set.failures = 0;
  set.has_new_credentials = false;
  ask_again_now(position);
}

void EngineRun::follow(std::size_t position, const HttpReply& redirect) {
  OpenSet& set = at(position);
  if (++set.redirects > kMostRedirects)
    return failed(set, {ErrorKind::kPermanent,
                        fmt::format("{} redirects more than {} times",
                                    host_header(set.asked->request.origin), kMostRedirects),
                        {}});
  auto there = redirected(*set.asked, redirect, {.allow_http = options_.allow_http});
  if (there && !there->signature_headers.empty()) there = asking_.sign_again(*std::move(there));
  if (!there) return not_built(position, std::move(there).error());
  built(position, *std::move(there));
  servers_.wait(*set.server, position);
}

void EngineRun::turned_away(std::size_t position, const HttpReply& reply) {
  OpenSet& set = at(position);
  const auto come_back = retry_after(reply.header("retry-after"), clock_.wall());
  last_refusal_ = describe_status(set.asked->request, reply.status);
  Error error{ErrorKind::kRetryable, last_refusal_, {}};
  if (come_back && *come_back > kLongestComeBack) {
    set.server->pace.turned_away(set.sent, now_);
    error.message +=
        fmt::format(" and wants to be left alone for {} s",
                    std::chrono::duration_cast<std::chrono::seconds>(*come_back).count());
    error.message += "; run it again after that, it goes on where it stopped";
    gone_ = std::move(error);
    return;
  }
  if (reply.status == 429)
    set.server->pace.throttled(set.sent, now_, come_back);
  else  // which may be about this request only
    set.server->pace.turned_away(set.sent, now_);
  if (come_back) alive_ = std::max(alive_, now_ + *come_back);
  try_again(position, std::move(error), come_back.value_or(std::chrono::milliseconds(0)));
}

void EngineRun::try_again(std::size_t position, Error error, std::chrono::milliseconds not_before) {
  OpenSet& set = at(position);
  set.redirects = 0;
  set.built.reset();
  if (++set.failures > options_.retries) {
    if (options_.retries > 0) error.message += fmt::format(" (tried {} times)", set.failures);
    return failed(set, std::move(error));
  }
  const bool is_down = set.server != nullptr && set.server->pace.is_down();
  if (is_down) last_refusal_ = error.message;
  // A server that is left alone is not hammered, and its sets have no part in its failure.
  if (!budget_.take() && !is_down) {
    error.message += "; it was not tried again, because too many requests have failed";
    return failed(set, std::move(error));
  }
  ++progress_.retries;
  retries_.emplace(now_ + std::max(not_before, backoff_.after(set.failures)), position);
}

void EngineRun::ask_again_now(std::size_t position) {
  at(position).redirects = 0;
  if (build(position)) servers_.wait(*at(position).server, position);
}

void EngineRun::failed(OpenSet& set, Error error) {
  set.answer.failure = std::move(error);
  ++progress_.failed;
  done(set);
}

void EngineRun::done(OpenSet& set) {
  set.is_done = true;
  set.page = {};
  set.asked.reset();
}

void EngineRun::is_alive() {
  alive_ = std::max(alive_, now_);
  was_ever_alive_ = true;
}

}  // namespace lakegate
