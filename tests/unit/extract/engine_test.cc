#include "extract/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "fakes/virtual_servers.h"

namespace lakegate {
namespace {

using std::chrono::milliseconds;
using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::Ge;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Le;
using testing::SizeIs;

const HttpOrigin kApi = {.host = "api.example.com"};

Answering status(int code, std::vector<HttpHeader> headers = {}) {
  return {.outcome = HttpReply{.status = code, .headers = std::move(headers), .body = "{}"}};
}
Answering lost() {
  return {.outcome = fail(ErrorKind::kRetryable, "api.example.com: nothing listens there"),
          .after = milliseconds(1)};
}

std::size_t set_of(const HttpRequest& request) {
  return std::stoul(request.target.substr(1));
}

// Asks for /n at the API, and keeps what comes.
class Asker : public Asking {
 public:
  Result<AuthorizedRequest> request(std::size_t n, const Page& page) override {
    AuthorizedRequest asked{.request = {.origin = kApi,
                                        .target = "/" + std::to_string(n),
                                        .headers = {{"x-key", "secret"}, {"accept", "*/*"}}},
                            .credential_headers = {"x-key"}};
    if (page.number > 0) asked.request.target += "?page=" + std::to_string(page.number);
    return asked;
  }
  Result<std::optional<Page>> next(std::size_t /*n*/, const HttpRequest& /*request*/,
                                   const Page& page, const HttpReply& /*reply*/) override {
    if (page.number + 1 >= pages_each) return std::nullopt;
    return Page{.number = page.number + 1};
  }
  Result<void> answered(std::size_t n, Answer answer) override {
    order.push_back(n);
    answers.push_back(std::move(answer));
    return {};
  }
  bool may_begin(std::size_t n) override { return n < begin_below; }

  std::vector<std::string> failures() const {
    std::vector<std::string> messages;
    for (const Answer& answer : answers)
      if (answer.failure) messages.push_back(answer.failure->message);
    return messages;
  }

  std::uint32_t pages_each = 1;
  std::size_t begin_below = SIZE_MAX;
  std::vector<std::size_t> order;
  std::vector<Answer> answers;
};

std::vector<std::size_t> first(std::size_t count) {
  std::vector<std::size_t> sets(count);
  std::iota(sets.begin(), sets.end(), 0);
  return sets;
}

class EngineTest : public testing::Test {
 protected:
  EngineTest() { options_.seed = 20'261'125; }
  Result<EngineStats> run(std::size_t sets, VirtualServers::Script script) {
    servers_ = std::make_unique<VirtualServers>(clock_, std::move(script));
    servers_->take_from(options_.memory);
    if (options_.ahead > 0) servers_->hold_at(options_.concurrency);
    options_.clock = &clock_;
    return run_engine(*servers_, options_, first(sets), asker_);
  }
  // How often each set was asked for.
  std::vector<int> times_asked(std::size_t sets) const {
    std::vector<int> times(sets);
    for (const auto& asked : servers_->asked()) ++times[set_of(asked.request)];
    return times;
  }

  VirtualClock clock_;
  EngineOptions options_;
  Asker asker_;
  std::unique_ptr<VirtualServers> servers_;
};

TEST_F(EngineTest, AnswersEverySetOnceInTheOrderOfThePlanWhateverArrivesFirst) {
  std::mt19937 random(7);
  const auto stats = run(2'000, [&](const HttpRequest& request, std::size_t) {
    return Answering{.outcome = HttpReply{.status = 200, .body = request.target},
                     .after = milliseconds(1 + random() % 500)};
  });
  ASSERT_TRUE(stats) << stats.error().to_string();
  EXPECT_TRUE(stats->complete);
  EXPECT_EQ(asker_.order, first(2'000));
  for (std::size_t n = 0; n < 2'000; ++n) {
    ASSERT_THAT(asker_.answers[n].pages, SizeIs(1));
    EXPECT_EQ(asker_.answers[n].pages[0].body, "/" + std::to_string(n));
    EXPECT_EQ(asker_.answers[n].attempts, 1);
  }
}

TEST_F(EngineTest, AsksAgainForWhatMayBeGoodAnotherTime) {
  const std::vector<Answering> troubles = {status(408), status(425), status(429), status(500),
                                           status(502), status(503), status(504), lost()};
  std::vector<int> seen(troubles.size());
  const auto stats = run(troubles.size(), [&](const HttpRequest& request, std::size_t) {
    const std::size_t n = set_of(request);
    return seen[n]++ < 2 ? troubles[n] : Answering{};
  });
  ASSERT_TRUE(stats) << stats.error().to_string();
  EXPECT_THAT(asker_.failures(), IsEmpty());
  for (const Answer& answer : asker_.answers) EXPECT_EQ(answer.attempts, 3);
}

TEST_F(EngineTest, AnyOtherStatusIsThatSetsFailureAtOnce) {
  const std::vector<int> statuses = {400, 403, 404, 410, 418, 304, 300};
  const auto stats = run(statuses.size(), [&](const HttpRequest& request, std::size_t) {
    return status(statuses[set_of(request)]);
  });
  ASSERT_TRUE(stats) << stats.error().to_string();
  EXPECT_TRUE(stats->complete);
  EXPECT_THAT(asker_.failures(), SizeIs(statuses.size()));
  EXPECT_THAT(times_asked(statuses.size()), Each(1));
  EXPECT_EQ(asker_.answers[2].status, 404);
  EXPECT_EQ(asker_.answers[2].failure->message, "api.example.com answered 404");
}

TEST_F(EngineTest, GivesASetUpAfterItsRetries) {
  options_.retries = 3;
  const auto stats = run(100, [](const HttpRequest& request, std::size_t) {
    return set_of(request) == 50 ? status(500) : Answering{};
  });
  ASSERT_TRUE(stats);
  EXPECT_THAT(asker_.failures(), ElementsAre("api.example.com answered 500 (tried 4 times)"));
  EXPECT_EQ(asker_.answers[50].attempts, 4);
}

TEST_F(EngineTest, WaitsForAsLongAsTheServerSays) {
  const auto come_back_when = [this](std::string value) {
    return run(1, [value](const HttpRequest&, std::size_t before) {
      return before == 0 ? status(429, {{"Retry-After", value}}) : Answering{};
    });
  };
  ASSERT_TRUE(come_back_when("7"));
  EXPECT_THAT(servers_->asked()[1].at.count(), Ge(7'000));
  const auto start = clock_.elapsed();
  ASSERT_TRUE(come_back_when("Wed, 25 Nov 2026 00:01:00 GMT"));
  EXPECT_LT(start, milliseconds(60'000));
  EXPECT_THAT(servers_->asked()[1].at.count(), AllOf(Ge(60'000), Le(61'000)));
}

TEST_F(EngineTest, A429HoldsBackAllThatGoesToThatServer) {
  options_.concurrency = 4;
  const auto stats = run(100, [](const HttpRequest&, std::size_t before) {
    return before == 40 ? status(429, {{"Retry-After", "30"}}) : Answering{};
  });
  ASSERT_TRUE(stats);
  // Those under way with it, and then nothing.
  const auto& asked = servers_->asked();
  const auto quiet = std::ranges::count_if(asked, [&](const auto& one) {
    return one.at > asked[40].at + milliseconds(10) && one.at < asked[40].at + milliseconds(30'000);
  });
  EXPECT_EQ(quiet, 0);
  EXPECT_THAT(asker_.failures(), IsEmpty());
}

TEST_F(EngineTest, AServerThatFailsAtEverythingIsNotHammered) {
  options_.retry_budget = 0.1;
  options_.concurrency = 16;
  constexpr std::size_t kSets = 5'000;
  const auto stats = run(kSets, [](const HttpRequest&, std::size_t) { return status(500); });
  ASSERT_TRUE(stats);
  EXPECT_THAT(asker_.failures(), SizeIs(kSets));
  EXPECT_LE(servers_->asked().size(), kSets * 12 / 10);
  EXPECT_THAT(asker_.failures().back(), HasSubstr("too many requests have failed"));
}

TEST_F(EngineTest, ALostServerEndsTheRunAndFailsNoSet) {
  const auto stats = run(10'000, [](const HttpRequest&, std::size_t before) {
    return before < 2'000 ? Answering{} : lost();
  });
  ASSERT_FALSE(stats);
  EXPECT_EQ(stats.error().kind, ErrorKind::kRetryable);
  EXPECT_THAT(stats.error().message, HasSubstr("nothing listens there"));
  EXPECT_THAT(stats.error().message, HasSubstr("goes on where it stopped"));
  EXPECT_THAT(asker_.failures(), IsEmpty());
  // All that were under way when it went, and then one now and again.
  EXPECT_LE(servers_->asked().size(), 2'000 + 2 * options_.concurrency + 60);
}

TEST_F(EngineTest, ARestartOfTheServerCostsNoSet) {
  const auto stats = run(12'000, [this](const HttpRequest&, std::size_t) {
    const bool is_down =
        clock_.elapsed() > milliseconds(300) && clock_.elapsed() < milliseconds(8'000);
    return is_down ? lost() : Answering{};
  });
  ASSERT_TRUE(stats) << stats.error().to_string();
  EXPECT_TRUE(stats->complete);
  EXPECT_THAT(asker_.failures(), IsEmpty());
  EXPECT_EQ(asker_.order, first(12'000));
}

TEST_F(EngineTest, RandomFailuresAllOverLoseAndRepeatNothing) {
  std::mt19937 random(99);
  std::vector<int> good(12'000);
  const auto stats = run(good.size(), [&](const HttpRequest& request, std::size_t) {
    const auto dice = random() % 100;
    if (dice < 10) return status(500);
    if (dice < 12) return lost();
    if (dice < 14) return status(429, {{"Retry-After", "1"}});
    ++good[set_of(request)];
    return Answering{.after = milliseconds(1 + random() % 50)};
  });
  ASSERT_TRUE(stats) << stats.error().to_string();
  EXPECT_EQ(asker_.order, first(good.size()));
  for (std::size_t n = 0; n < good.size(); ++n)
    EXPECT_EQ(good[n], asker_.answers[n].failure ? 0 : 1) << n;
  EXPECT_THAT(asker_.failures(), SizeIs(Le(5)));
}

TEST_F(EngineTest, NeverMoreAtOnceThanAllowed) {
  options_.concurrency = 37;
  ASSERT_TRUE(run(1'000, [](const HttpRequest&, std::size_t) { return Answering{}; }));
  EXPECT_EQ(servers_->most_at_once(), 37u);
}

TEST_F(EngineTest, HandsSomeOverAheadOfTheirPlaces) {
  options_.concurrency = 37;
  options_.ahead = 5;
  const auto stats = run(1'000, [](const HttpRequest&, std::size_t) { return Answering{}; });
  ASSERT_TRUE(stats);
  EXPECT_EQ(servers_->most_at_once(), 37u);
  EXPECT_EQ(servers_->recalled(), 0u);
  EXPECT_EQ(stats->most_in_flight, 37u);
  // Each is asked as soon as another ends, at the same moment of virtual time.
  EXPECT_EQ(clock_.elapsed(), milliseconds(10) * ((1'000 + 36) / 37));
}

TEST_F(EngineTest, WhatIsHandedOverAheadComesBackWhenTheServerSaysThatItIsTooMuch) {
  options_.concurrency = 40;
  options_.ahead = 10;
  const auto stats = run(500, [](const HttpRequest&, std::size_t before) {
    Answering answering = before == 0 ? status(429) : Answering{.after = milliseconds(20)};
    if (before == 0) answering.outcome->headers = {{"retry-after", "2"}};
    return answering;
  });
  ASSERT_TRUE(stats);
  EXPECT_THAT(servers_->recalled(), testing::AllOf(testing::Ge(9u), Le(10u)));
  EXPECT_THAT(asker_.failures(), testing::IsEmpty());
  EXPECT_EQ(asker_.order, first(500));
  // The one that takes the place of the first is on its way before the engine hears of that.
  std::size_t in_between = 0;
  for (const auto& asked : servers_->asked())
    if (asked.at > milliseconds(10) && asked.at < milliseconds(2'000)) ++in_between;
  EXPECT_EQ(in_between, 0u);
  for (const Answer& answer : asker_.answers)
    EXPECT_EQ(answer.attempts, &answer == asker_.answers.data() ? 2 : 1);
}

TEST_F(EngineTest, WhatIsHandedOverAheadIsNotAskedWhenNothingNewMayBegin) {
  options_.concurrency = 40;
  options_.ahead = 10;
  asker_.begin_below = 45;
  const auto stats = run(100, [](const HttpRequest&, std::size_t) { return Answering{}; });
  ASSERT_TRUE(stats);
  EXPECT_FALSE(stats->complete);
  EXPECT_EQ(servers_->asked().size(), 40u);
  EXPECT_EQ(asker_.order, first(40));
}

TEST_F(EngineTest, AnOldSignatureThatWasRefusedIsMadeAnew) {
  options_.ahead = 1;
  ASSERT_TRUE(run(1, [](const HttpRequest&, std::size_t before) {
    return before > 0
               ? Answering{}
               : Answering{.outcome = HttpReply{.status = 403, .queued = std::chrono::seconds(31)}};
  }));
  EXPECT_THAT(asker_.failures(), testing::IsEmpty());
  EXPECT_EQ(servers_->asked().size(), 2u);
}

TEST_F(EngineTest, WhatARequestWaitedForAtTheClientIsNoLatencyOfTheServer) {
  options_.ahead = 1;
  ASSERT_TRUE(run(1, [](const HttpRequest&, std::size_t) {
    return Answering{.outcome = HttpReply{.status = 200, .body = "{}", .queued = milliseconds(30)},
                     .after = milliseconds(100)};
  }));
  EXPECT_EQ(asker_.answers[0].latency, milliseconds(70));
}

TEST_F(EngineTest, WithAConcurrencyOfOneSetsFollowEachOther) {
  options_.concurrency = 1;
  std::vector<int> seen(20);
  ASSERT_TRUE(run(20, [&](const HttpRequest& request, std::size_t) {
    const std::size_t n = set_of(request);
    return seen[n]++ == 0 && n % 3 == 0 ? status(500) : Answering{};
  }));
  EXPECT_EQ(servers_->most_at_once(), 1u);
  EXPECT_TRUE(std::ranges::is_sorted(servers_->asked(), {},
                                     [](const auto& asked) { return set_of(asked.request); }));
}

TEST_F(EngineTest, ReachesItsConcurrencyWithinARoundTrip) {
  options_.concurrency = 900;
  const auto stats = run(20'000, [](const HttpRequest&, std::size_t) {
    return Answering{.after = milliseconds(100)};
  });
  ASSERT_TRUE(stats);
  // 23 rounds of 900 are the floor.
  EXPECT_THAT(clock_.elapsed().count(), Le(2'400));
}

TEST_F(EngineTest, AsksNoFasterThanAllowed) {
  options_.requests_per_second = 50;
  ASSERT_TRUE(run(500, [](const HttpRequest&, std::size_t) { return Answering{}; }));
  EXPECT_THAT(clock_.elapsed().count(), AllOf(Ge(9'800), Le(10'500)));
  const auto& asked = servers_->asked();
  for (std::size_t i = 0; i + 50 < asked.size(); ++i)
    EXPECT_GE(asked[i + 50].at - asked[i].at, milliseconds(880)) << i;
}

TEST_F(EngineTest, EachServerHasItsOwnRate) {
  class TwoServers : public Asker {
    Result<AuthorizedRequest> request(std::size_t n, const Page& page) override {
      auto asked = Asker::request(n, page);
      if (n % 2 == 1) asked->request.origin.host = "other.example.com";
      return asked;
    }
  } asking;
  options_.clock = &clock_;
  options_.requests_per_second_per_host = 10;
  VirtualServers servers(clock_, [](const HttpRequest&, std::size_t) { return Answering{}; });
  ASSERT_TRUE(run_engine(servers, options_, first(200), asking));
  EXPECT_THAT(clock_.elapsed().count(), AllOf(Ge(9'700), Le(10'500)));
}

TEST_F(EngineTest, SetsThatFailBehindAnOldOneThatIsOutTakeMemoryToo) {
  options_.memory = std::make_shared<ReplyMemory>(1 << 20);
  const auto stats = run(20'000, [&](const HttpRequest&, std::size_t before) {
    return Answering{.outcome = HttpReply{.status = before == 0 ? 200 : 404},
                     .after = milliseconds(before == 0 ? 60'000 : 1)};
  });
  ASSERT_TRUE(stats) << stats.error().to_string();
  const auto in_the_first_minute = std::ranges::count_if(
      servers_->asked(), [](const auto& asked) { return asked.at < milliseconds(60'000); });
  EXPECT_THAT(in_the_first_minute, AllOf(Ge(500), Le(1'100)));
  EXPECT_EQ(options_.memory->held(), 0u);
  EXPECT_EQ(asker_.order, first(20'000));
}

TEST_F(EngineTest, BeginsNothingNewWhileMemoryIsSpentAndTheOldestIsOut) {
  constexpr std::size_t kReply = 10'000;
  options_.memory = std::make_shared<ReplyMemory>(100 * kReply);
  std::size_t most_held = 0;
  const auto stats = run(2'000, [&](const HttpRequest& request, std::size_t before) {
    most_held = std::max(most_held, options_.memory->held());
    // The first takes a minute; whatever comes behind it has to wait for its turn.
    return Answering{.outcome = HttpReply{.status = 200, .body = std::string(kReply, 'x')},
                     .after = milliseconds(before == 0 ? 60'000 : 1 + set_of(request) % 7)};
  });
  ASSERT_TRUE(stats) << stats.error().to_string();
  const auto in_the_first_minute = std::ranges::count_if(
      servers_->asked(), [](const auto& asked) { return asked.at < milliseconds(60'000); });
  EXPECT_THAT(in_the_first_minute, AllOf(Ge(60), Le(110)));
  EXPECT_LE(most_held, 110 * kReply);
  EXPECT_EQ(options_.memory->held(), 0u);
  EXPECT_EQ(asker_.order, first(2'000));
}

TEST_F(EngineTest, ASetsPagesAreOneAnswer) {
  asker_.pages_each = 4;
  std::size_t failed = 0;
  ASSERT_TRUE(run(50, [&](const HttpRequest& request, std::size_t) {
    if (request.target == "/7?page=2" && failed++ == 0) return status(502);
    Answering answering;
    answering.outcome->body = request.target;
    return answering;
  }));
  EXPECT_THAT(asker_.answers, Each(testing::Field(&Answer::pages, SizeIs(4))));
  EXPECT_EQ(asker_.answers[7].pages[3].body, "/7?page=3");
  EXPECT_EQ(asker_.answers[7].attempts, 5);
}

TEST_F(EngineTest, FollowsRedirectsAndLeavesCredentialsBehind) {
  const auto stats = run(1, [](const HttpRequest& request, std::size_t) {
    if (request.target == "/0") return status(302, {{"Location", "/moved"}});
    if (request.target == "/moved")
      return status(307, {{"Location", "https://files.example.net/a?b=c"}});
    return Answering{};
  });
  ASSERT_TRUE(stats);
  ASSERT_THAT(servers_->asked(), SizeIs(3));
  EXPECT_EQ(servers_->asked()[1].request.headers.size(), 2u);
  const HttpRequest& last = servers_->asked()[2].request;
  EXPECT_EQ(last.origin.host, "files.example.net");
  EXPECT_EQ(last.target, "/a?b=c");
  ASSERT_THAT(last.headers, SizeIs(1));
  EXPECT_EQ(last.headers[0].name, "accept");
  EXPECT_EQ(asker_.answers[0].attempts, 1);
  EXPECT_THAT(asker_.failures(), IsEmpty());
}

TEST_F(EngineTest, RefusesRedirectsThatGoInCirclesOrToHttp) {
  const auto stats = run(2, [](const HttpRequest& request, std::size_t) {
    if (request.target == "/1") return status(301, {{"Location", "http://api.example.com/1"}});
    return status(301, {{"Location", "/0"}});
  });
  ASSERT_TRUE(stats);
  EXPECT_THAT(asker_.failures(),
              ElementsAre(HasSubstr("redirects more than 5 times"), HasSubstr("allow_http: true")));
  EXPECT_THAT(times_asked(2), ElementsAre(6, 1));
}

TEST_F(EngineTest, FinishesWhatIsBegunWhenNothingNewMayBegin) {
  asker_.begin_below = 300;
  const auto stats = run(1'000, [](const HttpRequest& request, std::size_t before) {
    return set_of(request) == 285 && before < 290 ? status(500) : Answering{};
  });
  ASSERT_TRUE(stats);
  EXPECT_FALSE(stats->complete);
  // A few had been begun, but not been asked for yet.
  EXPECT_EQ(asker_.order, first(stats->total.begun));
  EXPECT_THAT(stats->total.begun, AllOf(Ge(290u), Le(300u)));
  EXPECT_EQ(times_asked(1'000)[stats->total.begun], 0);
  EXPECT_THAT(asker_.failures(), IsEmpty());
}

TEST_F(EngineTest, ReturnsAtItsDeadlineWithWhatIsThere) {
  options_.give_up_at = clock_.now() + milliseconds(5'000);
  options_.memory = std::make_shared<ReplyMemory>(1 << 20);
  const auto stats = run(100, [](const HttpRequest& request, std::size_t) {
    return Answering{.after = milliseconds(set_of(request) == 60 ? 60'000 : 20)};
  });
  ASSERT_TRUE(stats);
  EXPECT_FALSE(stats->complete);
  EXPECT_EQ(asker_.order, first(60));
  EXPECT_EQ(clock_.elapsed(), milliseconds(5'000));
  EXPECT_EQ(options_.memory->held(), 0u);
}

TEST_F(EngineTest, AnErrorOfItsUserEndsTheRun) {
  class FullDisk : public Asker {
    Result<void> answered(std::size_t n, Answer answer) override {
      if (n == 10) return fail(ErrorKind::kPermanent, "the disk is full");
      return Asker::answered(n, std::move(answer));
    }
  } asking;
  options_.clock = &clock_;
  VirtualServers servers(clock_, [](const HttpRequest&, std::size_t) { return Answering{}; });
  const auto stats = run_engine(servers, options_, first(1'000), asking);
  ASSERT_FALSE(stats);
  EXPECT_EQ(stats.error().message, "the disk is full");
}

TEST_F(EngineTest, AsksOnceMoreWithNewCredentials) {
  class Renewing : public Asker {
   public:
    bool refused(std::size_t, const HttpRequest&) override { return ++refusals > 0; }
    int refusals = 0;
  } asking;
  options_.clock = &clock_;
  VirtualServers servers(clock_, [](const HttpRequest& request, std::size_t before) {
    return before == 0 || set_of(request) == 1 ? status(401) : Answering{};
  });
  ASSERT_TRUE(run_engine(servers, options_, first(2), asking));
  EXPECT_EQ(asking.answers[0].attempts, 2);
  EXPECT_THAT(asking.failures(), ElementsAre("api.example.com answered 401"));
  EXPECT_EQ(asking.answers[1].attempts, 2);
}

TEST_F(EngineTest, ARequestThatCannotBeBuiltIsThatSetsFailureUnlessItMayBeLater) {
  class Building : public Asker {
    Result<AuthorizedRequest> request(std::size_t n, const Page& page) override {
      if (n == 3) return invalid_input("a line feed in a header");
      if (n == 4 && tries_++ < 2) return fail(ErrorKind::kRetryable, "no token");
      return Asker::request(n, page);
    }
    int tries_ = 0;
  } asking;
  options_.clock = &clock_;
  VirtualServers servers(clock_, [](const HttpRequest&, std::size_t) { return Answering{}; });
  ASSERT_TRUE(run_engine(servers, options_, first(6), asking));
  EXPECT_EQ(asking.order, first(6));
  EXPECT_THAT(asking.failures(), ElementsAre("a line feed in a header"));
}

// A token server that is away for ten seconds: no set is lost by that, none is opened meanwhile,
// and it is not asked once for each.
TEST_F(EngineTest, NoSetIsToBlameForMissingCredentials) {
  class Building : public Asker {
   public:
    explicit Building(VirtualClock& clock)
        : clock_(clock), back_(clock.now() + std::chrono::seconds(10)) {}
    Result<AuthorizedRequest> request(std::size_t n, const Page& page) override {
      ++asked;
      if (clock_.now() < back_) return fail(ErrorKind::kRetryable, "no token");
      return Asker::request(n, page);
    }
    int asked = 0;

   private:
    VirtualClock& clock_;
    const std::chrono::steady_clock::time_point back_;
  } asking(clock_);
  options_.clock = &clock_;
  VirtualServers servers(clock_, [](const HttpRequest&, std::size_t) { return Answering{}; });
  ASSERT_TRUE(run_engine(servers, options_, first(2000), asking));
  EXPECT_EQ(asking.order, first(2000));
  EXPECT_TRUE(asking.failures().empty());
  EXPECT_LT(asking.asked, 2100);
}

TEST_F(EngineTest, WithoutCredentialsForLongItEnds) {
  class Building : public Asker {
    Result<AuthorizedRequest> request(std::size_t, const Page&) override {
      return fail(ErrorKind::kRetryable, "no token");
    }
  } asking;
  options_.clock = &clock_;
  VirtualServers servers(clock_, [](const HttpRequest&, std::size_t) { return Answering{}; });
  const auto done = run_engine(servers, options_, first(2000), asking);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind, ErrorKind::kRetryable);
  EXPECT_THAT(done.error().message, HasSubstr("no token"));
}

}  // namespace
}  // namespace lakegate
