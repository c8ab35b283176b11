// Values and replies of any bytes: a value does not leave the place that its template gives it, and
// a page follows a page or does not. The first byte chooses how pages follow, the first line is the
// value, the rest the reply.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "extract/link_header.h"
#include "extract/paginate.h"
#include "extract/plan.h"
#include "extract/request.h"

namespace {

using namespace lakegate;

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

SourceConfig source_of(PaginateConfig::By by) {
  const auto text = [](std::string_view t) { return *RequestTemplate::parse(t); };
  SourceConfig source;
  source.url = text("https://api.example.com/a/{v}/b{v}?c={v}&d");
  source.headers = {{"X-A", text("is {v}")}};
  source.query = {{"e", text("{v} too")}};
  source.body = {
      .kind = BodyConfig::Kind::kJson, .json = R"({"f":"{v}","g":["{v}!"]})", .text = {}};
  using By = PaginateConfig::By;
  const bool counted = by == By::kPage || by == By::kOffset || by == By::kCursor;
  source.paginate = {.by = by, .parameter = counted ? "p" : "", .pointer = "/next", .max_pages = 3};
  return source;
}

Result<HttpRequest> built(const RequestBuilder& builder, const std::string& value,
                          const Page& page) {
  ParameterSets sets({"v"});
  sets.add({{.text = value}});
  return builder.build(sets, 0, page);
}

// What makes the structure of a target.
std::string marks_of(const std::string& target) {
  std::string marks;
  for (const char c : target)
    if (std::string_view("/?&=#").find(c) != std::string_view::npos) marks += c;
  return marks;
}

void check_request(const RequestBuilder& builder, const std::string& value) {
  const auto harmless = built(builder, "x", Page());
  const auto request = built(builder, value, Page());
  require(harmless.has_value(), "a harmless value is asked for");
  if (!request) {
    require(request.error().kind == ErrorKind::kInvalidInput, "a bad value is invalid input");
    return;
  }
  require(request->origin == harmless->origin, "the origin is fixed");
  require(marks_of(request->target) == marks_of(harmless->target), "a value stays in its place");
  require(std::ranges::all_of(request->target, [](char c) { return c > 0x20 && c < 0x7f; }),
          "a target is one word of ASCII");
  require(request->headers.size() == harmless->headers.size(), "no header more");
  for (const HttpHeader& header : request->headers)
    require(header.value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos,
            "a header is one line");
  require(std::ranges::count(*request->body, '\n') == 0, "nothing is raw in JSON");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (input.empty()) return 0;
  const auto by = static_cast<PaginateConfig::By>(static_cast<unsigned char>(input[0]) % 6);
  const std::size_t line = std::min(input.find('\n'), input.size());
  const std::string value(input.substr(1, line - 1));
  const std::string rest(input.substr(std::min(line + 1, input.size())));

  (void)plan_from_bytes(rest, "plan");
  const auto parsed = RequestTemplate::parse(rest);
  if (parsed) require(RequestTemplate::parse(parsed->text()) == *parsed, "a template is its text");

  const SourceConfig source = source_of(by);
  const RequestBuilder builder = *RequestBuilder::create(source);
  check_request(builder, value);

  Paginator paginator(source.paginate, "/data", false);
  const HttpReply reply{.status = 200, .headers = {{"Link", rest}}, .body = rest};
  (void)next_link(reply.headers);
  Page page;
  for (std::uint32_t pages = 1;; ++pages) {
    require(pages <= source.paginate.max_pages, "pages end");
    const auto request = built(builder, "x", page);
    require(request.has_value(), "a page that follows is asked for");
    const auto next = paginator.next(*request, page, reply);
    if (!next || !*next) break;
    require((*next)->number == page.number + 1, "pages are counted");
    require((*next)->next_url.empty() || (*next)->next_url.starts_with("https://"),
            "http is refused");
    page = **next;
    // A body is not for another server: that ends it, too.
    if (!built(builder, "x", page)) break;
  }
  return 0;
}
