#include "formats/json/landed_reply.h"

#include <fmt/compile.h>
#include <fmt/format.h>
#include <simdjson.h>

#include <iterator>
#include <nlohmann/json.hpp>

#include "formats/json/plain.h"
#include "formats/json/syntax.h"
#include "lake/base64.h"
#include "lake/json_text.h"
#include "lake/utf8.h"

namespace lakegate {
namespace {

namespace ondemand = simdjson::ondemand;

template <class Value>
std::uint64_t rows_of(Value& value) {
  ondemand::json_type type{};
  if (value.type().get(type)) return 0;
  if (type != ondemand::json_type::array) return 1;
  std::size_t count = 0;
  return value.count_elements().get(count) ? 0 : count;
}

// Rows of a body that the fast parser refused though it is JSON: integers of any length are.
std::uint64_t rows_of_long_numbers(std::string_view body, const std::string& records) {
  thread_local ondemand::parser parser;
  const simdjson::padded_string padded(body);
  ondemand::document document;
  if (parser.iterate(padded).get(document)) return 0;
  if (records.empty()) return rows_of(document);
  ondemand::value value;
  return document.at_pointer(records).get(value) ? 0 : rows_of(value);
}

// A byte order mark may stand before a text, not within a line.
std::string_view without_mark(std::string_view body) {
  return body.starts_with(json::kByteOrderMark) ? body.substr(json::kByteOrderMark.size()) : body;
}

// How many rows a body has; nothing where it is not JSON. Strictly, as the reader will see it.
// SIMDJSON_PADDING bytes behind it can be read.
std::optional<std::uint64_t> count_rows(std::string_view body, const std::string& records,
                                        std::uint64_t page) {
  if (records.empty() && json::is_plain_object(body)) return 1;
  thread_local simdjson::dom::parser parser;
  simdjson::dom::element element;
  constexpr bool kCopied = false;
  if (parser.parse(body.data(), body.size(), kCopied).get(element) == simdjson::SUCCESS) {
    if (!records.empty() && element.at_pointer(records).get(element)) return 0;
    if (element.is_null() && !records.empty() && may_be_the_end(page)) return 0;
    simdjson::dom::array array;
    return element.get_array().get(array) ? 1 : array.size();
  }
  const auto problem = json::find_problem(body);
  if (problem && !problem->is_soft()) return std::nullopt;
  return rows_of_long_numbers(body, records);
}

}  // namespace

bool may_be_the_end(std::uint64_t page) {
  return page > 0;
}

std::optional<std::uint64_t> append_landed_line(const LandedReply& reply,
                                                const std::string& records, std::string& lines) {
  fmt::format_to(std::back_inserter(lines),
                 FMT_COMPILE(R"({{"n":{},"page":{},"parameters":{},"request":)"), reply.n,
                 reply.page, reply.parameters);
  append_json_string(reply.request, lines);
  fmt::format_to(std::back_inserter(lines), FMT_COMPILE(R"(,"status":{},)"), reply.status);
  if (reply.repeats_secret) lines += R"("repeats_secret":true,)";
  const std::string_view body = without_mark(reply.body);
  constexpr std::string_view kReply = R"("reply":)";
  const std::size_t begin = lines.size() + kReply.size();
  lines.reserve(begin + body.size() + simdjson::SIMDJSON_PADDING + 2);
  lines += kReply;
  lines += body;
  lines.append(simdjson::SIMDJSON_PADDING, ' ');
  const auto rows =
      count_rows(std::string_view(lines).substr(begin, body.size()), records, reply.page);
  if (rows) {
    lines.resize(begin + body.size());
    // Inside a string no line feed can be: it is not JSON there.
    for (const char end_of_line : {'\n', '\r'})
      for (auto at = lines.find(end_of_line, begin); at != std::string::npos;
           at = lines.find(end_of_line, at + 1))
        lines[at] = ' ';
  } else {
    lines.resize(begin - kReply.size());
    if (is_utf8(reply.body)) {
      lines += R"("reply_text":)" + nlohmann::ordered_json(std::string(reply.body)).dump();
    } else {
      lines += R"("reply_base64":")" + base64(reply.body) + '"';
    }
  }
  lines += "}\n";
  return rows;
}

bool is_json(std::string_view body) {
  std::string padded(without_mark(body));
  const std::size_t size = padded.size();
  padded.append(simdjson::SIMDJSON_PADDING, ' ');
  return count_rows(std::string_view(padded).substr(0, size), "", 0).has_value();
}

std::string why_not_json(std::string_view body) {
  if (body.empty()) return "the reply is not JSON: it is empty";
  const std::string_view text = without_mark(body);
  const auto problem = json::find_problem(text);
  if (!problem) return "the reply is not JSON";
  return fmt::format("the reply is not JSON: {} (byte offset {})", problem->what,
                     problem->at + (body.size() - text.size()));
}

}  // namespace lakegate
