#include <fmt/format.h>

#include "config/source_reader.h"

namespace lakegate {
namespace {

using By = PaginateConfig::By;

By by_from(std::string_view word) {
  return word == "page"     ? By::kPage
         : word == "offset" ? By::kOffset
         : word == "cursor" ? By::kCursor
         : word == "next"   ? By::kNext
                            : By::kLink;
}

}  // namespace

PaginateConfig read_paginate(const YAML::Node& node, const std::set<std::string>& parameters,
                             const Templates& templates, YamlDocument& document) {
  const std::string by = find_entry(node, "by")->value.Scalar();
  PaginateConfig paginate{.by = by_from(by)};
  const auto text = [&](const YamlEntry& entry) {
    return document.text(entry.value, entry.value.Mark()).value_or("");
  };
  const auto only_for = [&](std::string_view key, bool fits, std::string_view which) {
    const auto entry = find_entry(node, key);
    if (entry && !fits)
      document.problem(entry->mark, fmt::format("{} is for by: {}, and this is by: {}; remove it",
                                                key, which, by));
    return fits ? entry : std::nullopt;
  };
  const bool in_body = paginate.by == By::kCursor || paginate.by == By::kNext;
  const bool in_query = paginate.by != By::kNext && paginate.by != By::kLink;
  const bool is_number = paginate.by == By::kPage || paginate.by == By::kOffset;
  if (const auto first = only_for("first", paginate.by == By::kPage, "page"))
    paginate.first = std::stoll(text(*first));
  if (const auto size = only_for("size", is_number, "page or offset"))
    paginate.size = std::stoull(text(*size));
  if (const auto at = only_for("at", in_body, "cursor or next"))
    paginate.pointer = text(*at);
  else if (in_body)
    document.problem(node.Mark(), fmt::format("by: {} needs at: the place of the {} in the body, "
                                              "such as at: /meta/next",
                                              by, by == "next" ? "next page's URL" : "cursor"));
  if (const auto cap = find_entry(node, "max_pages"))
    paginate.max_pages = static_cast<std::uint32_t>(std::stoul(text(*cap)));

  const auto parameter = only_for("parameter", in_query, "page, offset or cursor");
  if (!in_query) return paginate;
  if (templates.request_uses(by)) {
    if (parameter)
      document.problem(parameter->mark, fmt::format("{{{}}} stands in the request too; remove one "
                                                    "of the two",
                                                    by));
    return paginate;
  }
  paginate.parameter = parameter ? text(*parameter) : by;
  if (parameters.contains(paginate.parameter))
    document.problem(node.Mark(),
                     fmt::format("the query has a parameter {0} already, where the {1} would go; "
                                 "write '{{{1}}}' as its value, or remove it",
                                 paginate.parameter, by));
  return paginate;
}

}  // namespace lakegate
