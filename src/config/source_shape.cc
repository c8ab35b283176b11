// The shape of `source:`, and what is said of its keys to editors.
#include <algorithm>
#include <charconv>

#include "config/shape.h"
#include "config/shape_makers.h"
#include "config/source_shapes.h"
#include "lake/amounts.h"
#include "lake/ascii.h"

namespace lakegate {
namespace {

using namespace shapes;

template <std::uint64_t kLeast, std::uint64_t kMost>
bool is_count(std::string_view text) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  const bool usual = text == "0" || !text.starts_with('0');
  return error == std::errc() && stop == end && usual && number >= kLeast && number <= kMost;
}

template <std::uint64_t kLeast, std::uint64_t kMost>
Shape count(std::string_view what) {
  return {.kind = Kind::kLimit,
          .what = what,
          .pattern = kLeast == 0 ? "^(0|[1-9][0-9]{0,15})$" : "^[1-9][0-9]{0,15}$",
          .matches = is_count<kLeast, kMost>,
          .least = kLeast,
          .most = kMost};
}

bool is_rate(std::string_view text) {
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && stop == end && number > 0 && number <= 1e6;
}

Shape rate() {
  return {.kind = Kind::kLimit,
          .what = "a number of requests a second, such as 50 or 0.5",
          .pattern = "^(0|[1-9][0-9]{0,6})(\\.[0-9]{1,6})?$",
          .matches = is_rate,
          .least = 0,
          .most = 1'000'000,
          .fractions = true};
}

bool is_positive_duration(std::string_view text) {
  const auto duration = parse_duration(text);
  return duration && duration->count() > 0 && !text.starts_with('0');
}

Shape duration() {
  return {.kind = Kind::kLimit,
          .what = "a duration, such as 500ms, 10s, 5m, 12h or 2d",
          .pattern = "^[1-9][0-9]{0,11}(ms|s|m|h|d)?$",
          .matches = is_positive_duration,
          .least = 1,
          .most = 315'360'000};
}

bool is_size(std::string_view text) {
  const auto bytes = parse_bytes(text);
  return bytes && *bytes > 0 && !text.starts_with('0');
}

Shape size() {
  return {.kind = Kind::kLimit,
          .what = "a size, such as 64MB or 512KiB",
          .pattern = "^[1-9][0-9]{0,14}([bB]|[kKmMgGtT]([iI]?[bB])?)?$",
          .matches = is_size,
          .least = 1};
}

bool is_share(std::string_view text) {
  return text.ends_with('%') && is_count<0, 100>(text.substr(0, text.size() - 1));
}

bool is_pointer(std::string_view text) {
  if (!text.empty() && text[0] != '/') return false;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (text[i] == '~' && (i + 1 == text.size() || (text[i + 1] != '0' && text[i + 1] != '1')))
      return false;
  return true;
}

Shape pointer(std::string_view what) {
  return {.kind = Kind::kText,
          .what = what,
          .pattern = "^(/([^~]|~[01])*)?$",
          .matches = is_pointer,
          .examples = {"/data", "/meta/next"}};
}

bool is_allowed_host(std::string_view text) {
  const std::size_t slash = std::min(text.find('/'), text.size());
  const std::string_view host = text.substr(0, slash);
  return !host.empty() && std::ranges::all_of(host, [](char c) {
    return is_alphanumeric(c) || c == '.' || c == '_' || c == ':' || c == '-';
  }) && (slash == text.size() || is_count<0, 128>(text.substr(slash + 1)));
}

Shape text_or_number(std::string_view what) {
  return {.kind = Kind::kTextOrNumber, .what = what};
}

Shape for_each() {
  const Shape value = text_or_number("a text or a number");
  Shape made = {
      .kind = Kind::kObject,
      .what = "{from: …, to: …} or {file: …, column: …}",
      .keys = {{"from", "The first number, or the first date (YYYY-MM-DD, or {since} for its day).",
                text_or_number("a number, or a date such as 2024-01-31")},
               {"to", "The last number or date, itself included; {until} is today's.",
                text_or_number("a number, or a date such as 2024-01-31")},
               {"step", "From one number, or one date in days, to the next. Default: 1.",
                text_or_number("a number above 0")},
               {"file", "A CSV, JSON or Parquet file of the lake: its path from the lake's root.",
                text("the path of a file in the lake, such as reference/devices.csv")},
               {"column", "The file's column; each of its values counts once.",
                text("a column's name")}},
      .exactly_one = {"from", "file"},
      .only_with = {{"to", "from"},
                    {"from", "to"},
                    {"step", "from"},
                    {"file", "column"},
                    {"column", "file"}}};
  return map_of({.kind = Kind::kEither,
                 .what = "a list of values, {from: …, to: …} or {file: …, column: …}",
                 .of = {list_of(value, "a list of values", 1), std::move(made)}},
                "a variable's name: a lower-case letter, then lower-case letters, digits and _",
                kCleanName, is_clean_name);
}

Shape since() {
  return {.kind = Kind::kObject,
          .what = "a mapping with start, such as {start: 2024-01-01T00:00:00Z, overlap: 1h}",
          .keys = {{"start", "What {since} is before there has been a fetch.",
                    text("a time in UTC, such as 2024-01-01T00:00:00Z, or a date"), true},
                   {"overlap",
                    "How far {since} goes back before the last finished fetch, for rows that "
                    "appear late.",
                    duration()}}};
}

Shape paginate() {
  return {.kind = Kind::kObject,
          .what = "a mapping with by, such as {by: page}",
          .keys = {
              {"by",
               "page, offset: a number in the request, until a page has no records (or fewer than "
               "`size`); cursor: from the body into the next request; next: the next page's URL in "
               "the body; link: the header Link with rel=\"next\".",
               choice({"page", "offset", "cursor", "next", "link"}), true},
              {"parameter",
               "The query parameter for page, offset or cursor. Default: that very name, unless a "
               "template has {page}, {offset} or {cursor}.",
               text("a query parameter's name")},
              {"first", "by: page: the number of the first page. Default: 1.",
               count<0, 1'000'000'000>("the first page's number, usually 0 or 1")},
              {"size",
               "by: page, offset: how many records a whole page has; a shorter one is the last.",
               count<1, 1'000'000'000>("a number of records")},
              {"at", "by: cursor, next: where in the body it is (JSON Pointer).",
               pointer("a JSON Pointer, such as /meta/next")},
              {"max_pages", "A parameter set with more pages fails. Default: 1000.",
               count<1, 100'000>("a number of pages, from 1 to 100000")}}};
}

Shape limits() {
  return {.kind = Kind::kObject,
          .what = "a mapping with concurrency, requests_per_second, timeouts, retries",
          .keys = {{"concurrency", "At most so many requests at a time. Default: 256.",
                    count<1, 10'000>("a number of requests, from 1 to 10000")},
                   {"requests_per_second", "Default: no limit.", rate()},
                   {"requests_per_second_per_host", "Default: no limit.", rate()},
                   {"connect_timeout", "Default: 10s.", duration()},
                   {"first_byte_timeout",
                    "From the request to the first byte of its reply. Default: 60s.", duration()},
                   {"timeout", "Of one attempt as a whole. Default: 5m.", duration()},
                   {"max_reply", "The largest reply, decompressed. Default: 64MiB.", size()},
                   {"retries", "Of one request, after the first attempt. Default: 5.",
                    count<0, 100>("a number of retries, from 0 to 100")},
                   {"retry_budget",
                    "All retries of a fetch, as a percentage of its requests. Default: 50%.",
                    {.kind = Kind::kText,
                     .what = "a percentage, such as 50%",
                     .pattern = "^(0|[1-9][0-9]?|100)%$",
                     .matches = is_share}}}};
}

Shape source() {
  const Shape a_template = text_or_number("a text, with variables as {name}");
  return {
      .kind = Kind::kObject,
      .what = "a mapping with at least url",
      .keys = {
          {"url", "What is asked: https://host/path, with variables as {name} in path and query.",
           text("a URL, such as https://api.example.com/devices/{device}"), true},
          {"method", "Default: GET, or POST where there is a body.",
           choice({"GET", "POST", "PUT"})},
          {"headers", "Headers of the request. Credentials stand under auth.",
           by_header(a_template)},
          {"query", "Query parameters, behind those of the url.", by_parameter(a_template)},
          {"body",
           "A mapping or list is sent as JSON, with the templates in its texts replaced; a text as "
           "it is, in the form that the Content-Type header names.",
           {.kind = Kind::kEither,
            .what = "a text, or a mapping or list that is sent as JSON",
            .of = {text("a text"), {.kind = Kind::kAnything, .what = "a mapping or a list"}}}},
          {"for_each", "Variables, and the values that a request is made for.", for_each()},
          {"combine",
           "product: each value with each (default), the first variable slowest; zip: the first "
           "values together, then the second ones.",
           choice({"product", "zip"})},
          {"since", "What {since} is: the time of the last finished fetch.", since()},
          {"records",
           "Where in a reply its rows are (JSON Pointer): a list of them, or one. Default: the "
           "whole reply.",
           pointer("a JSON Pointer, such as /data")},
          {"add", "Columns made of the request: device: '{device}'.",
           map_of(text("a text, with variables as {name}"),
                  "a column's name: a lower-case letter, then lower-case letters, digits and _",
                  kCleanName, is_clean_name)},
          {"paginate", "How the pages of a reply follow each other.", paginate()},
          {"auth", "Credentials, by reference.", auth()},
          {"limits", "How hard the server is asked, and how long.", limits()},
          {"slice",
           "Requests to one landed object. Default: 16 times the concurrency, 250 to 2000, at "
           "most a minute's.",
           count<1, 100'000>("a number of requests, from 1 to 100000")},
          {"keep_raw",
           "Whether the replies stay in landing/, so that nothing asked for is lost. Default: "
           "true.",
           flag()},
          {"allow_http", "Whether http is spoken too. Default: false.", flag()},
          {"allow_hosts",
           "Private, loopback and link-local hosts that may be asked: names, addresses or ranges.",
           one_or_more({.kind = Kind::kText,
                        .what = "a host's name, an address or a range such as 10.0.0.0/8",
                        .pattern = "^[A-Za-z0-9._:-]+(/[0-9]{1,3})?$",
                        .matches = is_allowed_host},
                       "a host or a list of hosts", 0)},
          {"allow_proxy",
           "Whether HTTPS_PROXY is used, though what a proxy connects to cannot be checked. "
           "Default: false.",
           flag()},
          {"ca_file", "Certificates (PEM) that are trusted besides the system's.",
           text("a file's path")},
      }};
}

}  // namespace

const Shape& source_shape() {
  static const Shape kShape = source();
  return kShape;
}

}  // namespace lakegate
