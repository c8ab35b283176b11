// The servers that are asked, and which sets wait for a place at which of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "extract/pace.h"
#include "net/http.h"

namespace lakegate {

struct Server {
  ServerPace pace;
  std::set<std::size_t> waiting;  // positions of sets
};

class Servers {
 public:
  struct Limits {
    std::size_t concurrency = 1;  // in total
    std::size_t ahead = 0;        // besides, at the client
    double requests_per_second = 0;
    double requests_per_second_each = 0;
    std::uint64_t seed = 0;
  };
  explicit Servers(const Limits& limits) : limits_(limits), rate_(limits.requests_per_second) {}

  Server& of(const HttpOrigin& origin);                 // stays where it is
  std::size_t in_flight() const { return in_flight_; }  // those ahead, too
  std::size_t most_in_flight() const { return most_in_flight_; }
  bool is_any_down() const;

  void wait(Server& server, std::size_t position);
  void forget(Server& server, std::size_t position);  // whether it waits or not
  std::size_t waiting() const { return waiting_; }
  std::vector<Server*> waited_for() const { return {waited_for_.begin(), waited_for_.end()}; }

  struct Terms {
    bool leaves_one_free = false;  // of all places
    bool beyond_pace = false;      // even if the server has as many as it should
  };
  bool has_place(const Terms& terms) const {
    return in_flight_ + (terms.leaves_one_free ? 1 : 0) < limits_.concurrency + limits_.ahead;
  }
  // From when on a request may be sent; nothing: not before another has ended.
  std::optional<PaceTime> place_at(Server& server, const Terms& terms, PaceTime now);

  void sent(Server& server);
  void ended() { --in_flight_; }  // besides telling the server's pace how

 private:
  const Limits limits_;
  RequestRate rate_;
  std::map<HttpOrigin, Server> servers_;
  std::set<Server*> waited_for_;
  std::size_t waiting_ = 0;
  std::size_t in_flight_ = 0;
  std::size_t most_in_flight_ = 0;
};

}  // namespace lakegate
