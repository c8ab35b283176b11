#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "config/range_values.h"
#include "config/source_reader.h"

namespace lakegate {
namespace {

// Variables that are there without for_each.
bool is_reserved(std::string_view name) {
  constexpr std::string_view kReserved[] = {"since", "until", "page", "offset", "cursor"};
  return std::ranges::find(kReserved, name) != std::end(kReserved);
}

bool is_time(std::string_view text) {
  return text == "{since}" || text == "{until}";
}

class ForEachReader {
 public:
  ForEachReader(Combine combine, YamlDocument& document) : combine_(combine), document_(document) {}

  ForEach read(const YamlEntry& entry) {
    if (is_reserved(entry.name))
      document_.problem(entry.mark, fmt::format("{{{}}} is a variable of lakegate's own; call this "
                                                "one otherwise",
                                                entry.name));
    ForEach variable{.name = entry.name, .values = {}};
    if (entry.value.IsSequence())
      variable.values = read_list(entry);
    else if (const auto file = find_entry(entry.value, "file"))
      variable.values = read_column(file->value, find_entry(entry.value, "column")->value);
    else
      variable.values = read_range(entry);
    return variable;
  }

 private:
  std::string text(const YAML::Node& node) {
    return document_.text(node, node.Mark()).value_or("");
  }

  ForEach::List read_list(const YamlEntry& entry) {
    ForEach::List list;
    std::set<std::string> seen;
    for (const auto& item : entry.value) {
      TemplateValue value{.text = text(item)};
      const ScalarType type = scalar_type(item);
      value.is_number = (type == ScalarType::kInteger || type == ScalarType::kNumber) &&
                        is_json_number(value.text);
      if (value.text.empty())
        document_.problem(item.Mark(),
                          fmt::format("a value of {} is empty; remove it", entry.name));
      else if (!seen.insert(value.text).second && combine_ == Combine::kProduct)
        document_.problem(item.Mark(), fmt::format("{} stands twice in {}, and would be asked for "
                                                   "twice; remove one of them",
                                                   value.text, entry.name));
      list.values.push_back(std::move(value));
    }
    return list;
  }

  ForEach::Column read_column(const YAML::Node& file, const YAML::Node& column) {
    const std::string path = text(file);
    const std::string slashed = "/" + path + "/";
    if (path.find("://") != std::string::npos || path.starts_with('/') || path.ends_with('/') ||
        slashed.find("/../") != std::string::npos || slashed.find("/./") != std::string::npos ||
        slashed.find("//") != std::string::npos || path.find('\\') != std::string::npos)
      document_.problem(file.Mark(),
                        fmt::format("file is \"{}\"; it must be a file inside the lake, "
                                    "such as reference/devices.csv",
                                    path));
    return {.file = ObjectKey(path), .column = text(column)};
  }

  ForEach::Range read_range(const YamlEntry& entry) {
    const YAML::Node from = find_entry(entry.value, "from")->value;
    const YAML::Node to = find_entry(entry.value, "to")->value;
    const auto step = find_entry(entry.value, "step");
    ForEach::Range range{.from = text(from), .to = text(to)};
    if (step) range.step = text(step->value);
    const auto dated = [](const std::string& end) { return is_time(end) || is_date(end); };
    range.of_dates = dated(range.from) || dated(range.to);
    // The days of {since} and {until} are not known yet; whatever they are, the rest must fit.
    const bool open = is_time(range.from) || is_time(range.to);
    const auto known = [](const std::string& end, const char* stand_in) {
      return is_time(end) ? std::string(stand_in) : end;
    };
    const auto values =
        range.of_dates
            ? date_range(known(range.from, is_date(range.to) ? range.to.c_str() : "2000-01-01"),
                         known(range.to, is_date(range.from) ? range.from.c_str() : "2000-01-01"),
                         range.step)
            : number_range(range.from, range.to, range.step);
    if (!values) {
      document_.problem(entry.value.Mark(),
                        fmt::format("{}: {}", entry.name, values.error().message));
      return range;
    }
    if (range.from == "{until}" && open)
      document_.problem(from.Mark(), fmt::format("{}: from is {{until}}, which is the end of what "
                                                 "is fetched; write from: '{{since}}'",
                                                 entry.name));
    if (range.to == "{since}" && open)
      document_.problem(to.Mark(), fmt::format("{}: to is {{since}}, which is the begin of what is "
                                               "fetched; write to: '{{until}}'",
                                               entry.name));
    return range;
  }

  const Combine combine_;
  YamlDocument& document_;
};

}  // namespace

std::vector<ForEach> read_for_each(const YAML::Node& for_each, Combine combine,
                                   YamlDocument& document) {
  std::vector<ForEach> variables;
  for (const YamlEntry& entry : entries(for_each))
    variables.push_back(ForEachReader(combine, document).read(entry));
  return variables;
}

}  // namespace lakegate
