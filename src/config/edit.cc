// Edits of lake.yaml that leave every other line as its author wrote it: places come from the
// parser, the edit is made in the text, and the result is parsed again and compared.
#include <fmt/format.h>

#include <algorithm>

#include "config/config.h"
#include "config/flow_style.h"
#include "config/yaml_document.h"

namespace lakegate {
namespace {

constexpr std::string_view kFile = "lake.yaml";

// The lines of a text, each with its line feed, and their indentation.
class Lines {
 public:
  explicit Lines(std::string_view text) : crlf_(text.find("\r\n") != std::string_view::npos) {
    while (!text.empty()) {
      const auto end = std::min(text.find('\n'), text.size() - 1) + 1;
      lines_.emplace_back(text.substr(0, end));
      text.remove_prefix(end);
    }
  }

  std::size_t size() const { return lines_.size(); }
  const std::string& operator[](std::size_t i) const { return lines_[i]; }
  void replace(std::size_t i, std::string line) { lines_[i] = std::move(line); }

  // Where a block ends that begins in line `first` and is over at the latest in line `limit`: after
  // its last line that is neither blank nor a comment.
  std::size_t end_of_block(std::size_t first, std::size_t limit) const {
    std::size_t end = std::min(limit, lines_.size());
    while (end > first + 1 && !has_content(end - 1)) --end;
    return end;
  }

  void erase(std::size_t first, std::size_t end) {
    lines_.erase(lines_.begin() + static_cast<std::ptrdiff_t>(first),
                 lines_.begin() + static_cast<std::ptrdiff_t>(end));
  }

  void insert(std::size_t at, std::string_view text) {
    if (at > 0 && !lines_[at - 1].ends_with('\n')) lines_[at - 1] += crlf_ ? "\r\n" : "\n";
    const Lines added(text);
    std::vector<std::string> lines = added.lines_;
    if (crlf_)
      for (std::string& line : lines)
        if (line.ends_with('\n')) line.insert(line.size() - 1, "\r");
    lines_.insert(lines_.begin() + static_cast<std::ptrdiff_t>(at), lines.begin(), lines.end());
  }

  std::string text() const {
    std::string text;
    for (const std::string& line : lines_) text += line;
    return text;
  }

 private:
  bool has_content(std::size_t i) const {
    const auto first = lines_[i].find_first_not_of(" \t\r\n");
    return first != std::string::npos && lines_[i][first] != '#';
  }

  std::vector<std::string> lines_;
  bool crlf_;
};

std::string indented(std::string_view text, std::size_t indent) {
  std::string result;
  const Lines lines(text);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const bool blank = lines[i].find_first_not_of("\r\n") == std::string::npos;
    result += blank ? lines[i] : std::string(indent, ' ') + lines[i];
  }
  if (!result.empty() && !result.ends_with('\n')) result += '\n';
  return result;
}

bool is_flow(const YAML::Node& node) {
  return node.Style() == YAML::EmitterStyle::Flow;
}

std::size_t line_of(const YAML::Mark& mark) {
  return static_cast<std::size_t>(mark.line);
}

// The line of the key that follows `mark` in a block mapping, or `limit`.
std::size_t next_key_line(const YAML::Node& map, const YAML::Mark& mark, std::size_t limit) {
  std::size_t line = limit;
  for (const YamlEntry& entry : entries(map))
    if (entry.mark.line > mark.line) line = std::min(line, line_of(entry.mark));
  return line;
}

Result<YAML::Node> load_map(std::string_view yaml) {
  const Environment none;
  const YamlDocument document{std::string(kFile), none};
  LAKEGATE_TRY(YAML::Node root, document.load(yaml));
  if (!root.IsNull() && !root.IsMap())
    return invalid_input("is not a mapping; it must begin with \"datasets:\"",
                         where_of(std::string(kFile), root.Mark()));
  return root;
}

std::string emitted(const YAML::Node& node) {
  YAML::Emitter emitter;
  emitter << node;
  return emitter.c_str();
}

// Whether `after` says what `before` says, apart from the dataset's key (all of it where `key` is
// empty), which it has.
bool same_apart_from(const YAML::Node& before, const YAML::Node& after, const std::string& dataset,
                     const std::string& key) {
  YAML::Node left = YAML::Clone(before), right = YAML::Clone(after);
  if (!right["datasets"].IsMap() || !right["datasets"][dataset].IsMap()) return false;
  if (key.empty()) {
    right["datasets"].remove(dataset);
    if (!left["datasets"] || !left["datasets"].IsMap())
      left["datasets"] = YAML::Node(YAML::NodeType::Map);
  } else {
    if (!right["datasets"][dataset][key]) return false;
    right["datasets"][dataset].remove(key);
    left["datasets"][dataset].remove(key);
  }
  if (!left.IsMap() || left.size() != right.size()) return false;
  for (const YamlEntry& entry : entries(left))
    if (!right[entry.name] || emitted(entry.value) != emitted(right[entry.name])) return false;
  return true;
}

Result<std::string> checked(std::string edited, const YAML::Node& before,
                            const std::string& dataset, const std::string& key,
                            std::string_view by_hand) {
  const auto after = load_map(edited);
  if (after && same_apart_from(before, *after, dataset, key)) return edited;
  return invalid_input(
      fmt::format(
          "is laid out in a way that cannot be edited safely; put this into it by hand:\n{}",
          by_hand),
      {.file = std::string(kFile)});
}

Result<std::string> add_dataset(std::string_view yaml, const std::string& body,
                                const std::string& name) {
  LAKEGATE_TRY(const YAML::Node root, load_map(yaml));
  Lines lines(yaml);
  const auto block = [&](std::size_t indent) {
    return fmt::format("{:{}}{}:\n", "", indent, name) + indented(body, indent + 2);
  };
  const auto datasets = root.IsMap() ? find_entry(root, "datasets") : std::nullopt;
  if (!datasets) {
    lines.insert(lines.size(), "datasets:\n" + block(2));
  } else if (datasets->value.IsMap() && find_entry(datasets->value, name)) {
    return fail(ErrorKind::kConflict,
                fmt::format("the dataset {} exists already; choose another name, or edit it", name),
                where_of(std::string(kFile), find_entry(datasets->value, name)->mark));
  } else if (datasets->value.IsMap() && datasets->value.size() > 0 && !is_flow(datasets->value)) {
    const std::size_t limit = next_key_line(root, datasets->mark, lines.size());
    const std::size_t first = line_of(datasets->mark);
    lines.insert(lines.end_of_block(first, limit),
                 block(static_cast<std::size_t>(entries(datasets->value)[0].mark.column)));
  } else {
    // "datasets:", "datasets: {}": the key's line becomes a block's head. What stands there besides
    // shows in the comparison.
    const std::size_t line = line_of(datasets->mark);
    std::string head = lines[line];
    if (const auto empty = head.find("{}"); empty != std::string::npos) head.erase(empty, 2);
    lines.replace(line, head);
    lines.insert(line + 1, block(2));
  }
  return checked(lines.text(), root, name, "", "datasets:\n" + block(2));
}

Result<std::string> set_schema(std::string_view yaml, const std::string& name,
                               const Schema& schema) {
  LAKEGATE_TRY(const YAML::Node root, load_map(yaml));
  const auto datasets = root.IsMap() ? find_entry(root, "datasets") : std::nullopt;
  const auto dataset = datasets && datasets->value.IsMap() ? find_entry(datasets->value, name)
                                                           : std::optional<YamlEntry>();
  if (!dataset)
    return fail(
        ErrorKind::kNotFound,
        fmt::format("there is no dataset {} in it; add it first, with its landing pattern", name),
        {.file = std::string(kFile)});
  const std::string by_hand = "schema:\n" + to_yaml(schema, 2);
  if (!dataset->value.IsMap() || dataset->value.size() == 0)
    return checked(std::string(yaml), root, name, "schema", by_hand);
  Lines lines(yaml);
  const auto old = find_entry(dataset->value, "schema");
  if (is_flow(dataset->value)) {
    LAKEGATE_TRY(std::string edited,
                 with_flow_entry(yaml, dataset->value, "schema", flow_fields(to_yaml(schema))));
    return checked(std::move(edited), root, name, "schema", by_hand);
  }
  const auto indent = static_cast<std::size_t>(entries(dataset->value)[0].mark.column);
  const std::string block =
      fmt::format("{:{}}schema:\n", "", indent) + to_yaml(schema, static_cast<int>(indent) + 2);
  std::size_t limit = next_key_line(root, datasets->mark, lines.size());
  limit = next_key_line(datasets->value, dataset->mark, limit);
  if (old) {
    const std::size_t first = line_of(old->mark);
    const std::size_t end =
        lines.end_of_block(first, next_key_line(dataset->value, old->mark, limit));
    lines.erase(first, end);
    lines.insert(first, block);
  } else {
    lines.insert(lines.end_of_block(line_of(dataset->mark), limit), block);
  }
  return checked(lines.text(), root, name, "schema", by_hand);
}

template <class Edit>
Result<std::string> translating_exceptions(Edit edit) {
  try {
    return edit();
  } catch (const YAML::Exception& e) {
    return invalid_input(fmt::format("cannot be read as YAML: {}", e.msg),
                         where_of(std::string(kFile), e.mark));
  }
}

}  // namespace

Result<std::string> with_dataset(std::string_view yaml, const std::string& dataset_yaml,
                                 const DatasetName& name) {
  return translating_exceptions([&] { return add_dataset(yaml, dataset_yaml, name.str()); });
}

Result<std::string> with_schema(std::string_view yaml, const DatasetName& dataset,
                                const Schema& schema) {
  return translating_exceptions([&] { return set_schema(yaml, dataset.str(), schema); });
}

}  // namespace lakegate
