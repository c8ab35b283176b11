#include "extract/slice_asking.h"

#include <algorithm>
#include <utility>

#include "lake/utf8.h"

namespace lakegate {
namespace {

constexpr std::size_t kLongestReason = 1000;  // bytes: servers write novels

}  // namespace

SliceAsking::SliceAsking(Parts parts)
    : parts_(std::move(parts)),
      paginator_(parts_.dataset.source->paginate, parts_.dataset.source->records,
                 parts_.dataset.source->allow_http) {}

Result<AuthorizedRequest> SliceAsking::request(std::size_t n, const Page& page) {
  LAKEGATE_TRY(HttpRequest request, parts_.requests.build(parts_.plan.sets, n, page));
  std::vector<AskedPage>& asked = asked_[n];
  if (asked.size() <= page.number) asked.resize(page.number + 1);
  // Before credentials are added; links that servers wrote may have them all the same, in whatever
  // spelling.
  asked[page.number].request = parts_.redactor.redact(describe(request));
  std::string target = request.target;
  LAKEGATE_TRY(AuthorizedRequest authorized, parts_.authorizer.authorize(std::move(request)));
  if (!authorized.credential_query.empty()) {
    HttpRequest shown{.method = authorized.request.method, .origin = authorized.request.origin};
    shown.target = without_secrets(target, authorized.credential_query);
    asked[page.number].request = parts_.redactor.redact(describe(shown));
  }
  return authorized;
}

Result<AuthorizedRequest> SliceAsking::sign_again(AuthorizedRequest request) {
  return parts_.authorizer.sign(std::move(request));
}

Result<std::optional<Page>> SliceAsking::next(std::size_t /*n*/, const HttpRequest& request,
                                              const Page& page, const HttpReply& reply) {
  return paginator_.next(request, page, reply);
}

bool SliceAsking::refused(std::size_t /*n*/, const HttpRequest& request) {
  parts_.authorizer.refused(request);
  return parts_.dataset.source->auth.oauth2.has_value();
}

Result<void> SliceAsking::answered(std::size_t n, Answer answer) {
  if (answer.failure) {
    std::string& reason = answer.failure->message;
    reason = parts_.redactor.redact(reason);
    reason = without_cut_character(std::string_view(reason).substr(0, kLongestReason));
  }
  if (!slice_)
    slice_ = std::make_unique<SliceWriter>(parts_.store, parts_.dataset, parts_.plan,
                                           n / parts_.plan.slice_requests + 1);
  std::vector<AskedPage>& asked = asked_[n];
  for (std::size_t page = 0; page < std::min(asked.size(), answer.pages.size()); ++page)
    asked[page].is_repeated = parts_.redactor.finds_any(answer.pages[page].body);
  LAKEGATE_CHECK(slice_->add(n, answer, asked));
  asked_.erase(n);
  if (n + 1 < slice_->end_set()) return {};
  return parts_.curator.take(std::move(slice_));
}

bool SliceAsking::may_begin(std::size_t /*n*/) {
  return parts_.may_begin();
}

void SliceAsking::progress(const EngineProgress& now) {
  if (parts_.progress) parts_.progress(now);
}

}  // namespace lakegate
