// The part of the AWS Common Runtime that a process has once: its libraries, one event-loop thread,
// a resolver of names. Started when first asked for and never stopped; a command that talks to
// nobody does not start it.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>

#include "lake/error.h"

struct aws_allocator;
struct aws_client_bootstrap;
struct aws_event_loop;
struct aws_event_loop_group;

namespace lakegate {

inline constexpr std::size_t kHostsRemembered = 64;  // by a resolver of names

class CrtRuntime {
 public:
  // Starts it if need be. kPermanent where the system has no thread or descriptor left for it.
  static Result<CrtRuntime*> start();

  aws_allocator* allocator() const { return allocator_; }
  aws_client_bootstrap* bootstrap() const { return bootstrap_; }
  aws_event_loop_group* event_loops() const { return group_; }

  // Runs `what` on the event-loop thread, not before `delay` has passed. Thread-safe.
  void post(std::function<void()> what, std::chrono::nanoseconds delay = {}) const;
  // Whether the caller is on the event-loop thread, where nothing may be waited for.
  bool on_event_loop() const;

 private:
  CrtRuntime();

  aws_allocator* allocator_ = nullptr;
  aws_client_bootstrap* bootstrap_ = nullptr;
  aws_event_loop_group* group_ = nullptr;
  aws_event_loop* loop_ = nullptr;
};

// What the last failed call of the CRT says about itself.
std::string crt_message(int error_code);

}  // namespace lakegate
