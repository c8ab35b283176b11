// Work on items in parallel, results in order.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "lake/error.h"

namespace lakegate {

struct OrderedOptions {
  int workers = 1;            // threads that call `work`
  std::size_t in_flight = 4;  // items between source and sink, at most
};

// Out of memory on any thread is an Error like others: an exception there would end the process.
template <class Function>
auto without_exceptions(const Function& function) -> decltype(function()) {
  try {
    return function();
  } catch (const std::bad_alloc&) {
    return fail(ErrorKind::kPermanent,
                "out of memory; give the process more, or lower --memory and --threads");
  } catch (const std::exception& error) {
    return fail(ErrorKind::kPermanent, error.what());
  }
}

// Calls source() on a thread of its own until it yields null, work(item) on `workers` threads, and
// sink(item, result) on the calling thread, in the source's order. The first error in that order
// ends everything and is returned; whatever came before it has been through the sink. Bounded: at
// most `in_flight` items exist at once. All threads have ended when it returns.
template <class Item, class Output>
Result<void> run_ordered(const std::function<Result<std::unique_ptr<Item>>()>& source,
                         const std::function<Result<Output>(const Item&)>& work,
                         const std::function<Result<void>(const Item&, Output)>& sink,
                         const OrderedOptions& options) {
  struct Slot {
    std::unique_ptr<Item> item;  // null: the source's end or error
    std::optional<Result<Output>> output;
    std::optional<Error> source_error;
    bool taken = false;
    bool done = false;
  };
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::shared_ptr<Slot>> slots;  // in order; the front is next for the sink
  bool stop = false;

  const auto read = [&] {
    for (bool more = true; more;) {
      {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return stop || slots.size() < options.in_flight; });
        if (stop) return;
      }
      auto next = without_exceptions(source);
      auto slot = std::make_shared<Slot>();
      if (next)
        slot->item = std::move(*next);
      else
        slot->source_error = std::move(next).error();
      more = slot->item != nullptr;
      slot->taken = slot->done = !more;
      const std::scoped_lock lock(mutex);
      slots.push_back(std::move(slot));
      changed.notify_all();
    }
  };
  const auto decode = [&] {
    for (;;) {
      std::shared_ptr<Slot> mine;
      {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] {
          if (stop) return true;
          for (const auto& slot : slots)
            if (!slot->taken) {
              mine = slot;
              mine->taken = true;
              return true;
            }
          // The source has ended and nothing is left to take.
          return !slots.empty() && slots.back()->item == nullptr;
        });
        if (stop || !mine) return;
      }
      auto output = without_exceptions([&] { return work(*mine->item); });
      const std::scoped_lock lock(mutex);
      mine->output = std::move(output);
      mine->done = true;
      mine.reset();  // now: behind the lock the sink may be through with the item
      changed.notify_all();
    }
  };

  std::vector<std::jthread> threads;
  threads.emplace_back(read);
  for (int i = 0; i < options.workers; ++i) threads.emplace_back(decode);

  Result<void> result;
  while (result) {
    std::shared_ptr<Slot> slot;
    {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return !slots.empty() && slots.front()->done; });
      slot = slots.front();
      if (slot->item) slots.pop_front();
      changed.notify_all();
    }
    if (slot->source_error) result = tl::unexpected<Error>(*slot->source_error);
    if (!slot->item) break;
    if (!*slot->output)
      result = tl::unexpected<Error>(slot->output->error());
    else
      result = without_exceptions([&] { return sink(*slot->item, std::move(**slot->output)); });
  }
  const std::scoped_lock lock(mutex);
  stop = true;
  changed.notify_all();
  return result;  // the lock is released before the threads are joined: it is declared after them
}

}  // namespace lakegate
