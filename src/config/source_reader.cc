#include "config/source_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "config/range_values.h"
#include "config/structure.h"
#include "lake/amounts.h"
#include "net/url.h"

namespace lakegate {
namespace {

using By = PaginateConfig::By;
using Use = Templates::Use;

bool is_true(const YAML::Node& node) {
  return node.Scalar()[0] == 't' || node.Scalar()[0] == 'T';
}

bool has_control_character(std::string_view text) {
  return std::ranges::any_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7f;
  });
}

// As a URL with every variable standing for something harmless.
std::string with_stand_ins(const RequestTemplate& url) {
  std::string text;
  for (const RequestTemplate::Piece& piece : url.pieces())
    text += piece.is_variable ? "x" : piece.text;
  return text;
}

class SourceReader {
 public:
  SourceReader(const YamlEntry& entry, const DatasetConfig& dataset, YamlDocument& document)
      : entry_(entry), dataset_(dataset), document_(document), templates_(document) {}

  SourceConfig read() {
    read_security();
    read_url();
    if (const auto headers = get("headers")) read_headers(headers->value);
    if (const auto query = get("query")) read_query(query->value);
    if (const auto body = get("body"))
      source_.body = read_body(body->value, source_.headers, templates_, document_);
    read_method();
    const auto combine = get("combine");
    if (combine && combine->value.Scalar() == "zip") source_.combine = Combine::kZip;
    if (const auto for_each = get("for_each"))
      source_.for_each = read_for_each(for_each->value, source_.combine, document_);
    if (const auto since = get("since")) read_since(since->value);
    if (const auto records = get("records")) source_.records = text(records->value);
    if (const auto add = get("add")) read_add(add->value);
    if (const auto paginate = get("paginate"))
      source_.paginate = read_paginate(paginate->value, parameters(), templates_, document_);
    if (const auto auth = get("auth")) read_auth_section(auth->value);
    if (const auto limits = get("limits")) source_.limits = read_limits(limits->value, document_);
    if (const auto slice = get("slice")) source_.slice = std::stoull(text(slice->value));
    read_combine();
    check_variables();
    return std::move(source_);
  }

 private:
  std::optional<YamlEntry> get(std::string_view name) const {
    return find_entry(entry_.value, name);
  }
  std::string text(const YAML::Node& node) {
    return document_.text(node, node.Mark()).value_or("");
  }
  bool flag(std::string_view name, bool otherwise) const {
    const auto found = get(name);
    return found ? is_true(found->value) : otherwise;
  }

  // Names of query parameters that stand in the url or the query.
  std::set<std::string> parameters() const {
    std::set<std::string> names = url_parameters_;
    for (const NamedTemplate& parameter : source_.query) names.insert(parameter.name);
    return names;
  }

  void read_security() {
    source_.keep_raw = flag("keep_raw", true);
    source_.allow_http = flag("allow_http", false);
    source_.allow_proxy = flag("allow_proxy", false);
    if (const auto file = get("ca_file")) source_.ca_file = text(file->value);
    const auto hosts = get("allow_hosts");
    if (!hosts) return;
    if (hosts->value.IsSequence())
      for (const auto& host : hosts->value) source_.allow_hosts.push_back(text(host));
    else
      source_.allow_hosts.push_back(text(hosts->value));
  }

  void read_url() {
    const YAML::Node node = get("url")->value;
    source_.url = templates_.read(node, "url", Use::kRequest);
    if (source_.url.pieces().empty()) return;  // told already
    const auto refuse = [&](std::string why) {
      document_.problem(node.Mark(), fmt::format("url: {}", why));
    };
    const auto& first = source_.url.pieces()[0];
    const std::size_t scheme = first.is_variable ? std::string::npos : first.text.find("://");
    const bool literal_host = source_.url.variables().empty() ||
                              (scheme != std::string::npos &&
                               first.text.find_first_of("/?", scheme + 3) != std::string::npos);
    if (!literal_host)
      return refuse(
          "scheme, host and port are fixed, and variables stand behind them; credentials "
          "are for one server");
    const std::string sample = with_stand_ins(source_.url);
    if (std::string wrong = check_url(sample, source_.allow_http); !wrong.empty())
      return refuse(std::move(wrong));
    check_url_parameters(refuse);
  }

  template <class Refuse>
  void check_url_parameters(const Refuse& refuse) {
    const std::string sample = with_stand_ins(source_.url);
    for (std::size_t at = sample.find('?'); at != std::string::npos;
         at = sample.find('&', at + 1)) {
      const std::size_t end = sample.find_first_of("=&", at + 1);
      const std::string name = sample.substr(at + 1, end == std::string::npos ? end : end - at - 1);
      url_parameters_.insert(name);
      if (is_credential_parameter(name)) refuse(literal_secret(name, "query"));
    }
  }

  static std::string literal_secret(const std::string& name, std::string_view where) {
    return fmt::format(
        "{0} is a secret, and secrets never stand in lake.yaml; write it under auth: "
        "{{{1}: {{{0}: {{env: NAME}}}}}}",
        name, where);
  }

  void read_headers(const YAML::Node& node) {
    std::vector<std::string> seen;
    for (const YamlEntry& entry : entries(node)) {
      const auto same = [&](const std::string& name) { return same_header_name(name, entry.name); };
      if (std::ranges::any_of(seen, same))
        document_.problem(
            entry.mark,
            fmt::format("the header {} stands twice; names of headers have no case", entry.name));
      seen.push_back(entry.name);
      if (is_credential_header(entry.name)) {
        const bool bearer = same_header_name(entry.name, "authorization");
        document_.problem(entry.mark, bearer
                                          ? "Authorization is a secret, and secrets never stand in "
                                            "lake.yaml; write it under auth: {bearer: {env: NAME}}"
                                          : literal_secret(entry.name, "header"));
        continue;  // its value is nobody's business
      }
      if (is_reserved_header(entry.name))
        document_.problem(entry.mark,
                          fmt::format("{} is written by the HTTP client; remove it", entry.name));
      auto value = templates_.read(entry.value, "headers." + entry.name, Use::kRequest);
      if (has_control_character(value.text()))
        document_.problem(entry.value.Mark(),
                          fmt::format("the header {} has a line feed or another "
                                      "control character in it; remove it",
                                      entry.name));
      if (same_header_name(entry.name, "content-type") && !value.variables().empty())
        document_.problem(entry.value.Mark(),
                          "Content-Type says how the body is written and has no variables");
      source_.headers.push_back({entry.name, std::move(value)});
    }
  }

  void read_query(const YAML::Node& node) {
    for (const YamlEntry& entry : entries(node)) {
      if (is_credential_parameter(entry.name)) {
        document_.problem(entry.mark, literal_secret(entry.name, "query"));
        continue;
      }
      if (url_parameters_.contains(entry.name))
        document_.problem(
            entry.mark, fmt::format("{} stands in the url too; remove one of the two", entry.name));
      source_.query.push_back(
          {entry.name, templates_.read(entry.value, "query." + entry.name, Use::kRequest)});
    }
  }

  void read_method() {
    const bool has_body = source_.body.kind != BodyConfig::Kind::kNone;
    source_.method = has_body ? "POST" : "GET";
    const auto method = get("method");
    if (!method) return;
    source_.method = method->value.Scalar();
    if (has_body && source_.method == "GET")
      document_.problem(method->value.Mark(),
                        "a GET has no body; remove the body, or write method: POST");
  }

  void read_since(const YAML::Node& node) {
    const YAML::Node start = find_entry(node, "start")->value;
    const std::string written = text(start);
    const auto instant = instant_from_iso(is_date(written) ? written + "T00:00:00Z" : written);
    SinceConfig since;
    if (instant)
      since.start = *instant;
    else
      document_.problem(start.Mark(), fmt::format("start: {}", instant.error().message));
    if (const auto overlap = find_entry(node, "overlap"))
      if (const auto parsed = parse_duration(text(overlap->value))) since.overlap = *parsed;
    source_.since = since;
  }

  // Columns are spliced into the records, so they have the name that a record would give them.
  void read_add(const YAML::Node& node) {
    for (const YamlEntry& entry : entries(node)) {
      const auto& schema = dataset_.schema;
      const auto& captured = dataset_.capture_columns;
      if (std::ranges::find(captured, entry.name) != captured.end())
        document_.problem(entry.mark, fmt::format("{} is in add and in capture_columns; remove one "
                                                  "of the two",
                                                  entry.name));
      if (schema && schema->find_source(entry.name) == nullptr &&
          dataset_.new_columns != NewColumns::kAdd)
        document_.problem(
            entry.mark,
            fmt::format("add: {} is not a column of the schema, and new_columns "
                        "would {}; add it to the schema",
                        entry.name,
                        dataset_.new_columns == NewColumns::kReject ? "reject every row for it"
                                                                    : "leave it out"));
      source_.add.push_back(
          {entry.name, templates_.read(entry.value, "add." + entry.name, Use::kColumn)});
    }
  }

  void read_auth_section(const YAML::Node& node) {
    source_.auth = read_auth(node, source_.allow_http, document_);
    const YAML::Mark mark = node.Mark();
    for (const NamedSecret& secret : source_.auth.headers)
      for (const NamedTemplate& header : source_.headers)
        if (same_header_name(header.name, secret.name))
          document_.problem(mark, fmt::format("{} is in headers and in auth; remove one of the two",
                                              secret.name));
    for (const NamedSecret& secret : source_.auth.query)
      if (parameters().contains(secret.name) || secret.name == source_.paginate.parameter)
        document_.problem(mark, fmt::format("{} is in the query and in auth; remove one of the two",
                                            secret.name));
  }

  void read_combine() {
    const auto combine = get("combine");
    if (!combine) return;
    if (source_.for_each.size() < 2)
      document_.problem(combine->mark,
                        "combine is for two or more variables of for_each; remove it");
    if (source_.combine != Combine::kZip) return;
    const ForEach* first = nullptr;
    std::size_t length = 0;
    for (const ForEach& variable : source_.for_each) {
      const auto* list = std::get_if<ForEach::List>(&variable.values);
      if (list == nullptr) continue;  // known when it is read
      if (first != nullptr && list->values.size() != length)
        document_.problem(combine->mark,
                          fmt::format("zip takes the values of {} and {} together, and there are "
                                      "{} and {}; make them as many",
                                      first->name, variable.name, length, list->values.size()));
      first = &variable;
      length = list->values.size();
    }
  }

  bool a_range_begins(std::string_view time) const {
    return std::ranges::any_of(source_.for_each, [&](const ForEach& variable) {
      const auto* range = std::get_if<ForEach::Range>(&variable.values);
      return range != nullptr && (range->from == time || range->to == time);
    });
  }

  void check_variables() {
    Templates::Known known;
    for (const ForEach& variable : source_.for_each) known.for_each.push_back(variable.name);
    known.times = {"until"};
    if (source_.since) known.times.emplace_back("since");
    if (source_.paginate.by == By::kPage) known.pages = {"page"};
    if (source_.paginate.by == By::kOffset) known.pages = {"offset"};
    if (source_.paginate.by == By::kCursor) known.pages = {"cursor"};
    templates_.check_variables(known);
    if (!source_.since && a_range_begins("{since}"))
      document_.problem(get("for_each")->mark,
                        "{since} needs since: {start: 2024-01-01T00:00:00Z} under source, the time "
                        "that it is before the first fetch");
    for (const ForEach& variable : source_.for_each)
      if (!templates_.request_uses(variable.name))
        document_.problem(find_entry(get("for_each")->value, variable.name)->mark,
                          fmt::format("{0} is in no part of the request, which would be the same "
                                      "for each of its values; write {{{0}}} where it belongs",
                                      variable.name));
    if (source_.since && !templates_.any_uses("since") && !a_range_begins("{since}"))
      document_.problem(get("since")->mark,
                        "{since} is used nowhere; write it where it belongs, or "
                        "remove since");
  }

  const YamlEntry& entry_;
  const DatasetConfig& dataset_;
  YamlDocument& document_;
  Templates templates_;
  SourceConfig source_;
  std::set<std::string> url_parameters_;
};

}  // namespace

std::string check_url(std::string_view text, bool allow_http) {
  const auto url = parse_url(text);
  if (!url) return url.error().message;
  if (text.find('#') != std::string_view::npos)
    return "what follows \"#\" is never sent; remove it";
  if (!url->origin.tls && !allow_http)
    return "it is http, which anybody on the way can read; write https, or add allow_http: true";
  return {};
}

SourceConfig read_source(const YamlEntry& entry, const DatasetConfig& dataset,
                         YamlDocument& document) {
  return SourceReader(entry, dataset, document).read();
}

}  // namespace lakegate
