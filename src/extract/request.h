// From a parameter set and a page to the request that asks for it. No credentials here: see auth.h.
#pragma once

#include <string>
#include <vector>

#include "config/source.h"
#include "extract/page.h"
#include "extract/parameter_sets.h"
#include "extract/request_body.h"
#include "lake/error.h"
#include "net/http.h"
#include "net/url.h"

namespace lakegate {

// Immutable once made; thread-safe.
class RequestBuilder {
 public:
  // kInvalidInput for a url that is none.
  static Result<RequestBuilder> create(const SourceConfig& source);

  // Values are encoded for the place where they stand, and cannot leave it: a "/" in a path becomes
  // %2F, a quote in JSON \", an "&" in a query %26. What no encoding makes harmless (a line feed in
  // a header, ".." or nothing as a part of the path) is kInvalidInput, and that set's failure. A
  // page with a next_url is asked for as that says, by the same method; on another origin than the
  // source's it gets none of the source's headers.
  Result<HttpRequest> build(const ParameterSets& sets, std::size_t set, const Page& page) const;

  // The one that credentials may go to.
  const HttpOrigin& origin() const { return origin_; }

 private:
  RequestBuilder() = default;

  struct Parameter {
    RequestTemplate name, value;
    bool has_value = true;  // "?flag" of a url has none
  };
  class Variables;

  Result<std::string> target(const Variables& variables) const;
  Result<HttpRequest> build_first(const Variables& variables) const;
  Result<HttpRequest> build_linked(const Variables& variables, const std::string& url) const;
  Result<void> add_headers(const Variables& variables, HttpRequest& request) const;

  SourceConfig source_;
  HttpOrigin origin_;
  std::string origin_text_;            // https://host:port
  RequestTemplate path_;               // of the url, up to "?"
  std::vector<Parameter> parameters_;  // of the url, the query and the pages, in that order
  RequestBody body_, body_of_first_;   // the first page has no cursor
};

// "GET https://host/path?page=2": for landed lines, reports and messages. Of a request without
// credentials this shows all there is; what servers write into links is for Redactor.
std::string describe(const HttpRequest& request);

}  // namespace lakegate
