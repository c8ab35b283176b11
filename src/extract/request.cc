#include "extract/request.h"

#include <fmt/format.h>

#include <algorithm>

#include "net/uri_encoding.h"

namespace lakegate {
namespace {

using By = PaginateConfig::By;

constexpr std::string_view kUserAgent = "lakegate";
constexpr std::string_view kAccept = "application/json";
constexpr std::size_t kOwnHeaders = 4;  // at most, with that of credentials

// Where `mark` stands in a template's text, outside of variables; npos if nowhere.
std::size_t find_outside(std::string_view text, char mark, std::size_t from) {
  bool inside = false;
  for (std::size_t i = from; i < text.size(); ++i) {
    const bool doubled = i + 1 < text.size() && text[i + 1] == text[i];
    if (!inside && (text[i] == '{' || text[i] == '}') && doubled)
      ++i;
    else if (text[i] == '{')
      inside = true;
    else if (text[i] == '}')
      inside = false;
    else if (!inside && text[i] == mark)
      return i;
  }
  return std::string_view::npos;
}

std::vector<std::string_view> split_outside(std::string_view text, char mark) {
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(find_outside(text, mark, begin), text.size());
    if (end > begin) parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

// An empty part of a path would ask for something else: the list instead of the thing.
Result<std::string> encode_in_path(std::string_view value) {
  if (value.empty())
    return invalid_input("its value is empty, and a path without it asks for something else");
  return uri_encode(value);
}

// "/devices/../admin" is "/admin" to servers, and so is "%2e%2e" to some.
bool leads_astray(std::string_view path) {
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view written = path.substr(begin, end - begin);
    if (written.starts_with('.') || written.starts_with('%')) {
      const std::string segment = uri_decode(written);
      if (segment == "." || segment == "..") return true;
    }
    begin = end + 1;
  }
  return false;
}

Result<std::string> checked_for_header(std::string_view value) {
  const bool harmless = std::ranges::none_of(value, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7f;
  });
  if (!harmless)
    return invalid_input("its value has a control character, which no header may have");
  return std::string(value);
}

void add_default(HttpRequest& request, std::string_view name, std::string_view value) {
  if (!value.empty() && !has_header(request.headers, name))
    request.headers.push_back({std::string(name), std::string(value)});
}

}  // namespace

// What {name} is for one page of one set.
class RequestBuilder::Variables {
 public:
  Variables(const PaginateConfig& paginate, const ParameterSets& sets, std::size_t set,
            const Page& page)
      : sets_(sets), set_(set) {
    switch (paginate.by) {
      case By::kPage:
        own_ = {fmt::format("{}", paginate.first + page.number), true};
        own_name_ = "page";
        break;
      case By::kOffset:
        own_ = {fmt::format("{}", page.offset), true};
        own_name_ = "offset";
        break;
      case By::kCursor:
        own_ = {page.cursor, false};
        own_name_ = "cursor";
        lacks_cursor_ = page.cursor.empty();
        break;
      default:
        break;
    }
    lookup_ = [this](std::string_view name) {
      return !own_name_.empty() && name == own_name_ ? &own_ : sets_.find(set_, name);
    };
  }
  Variables(const Variables&) = delete;
  Variables& operator=(const Variables&) = delete;

  const RequestTemplate::Lookup& lookup() const { return lookup_; }
  bool lacks_cursor() const { return lacks_cursor_; }
  // The first page's request says nothing where a cursor would stand.
  bool leaves_out(const RequestTemplate& value) const {
    return lacks_cursor_ && value.uses("cursor");
  }

 private:
  const ParameterSets& sets_;
  std::size_t set_;
  TemplateValue own_;
  std::string_view own_name_;
  bool lacks_cursor_ = false;
  RequestTemplate::Lookup lookup_;
};

Result<RequestBuilder> RequestBuilder::create(const SourceConfig& source) {
  RequestBuilder builder;
  builder.source_ = source;
  const std::string_view text = source.url.text();
  const std::size_t scheme = text.find("://");
  if (scheme == std::string_view::npos) return invalid_input(fmt::format("\"{}\" is no URL", text));
  const std::size_t behind = std::min(text.find_first_of("/?", scheme + 3), text.size());
  builder.origin_text_ = std::string(text.substr(0, behind));
  LAKEGATE_TRY(const Url origin, parse_url(builder.origin_text_));
  builder.origin_ = origin.origin;
  const std::size_t query = std::min(find_outside(text, '?', behind), text.size());
  LAKEGATE_TRY(builder.path_, RequestTemplate::parse(text.substr(behind, query - behind)));
  if (query < text.size())
    for (const std::string_view part : split_outside(text.substr(query + 1), '&')) {
      const std::size_t equals = find_outside(part, '=', 0);
      Parameter parameter{.has_value = equals != std::string_view::npos};
      LAKEGATE_TRY(parameter.name, RequestTemplate::parse(part.substr(0, equals)));
      if (parameter.has_value) {
        LAKEGATE_TRY(parameter.value, RequestTemplate::parse(part.substr(equals + 1)));
      }
      builder.parameters_.push_back(std::move(parameter));
    }
  // The url's own literals are encoded already, if they need to be.
  for (const NamedTemplate& parameter : source.query) {
    RequestTemplate value;
    std::string encoded;
    for (const RequestTemplate::Piece& piece : parameter.value.pieces()) {
      const std::string format = piece.format.empty() ? "" : ":" + piece.format;
      encoded += piece.is_variable ? "{" + piece.text + format + "}" : uri_encode(piece.text);
    }
    LAKEGATE_TRY(value, RequestTemplate::parse(encoded));
    builder.parameters_.push_back(
        {.name = RequestTemplate::literal(uri_encode(parameter.name)), .value = std::move(value)});
  }
  if (!source.paginate.parameter.empty()) {
    const std::string_view variable = source.paginate.by == By::kPage     ? "{page}"
                                      : source.paginate.by == By::kOffset ? "{offset}"
                                                                          : "{cursor}";
    LAKEGATE_TRY(RequestTemplate value, RequestTemplate::parse(variable));
    builder.parameters_.push_back(
        {.name = RequestTemplate::literal(uri_encode(source.paginate.parameter)),
         .value = std::move(value)});
  }
  LAKEGATE_TRY(builder.body_, RequestBody::create(source.body, ""));
  LAKEGATE_TRY(builder.body_of_first_, RequestBody::create(source.body, "cursor"));
  return builder;
}

Result<std::string> RequestBuilder::target(const Variables& variables) const {
  LAKEGATE_TRY(std::string target, path_.expand(variables.lookup(), encode_in_path));
  if (leads_astray(target))
    return invalid_input(
        fmt::format("the path {} has a part that is \".\" or \"..\", which would "
                    "ask for something else",
                    target));
  char before = '?';
  for (const Parameter& parameter : parameters_) {
    if (variables.leaves_out(parameter.value)) continue;
    LAKEGATE_TRY(const std::string name, parameter.name.expand(variables.lookup(), uri_encode));
    target += std::exchange(before, '&') + name;
    if (!parameter.has_value) continue;
    LAKEGATE_TRY(const std::string value, parameter.value.expand(variables.lookup(), uri_encode));
    target += '=' + value;
  }
  return target;
}

Result<void> RequestBuilder::add_headers(const Variables& variables, HttpRequest& request) const {
  for (const NamedTemplate& header : source_.headers) {
    if (variables.leaves_out(header.value)) continue;
    LAKEGATE_TRY(std::string value, header.value.expand(variables.lookup(), checked_for_header));
    request.headers.push_back({header.name, std::move(value)});
  }
  if (source_.body.kind == BodyConfig::Kind::kNone) return {};
  const RequestBody& body = variables.lacks_cursor() ? body_of_first_ : body_;
  LAKEGATE_TRY(std::string text, body.expand(variables.lookup()));
  request.body = std::make_shared<const std::string>(std::move(text));
  add_default(request, "Content-Type", body.content_type());
  return {};
}

Result<HttpRequest> RequestBuilder::build_first(const Variables& variables) const {
  LAKEGATE_TRY(const std::string text, this->target(variables));
  HttpRequest request{.method = source_.method, .origin = origin_};
  auto target = parse_target(text);
  if (!target) return Failure(parse_url(origin_text_ + text).error());  // which names the server
  request.target = *std::move(target);
  request.headers.reserve(source_.headers.size() + kOwnHeaders);
  LAKEGATE_CHECK(add_headers(variables, request));
  return request;
}

Result<HttpRequest> RequestBuilder::build_linked(const Variables& variables,
                                                 const std::string& text) const {
  LAKEGATE_TRY(Url url, parse_url(text));
  HttpRequest request{.method = source_.method,
                      .origin = std::move(url.origin),
                      .target = std::move(url.target),
                      .headers = {},
                      .body = nullptr};
  if (request.origin == origin_) {
    LAKEGATE_CHECK(add_headers(variables, request));
    return request;
  }
  if (!request.origin.tls && !source_.allow_http)
    return invalid_input(
        fmt::format("the next page is {}, over http; add allow_http: true if that "
                    "is meant",
                    describe(request)));
  if (source_.body.kind != BodyConfig::Kind::kNone)
    return invalid_input(
        fmt::format("the next page is {}, on another server than {}, which the "
                    "body is not for",
                    describe(request), origin_text_));
  return request;
}

Result<HttpRequest> RequestBuilder::build(const ParameterSets& sets, std::size_t set,
                                          const Page& page) const {
  const Variables variables(source_.paginate, sets, set, page);
  auto request =
      page.next_url.empty() ? build_first(variables) : build_linked(variables, page.next_url);
  if (!request) return request;
  add_default(*request, "Accept", kAccept);
  add_default(*request, "User-Agent", kUserAgent);
  return request;
}

std::string describe(const HttpRequest& request) {
  return request.method + " " + url_text(request.origin, request.target);
}

}  // namespace lakegate
