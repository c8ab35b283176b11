#include "aws/signed_service.h"

#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <random>

#include "aws/fault.h"
#include "aws/signer.h"
#include "lake/error.h"
#include "net/crt_runtime.h"
#include "net/uri_encoding.h"

namespace lakegate {
namespace {

using Clock = std::chrono::steady_clock;

// With clocks less apart than that a signature fails for another reason.
constexpr auto kClocksApart = std::chrono::minutes(4);

double jitter() {
  thread_local std::minstd_rand random{std::random_device{}()};
  return std::uniform_real_distribution<double>(0, 1)(random);
}

bool is_loopback(std::string_view host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

// One call from its first attempt to its last; keeps itself alive by the callbacks it waits for.
class Call : public CallsUnderWay::Call, public std::enable_shared_from_this<Call> {
 public:
  Call(std::shared_ptr<AwsShared> shared, std::shared_ptr<Signer> signer, HttpRequest request,
       PayloadHash payload, const CallOptions& options, std::function<void(Result<AwsReply>)> done)
      : shared_(std::move(shared)),
        signer_(std::move(signer)),
        request_(std::move(request)),
        payload_(payload),
        attempts_allowed_(std::max(options.attempts, 1)),
        deadline_(options.deadline.value_or(shared_->deadline.load())),
        done_(std::move(done)) {}

  void begin() {
    shared_->calls.add(shared_from_this());
    if (Clock::now() >= shared_->deadline.load()) return finish_later(Failure(out_of_time()));
    attempt();
  }

  void cut() override {
    if (done_) finish(Failure(out_of_time()));
  }

 private:
  void attempt() {
    ++attempts_;
    shared_->credentials->get([self = shared_from_this()](Result<Credentials> credentials) {
      if (!credentials) return self->finish_later(Failure(std::move(credentials).error()));
      const auto now = std::chrono::system_clock::now() + self->shared_->clock_offset.load();
      auto request = self->signer_->sign(self->request_, *credentials, now, self->payload_);
      if (!request) return self->finish_later(Failure(std::move(request).error()));
      self->shared_->http->send(std::move(*request),
                                [self](Result<HttpReply> reply) { self->take(std::move(reply)); });
    });
  }

  // Of a call that was cut nobody waits any more.
  void take(Result<HttpReply> got) {
    if (!done_) return;
    if (!got) {
      const bool again = got.error().kind == ErrorKind::kRetryable;
      if (again && try_again(RetryClass::kTransient, true)) return;
      return finish(Failure(std::move(got).error()));
    }
    AwsReply reply{.http = std::move(*got), .attempts = attempts_, .fault = {}};
    reply.fault = read_fault(reply.http, request_.method);
    if (!reply.fault) {
      shared_->quota.give_back(cost_);
      return finish(std::move(reply));
    }
    RetryClass why = retry_class(*reply.fault);
    if (learn_clock(reply)) why = RetryClass::kClock;
    if (why == RetryClass::kCredentials) shared_->credentials->forget();
    // New credentials or a new clock that do not help will not help a third time either.
    const bool once = why == RetryClass::kClock || why == RetryClass::kCredentials;
    const bool helped_before = once && std::exchange(renewed_, true);
    if (why != RetryClass::kNo && !helped_before && try_again(why, false)) return;
    finish(std::move(reply));
  }

  bool learn_clock(const AwsReply& reply) {
    const bool about_time = retry_class(*reply.fault) == RetryClass::kClock;
    const bool perhaps = reply.fault->code == "SignatureDoesNotMatch" ||
                         reply.fault->code == "InvalidSignatureException" ||
                         reply.fault->code == "AuthFailure";
    if (!about_time && !perhaps) return false;
    const auto now = std::chrono::system_clock::now();
    const auto offset = clock_offset(reply.http, now);
    if (!offset) return about_time;
    const auto change = *offset - shared_->clock_offset.load();
    if (std::chrono::abs(change) < kClocksApart) return about_time;
    shared_->clock_offset = *offset;
    return true;
  }

  bool try_again(RetryClass why, bool no_reply) {
    if (attempts_ >= attempts_allowed_) return false;
    const auto delay = retry_delay(why, attempts_, jitter());
    if (deadline_ != Clock::time_point::max() && Clock::now() + delay >= deadline_) return false;
    const int cost = shared_->quota.take(no_reply);
    if (cost == 0) return false;
    cost_ = cost;
    const auto runtime = CrtRuntime::start();
    if (!runtime) return false;
    (*runtime)->post(
        [self = shared_from_this()] {
          if (self->done_) self->attempt();
        },
        delay);
    return true;
  }

  void finish(Result<AwsReply> result) {
    shared_->calls.remove(this);
    std::exchange(done_, nullptr)(std::move(result));
  }
  // From a thread that may be the caller's own.
  void finish_later(Result<AwsReply> result) {
    const auto runtime = CrtRuntime::start();
    if (!runtime) return finish(std::move(result));
    (*runtime)->post([self = shared_from_this(), result = std::move(result)]() mutable {
      if (self->done_) self->finish(std::move(result));
    });
  }

  Error out_of_time() const {
    return {ErrorKind::kRetryable,
            fmt::format("{}: no reply before the time was over", host_header(request_.origin)),
            {}};
  }

  std::shared_ptr<AwsShared> shared_;
  std::shared_ptr<Signer> signer_;
  HttpRequest request_;
  PayloadHash payload_;
  int attempts_allowed_;
  Clock::time_point deadline_;
  std::function<void(Result<AwsReply>)> done_;
  int attempts_ = 0;
  int cost_ = 0;
  bool renewed_ = false;
};

class SignedService : public ServiceClient {
 public:
  SignedService(std::shared_ptr<AwsShared> shared, std::string service, HttpOrigin origin)
      : shared_(std::move(shared)),
        signer_(std::make_shared<Signer>(
            SigningScope{.service = std::move(service), .region = shared_->settings.region})),
        origin_(std::move(origin)) {}

  using ServiceClient::call;
  void call(AwsRequest request, const CallOptions& options,
            std::function<void(Result<AwsReply>)> done) override {
    HttpRequest http{.method = std::move(request.method),
                     .origin = origin_,
                     .target = std::move(request.path),
                     .headers = std::move(request.headers),
                     .body = std::move(request.body),
                     .room = std::move(request.room)};
    if (!request.query.empty()) http.target += "?" + query_string(request.query);
    // Where nobody can listen in between, the checksum that S3 verifies is enough.
    const bool hash_it = !request.unsigned_payload || !(origin_.tls || is_loopback(origin_.host));
    std::make_shared<Call>(shared_, signer_, std::move(http),
                           hash_it ? PayloadHash::kSigned : PayloadHash::kUnsigned, options,
                           std::move(done))
        ->begin();
  }
  bool is_over() const override { return Clock::now() >= shared_->deadline.load(); }

 private:
  std::shared_ptr<AwsShared> shared_;
  std::shared_ptr<Signer> signer_;
  HttpOrigin origin_;
};

}  // namespace

void CallsUnderWay::add(const std::shared_ptr<Call>& call) {
  const std::lock_guard guard(mutex_);
  calls_.emplace(call.get(), call);
}

void CallsUnderWay::remove(const Call* call) {
  const std::lock_guard guard(mutex_);
  calls_.erase(call);
}

void CallsUnderWay::cut_all() {
  std::vector<std::weak_ptr<Call>> calls;
  {
    const std::lock_guard guard(mutex_);
    for (const auto& [address, call] : calls_) calls.push_back(call);
  }
  for (const auto& call : calls)
    if (const auto alive = call.lock()) alive->cut();
}

void set_deadline(const std::shared_ptr<AwsShared>& shared, Clock::time_point deadline) {
  shared->deadline = deadline;
  if (deadline == Clock::time_point::max()) return;
  const auto runtime = CrtRuntime::start();
  if (!runtime) return;  // then there is no call either
  (*runtime)->post(
      [weak = std::weak_ptr(shared), deadline] {
        const auto alive = weak.lock();
        if (alive && alive->deadline.load() == deadline) alive->calls.cut_all();
      },
      std::max<Clock::duration>(deadline - Clock::now(), {}));
}

Result<AwsReply> ServiceClient::call(AwsRequest request, const CallOptions& options) {
  auto promise = std::make_shared<std::promise<Result<AwsReply>>>();
  auto reply = promise->get_future();
  call(std::move(request), options,
       [promise](Result<AwsReply> got) { promise->set_value(std::move(got)); });
  return reply.get();
}

std::shared_ptr<ServiceClient> make_signed_service(std::shared_ptr<AwsShared> shared,
                                                   std::string service, HttpOrigin origin) {
  return std::make_shared<SignedService>(std::move(shared), std::move(service), std::move(origin));
}

}  // namespace lakegate
