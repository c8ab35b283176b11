// Which page follows a page.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "config/source.h"
#include "extract/page.h"
#include "lake/error.h"
#include "net/http.h"

namespace lakegate {

// Keeps a JSON parser: one a thread.
class Paginator {
 public:
  Paginator(const PaginateConfig& config, std::string records, bool allow_http);
  ~Paginator();
  Paginator(Paginator&&) noexcept;
  Paginator& operator=(Paginator&&) noexcept;

  // `reply` is the 2xx answer, its body decoded, to `request`, which asked for `page`. Nothing: it
  // was the last one. kInvalidInput is the set's failure: a page that has been there before, more
  // pages than max_pages, a cursor or link that cannot be used, a body that is not JSON.
  Result<std::optional<Page>> next(const HttpRequest& request, const Page& page,
                                   const HttpReply& reply);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lakegate
