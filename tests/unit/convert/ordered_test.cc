#include "convert/ordered.h"

#include <gtest/gtest.h>

#include <atomic>
#include <barrier>

namespace lakegate {
namespace {

// Counts 0 … last, and how many items exist at once.
class Counter {
 public:
  struct Item {
    Item(int n, std::atomic<int>& alive_items) : number(n), alive(alive_items) { ++alive; }
    ~Item() { --alive; }
    Item(const Item&) = delete;
    Item& operator=(const Item&) = delete;
    int number;
    std::atomic<int>& alive;
  };

  explicit Counter(int last, int fails_at = -1) : last_(last), fails_at_(fails_at) {}

  Result<std::unique_ptr<Item>> next() {
    if (next_ == fails_at_) return invalid_input("the source failed");
    if (next_ > last_) return nullptr;
    auto item = std::make_unique<Item>(next_++, alive_);
    int now = alive_, most = most_alive_;
    while (now > most && !most_alive_.compare_exchange_weak(most, now)) {
    }
    return item;
  }
  int most_alive() const { return most_alive_; }

 private:
  int last_, fails_at_, next_ = 0;
  std::atomic<int> alive_{0}, most_alive_{0};
};

struct Outcome {
  Result<void> result;
  std::vector<int> seen;
  int most_alive = 0;
};

Outcome run(Counter& counter, const OrderedOptions& options, int work_fails_at = -1,
            int sink_fails_at = -1) {
  Outcome outcome;
  outcome.result =
      run_ordered<Counter::Item, int>([&] { return counter.next(); },
                                      [&](const Counter::Item& item) -> Result<int> {
                                        if (item.number == work_fails_at)
                                          return invalid_input("the work failed");
                                        return item.number * 2;
                                      },
                                      [&](const Counter::Item& item, int doubled) -> Result<void> {
                                        if (item.number == sink_fails_at)
                                          return invalid_input("the sink failed");
                                        EXPECT_EQ(doubled, item.number * 2);
                                        outcome.seen.push_back(item.number);
                                        return {};
                                      },
                                      options);
  outcome.most_alive = counter.most_alive();
  return outcome;
}

std::vector<int> up_to(int end) {
  std::vector<int> numbers;
  for (int i = 0; i < end; ++i) numbers.push_back(i);
  return numbers;
}

TEST(RunOrdered, KeepsTheOrderWithAnyNumberOfWorkers) {
  for (int workers : {1, 2, 7}) {
    Counter counter(999);
    const Outcome outcome = run(counter, {.workers = workers, .in_flight = 5});
    ASSERT_TRUE(outcome.result);
    EXPECT_EQ(outcome.seen, up_to(1000));
    EXPECT_LE(outcome.most_alive,
              7);  // five in flight, one in the source's hands, one in the sink's
  }
}

TEST(RunOrdered, AnEmptySourceIsNoError) {
  Counter counter(-1);
  const Outcome outcome = run(counter, {});
  EXPECT_TRUE(outcome.result);
  EXPECT_TRUE(outcome.seen.empty());
}

// Whatever the threads do, what came before the first error has been through the sink, and nothing
// after.
TEST(RunOrdered, TheFirstErrorInOrderEndsIt) {
  Counter source_fails(999, 40);
  Outcome outcome = run(source_fails, {.workers = 3, .in_flight = 8});
  EXPECT_EQ(outcome.result.error().message, "the source failed");
  EXPECT_EQ(outcome.seen, up_to(40));

  Counter work_fails(999);
  outcome = run(work_fails, {.workers = 3, .in_flight = 8}, 40);
  EXPECT_EQ(outcome.result.error().message, "the work failed");
  EXPECT_EQ(outcome.seen, up_to(40));

  Counter sink_fails(999);
  outcome = run(sink_fails, {.workers = 3, .in_flight = 8}, -1, 40);
  EXPECT_EQ(outcome.result.error().message, "the sink failed");
  EXPECT_EQ(outcome.seen, up_to(40));
}

// Two items are worked on at once: each waits for the other, so one worker could not pass.
TEST(RunOrdered, WorksInParallel) {
  Counter counter(1);
  std::barrier together(2);
  const auto result = run_ordered<Counter::Item, int>(
      [&] { return counter.next(); },
      [&](const Counter::Item& item) -> Result<int> {
        together.arrive_and_wait();
        return item.number;
      },
      [](const Counter::Item&, int) { return Result<void>{}; }, {.workers = 2, .in_flight = 4});
  EXPECT_TRUE(result);
}

}  // namespace
}  // namespace lakegate
