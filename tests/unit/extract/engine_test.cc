// What becomes of a set: answers, failures, pages, redirects, credentials, and the end of a run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "unit/extract/engine_fixture.h"

namespace lakegate {
namespace {

using std::chrono::milliseconds;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Le;
using testing::SizeIs;

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
