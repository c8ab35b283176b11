#include "extract/paginate.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <functional>

#include "extract/link_header.h"
#include "net/url.h"

namespace lakegate {
namespace {

using By = PaginateConfig::By;
namespace ondemand = simdjson::ondemand;

constexpr std::size_t kLongestCursor = 8 * 1024;

std::uint64_t fingerprint(std::string_view text) {
  return std::hash<std::string_view>{}(text);
}

}  // namespace

struct Paginator::State {
  PaginateConfig config;
  std::string records;
  bool allow_http = false;
  ondemand::parser parser;

  Failure not_json(const Page& page) const {
    return invalid_input(
        fmt::format("page {} is not JSON, so that it is not known whether another "
                    "one follows",
                    page.number + 1));
  }

  // The records of a page: of a list its length, of anything else one, of nothing none.
  Result<std::uint64_t> count_records(const Page& page, const std::string& body) {
    const simdjson::padded_string padded(body);
    ondemand::document document;
    if (parser.iterate(padded).get(document)) return not_json(page);
    ondemand::json_type type{};
    std::size_t count = 0;
    if (records.empty()) {
      if (document.type().get(type)) return not_json(page);
      if (type != ondemand::json_type::array) return 1;
      if (document.count_elements().get(count)) return not_json(page);
      return count;
    }
    ondemand::value value;
    const auto error = document.at_pointer(records).get(value);
    if (is_absent(error)) return 0;
    if (error || value.type().get(type)) return not_json(page);
    if (type == ondemand::json_type::null) return 0;
    if (type != ondemand::json_type::array) return 1;
    if (value.count_elements().get(count)) return not_json(page);
    return count;
  }

  static bool is_absent(simdjson::error_code error) {
    return error == simdjson::NO_SUCH_FIELD || error == simdjson::INDEX_OUT_OF_BOUNDS ||
           error == simdjson::INCORRECT_TYPE || error == simdjson::INVALID_JSON_POINTER ||
           error == simdjson::SCALAR_DOCUMENT_AS_VALUE;
  }

  // The text or number at the pointer; empty where the pages end.
  Result<std::string> text_at_pointer(const Page& page, const std::string& body) {
    const simdjson::padded_string padded(body);
    ondemand::document document;
    if (parser.iterate(padded).get(document)) return not_json(page);
    ondemand::value value;
    const auto error = document.at_pointer(config.pointer).get(value);
    if (is_absent(error)) return std::string();
    ondemand::json_type type{};
    if (error || value.type().get(type)) return not_json(page);
    std::string_view text;
    switch (type) {
      case ondemand::json_type::null:
        return std::string();
      case ondemand::json_type::string:
        if (value.get_string().get(text)) return not_json(page);
        break;
      case ondemand::json_type::number:
        text = value.raw_json_token();
        text = text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
        break;
      case ondemand::json_type::boolean:
        if (value.raw_json_token().starts_with("false")) return std::string();
        [[fallthrough]];
      default:
        return invalid_input(
            fmt::format("what stands at {} of page {} is neither a text nor a "
                        "number; correct `at` under paginate",
                        config.pointer, page.number + 1));
    }
    if (text.size() > kLongestCursor)
      return invalid_input(fmt::format("what stands at {} of page {} is longer than {} bytes",
                                       config.pointer, page.number + 1, kLongestCursor));
    return std::string(text);
  }

  Result<std::optional<Page>> by_number(const Page& page, const HttpReply& reply) {
    LAKEGATE_TRY(const std::uint64_t count, count_records(page, reply.body));
    if (count == 0 || (config.size > 0 && count < config.size)) return std::optional<Page>();
    Page next = page;
    next.offset += count;
    return follow(page, std::move(next), fingerprint(reply.body));
  }

  Result<std::optional<Page>> by_cursor(const Page& page, const HttpReply& reply) {
    LAKEGATE_TRY(std::string cursor, text_at_pointer(page, reply.body));
    if (cursor.empty()) return std::optional<Page>();
    const std::uint64_t print = fingerprint(cursor);
    Page next = page;
    next.cursor = std::move(cursor);
    return follow(page, std::move(next), print);
  }

  Result<std::optional<Page>> by_link(const HttpRequest& request, const Page& page,
                                      const std::string& link) {
    if (link.empty()) return std::optional<Page>();
    const Url here{.origin = request.origin, .target = request.target};
    // The page itself has been seen, too: a link to it must not begin anew.
    Page next = page;
    if (page.number == 0) next.seen.push_back(fingerprint(to_string(here)));
    LAKEGATE_TRY(const Url url, resolve_url(here, link));
    if (!url.origin.tls && !allow_http)
      return invalid_input(
          fmt::format("page {} links to {}, over http; add allow_http: true if "
                      "that is meant",
                      page.number + 1, to_string(url)));
    next.next_url = to_string(url);
    return follow(page, std::move(next), fingerprint(to_string(url)));
  }

  // `print` is of what a page that comes again would bring again.
  Result<std::optional<Page>> follow(const Page& page, Page next, std::uint64_t print) const {
    if (std::ranges::find(next.seen, print) != next.seen.end())
      return invalid_input(
          fmt::format("page {} repeats an earlier one; correct paginate, or give "
                      "its size if the server answers beyond the last page",
                      page.number + 1));
    if (page.number + 1 >= config.max_pages)
      return invalid_input(
          fmt::format("there are more than {} pages; write a larger max_pages under "
                      "paginate, or ask for less at a time",
                      config.max_pages));
    next.seen.push_back(print);
    ++next.number;
    return std::optional<Page>(std::move(next));
  }
};

Paginator::Paginator(const PaginateConfig& config, std::string records, bool allow_http)
    : state_(std::make_unique<State>()) {
  state_->config = config;
  state_->records = std::move(records);
  state_->allow_http = allow_http;
}
Paginator::~Paginator() = default;
Paginator::Paginator(Paginator&&) noexcept = default;
Paginator& Paginator::operator=(Paginator&&) noexcept = default;

Result<std::optional<Page>> Paginator::next(const HttpRequest& request, const Page& page,
                                            const HttpReply& reply) {
  switch (state_->config.by) {
    case By::kNone:
      return std::optional<Page>();
    case By::kPage:
    case By::kOffset:
      return state_->by_number(page, reply);
    case By::kCursor:
      return state_->by_cursor(page, reply);
    case By::kNext: {
      LAKEGATE_TRY(const std::string link, state_->text_at_pointer(page, reply.body));
      return state_->by_link(request, page, link);
    }
    case By::kLink:
      return state_->by_link(request, page, next_link(reply.headers));
  }
  return std::optional<Page>();
}

}  // namespace lakegate
