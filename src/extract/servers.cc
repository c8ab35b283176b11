#include "extract/servers.h"

#include <algorithm>

namespace lakegate {

Server& Servers::of(const HttpOrigin& origin) {
  const auto found = servers_.find(origin);
  if (found != servers_.end()) return found->second;
  const ServerPace::Limits limits = {.concurrency = limits_.concurrency,
                                     .ahead = limits_.ahead,
                                     .requests_per_second = limits_.requests_per_second_each};
  const std::uint64_t seed = limits_.seed + servers_.size() + 1;
  return servers_.try_emplace(origin, Server{.pace = ServerPace(limits, seed), .waiting = {}})
      .first->second;
}

bool Servers::is_any_down() const {
  return std::ranges::any_of(servers_,
                             [](const auto& server) { return server.second.pace.is_down(); });
}

void Servers::wait(Server& server, std::size_t position) {
  if (server.waiting.insert(position).second) ++waiting_;
  waited_for_.insert(&server);
}

void Servers::forget(Server& server, std::size_t position) {
  waiting_ -= server.waiting.erase(position);
  if (server.waiting.empty()) waited_for_.erase(&server);
}

std::optional<PaceTime> Servers::place_at(Server& server, const Terms& terms, PaceTime now) {
  if (!has_place(terms)) return std::nullopt;
  if (!server.pace.has_room() && !terms.beyond_pace) return std::nullopt;
  return std::max(server.pace.ready_at(now), rate_.ready_at(now));
}

void Servers::sent(Server& server) {
  rate_.sent();
  server.pace.sent();
  most_in_flight_ = std::max(most_in_flight_, ++in_flight_);
}

}  // namespace lakegate
