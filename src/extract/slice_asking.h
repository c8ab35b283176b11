// What the engine asks for, and where its answers go: requests of a plan, slice by slice.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "config/config.h"
#include "extract/auth.h"
#include "extract/exchange.h"
#include "extract/paginate.h"
#include "extract/plan.h"
#include "extract/request.h"
#include "extract/secrets.h"
#include "extract/slice_curator.h"
#include "stores/object_store.h"

namespace lakegate {

class SliceAsking : public Asking {
 public:
  struct Parts {
    ObjectStore& store;
    const DatasetConfig& dataset;
    const Plan& plan;
    const RequestBuilder& requests;
    Authorizer& authorizer;
    const Redactor& redactor;
    SliceCurator& curator;
    std::function<bool()> may_begin;                      // a further set
    std::function<void(const EngineProgress&)> progress;  // may be empty
  };
  explicit SliceAsking(Parts parts);

  Result<AuthorizedRequest> request(std::size_t n, const Page& page) override;
  Result<AuthorizedRequest> sign_again(AuthorizedRequest request) override;
  Result<std::optional<Page>> next(std::size_t n, const HttpRequest& request, const Page& page,
                                   const HttpReply& reply) override;
  bool refused(std::size_t n, const HttpRequest& request) override;
  Result<void> answered(std::size_t n, Answer answer) override;
  bool may_begin(std::size_t n) override;
  void progress(const EngineProgress& now) override;

 private:
  Parts parts_;
  Paginator paginator_;
  std::unique_ptr<SliceWriter> slice_;
  // What was asked for each page of the sets under way, without secrets.
  std::map<std::size_t, std::vector<AskedPage>> asked_;
};

}  // namespace lakegate
