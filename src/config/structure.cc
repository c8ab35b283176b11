#include "config/structure.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "config/environment.h"
#include "lake/names.h"
#include "lake/utf8.h"

namespace lakegate {
namespace {

using Kind = Shape::Kind;

// Long values are cut in messages.
std::string in_quotes(std::string_view text) {
  constexpr std::size_t kMost = 60;
  if (text.size() <= kMost) return fmt::format("\"{}\"", text);
  return fmt::format("\"{}…\"", without_cut_character(text.substr(0, kMost)));
}

class Checker {
 public:
  explicit Checker(YamlDocument& document) : document_(document) {}

  bool check(const YAML::Node& node, const Shape& shape, const std::string& name,
             const YAML::Mark& mark) {
    const YAML::Mark place = scalar_type(node) == ScalarType::kNull ? mark : node.Mark();
    switch (shape.kind) {
      case Kind::kText:
      case Kind::kTextOrNumber:
      case Kind::kLimit:
        return check_scalar(node, shape, name, place);
      case Kind::kFlag:
        if (node.IsScalar() && scalar_type(node) == ScalarType::kFlag) return true;
        return wrong(place, name, node, shape);
      case Kind::kChoice:
        return check_choice(node, shape, name, place);
      case Kind::kList:
        return check_list(node, shape, name, place);
      case Kind::kObject:
        return check_object(node, shape, name, place, mark);
      case Kind::kMap:
        return check_map(node, shape, name, place);
      case Kind::kEither:
        return check_either(node, shape, name, place, mark);
      case Kind::kAnything:
        return check_anything(node, name);
    }
    return false;
  }

 private:
  bool refuse(const YAML::Mark& mark, std::string message) {
    document_.problem(mark, std::move(message));
    return false;
  }

  bool wrong(const YAML::Mark& mark, const std::string& name, const YAML::Node& node,
             const Shape& shape) {
    if (shape.sensitive && node.IsScalar() && scalar_type(node) != ScalarType::kNull)
      return refuse(mark, fmt::format("{} stands here itself; it must be {}", name, shape.what));
    return wrong(mark, name, node, shape.what);
  }

  bool wrong(const YAML::Mark& mark, const std::string& name, const YAML::Node& node,
             std::string_view expected) {
    std::string found(describe(node));
    if (node.IsScalar() && scalar_type(node) != ScalarType::kNull)
      found = fmt::format("{}, {}", in_quotes(node.Scalar()), found);
    return refuse(mark, fmt::format("{} is {}; it must be {}", name, found, expected));
  }

  bool check_scalar(const YAML::Node& node, const Shape& shape, const std::string& name,
                    const YAML::Mark& place) {
    const ScalarType type = scalar_type(node);
    if (!node.IsScalar() || type == ScalarType::kNull) return wrong(place, name, node, shape);
    const bool number = type == ScalarType::kInteger || type == ScalarType::kNumber;
    if (shape.kind == Kind::kText && (number || type == ScalarType::kFlag))
      return refuse(
          place, fmt::format("{} is {}, where a text is needed; put it in quotes{}", name,
                             describe(node), shape.sensitive ? "" : ": '" + node.Scalar() + "'"));
    const bool fraction = shape.kind == Kind::kLimit && type == ScalarType::kNumber;
    if (type == ScalarType::kFlag || (fraction && !shape.fractions))
      return wrong(place, name, node, shape);
    const auto text = document_.text(node, place);
    if (!text) return false;
    if (!document_.expands() && has_variable(*text)) return true;
    if (shape.matches != nullptr) {
      if (shape.matches(*text)) return true;
      if (shape.sensitive)
        return refuse(place, fmt::format("{} is something else; it must be {}", name, shape.what));
      return refuse(place,
                    fmt::format("{} is {}; it must be {}", name, in_quotes(*text), shape.what));
    }
    if (!text->empty() || shape.kind != Kind::kText) return true;
    return refuse(place, fmt::format("{} is empty; it must be {}", name, shape.what));
  }

  bool check_choice(const YAML::Node& node, const Shape& shape, const std::string& name,
                    const YAML::Mark& place) {
    const std::vector<std::string> choices(shape.choices.begin(), shape.choices.end());
    const std::string all = fmt::format("one of {}", fmt::join(choices, ", "));
    if (!node.IsScalar() || scalar_type(node) != ScalarType::kText)
      return wrong(place, name, node, all);
    const std::string& word = node.Scalar();
    if (std::find(choices.begin(), choices.end(), word) != choices.end()) return true;
    return refuse(place, fmt::format("{} is {}; it must be {}{}", name, in_quotes(word), all,
                                     did_you_mean(word, choices)));
  }

  bool check_list(const YAML::Node& node, const Shape& shape, const std::string& name,
                  const YAML::Mark& place) {
    if (!node.IsSequence()) return wrong(place, name, node, shape);
    if (node.size() < shape.min_items)
      return refuse(place, fmt::format("{} is an empty list; it must be {}", name, shape.what));
    bool fine = true;
    for (const auto& item : node) {
      const bool is_null = scalar_type(item) == ScalarType::kNull;
      const bool item_fine = check(item, shape.of[0], name, is_null ? place : item.Mark());
      fine = fine && item_fine;
    }
    return fine;
  }

  bool check_either(const YAML::Node& node, const Shape& shape, const std::string& name,
                    const YAML::Mark& place, const YAML::Mark& mark) {
    for (const Shape& alternative : shape.of) {
      const bool is_map = alternative.kind == Kind::kObject || alternative.kind == Kind::kMap;
      const bool is_list = alternative.kind == Kind::kList;
      const bool is_anything = alternative.kind == Kind::kAnything;
      const bool same = node.IsMap()        ? is_map || is_anything
                        : node.IsSequence() ? is_list || is_anything
                                            : !is_map && !is_list && !is_anything;
      const bool is_null = scalar_type(node) == ScalarType::kNull && !is_quoted(node);
      if (same && !is_null) return check(node, alternative, name, mark);
    }
    return wrong(place, name, node, shape);
  }

  // Mappings with keys that are texts, none twice, at any depth; no cycles.
  bool check_anything(const YAML::Node& node, const std::string& name, int depth = 0) {
    constexpr int kMostDeep = 64;
    if (depth > kMostDeep)
      return refuse(node.Mark(), fmt::format("{} is nested deeper than {}", name, kMostDeep));
    bool fine = !node.IsMap() || check_keys(node, name);
    if (node.IsMap())
      for (const YamlEntry& entry : entries(node))
        fine = check_anything(entry.value, name, depth + 1) && fine;
    if (node.IsSequence())
      for (const auto& item : node) fine = check_anything(item, name, depth + 1) && fine;
    return fine;
  }

  // The keys of a mapping, each a text and none twice.
  bool check_keys(const YAML::Node& node, const std::string& name) {
    bool fine = true;
    std::set<std::string> seen;
    for (const auto& entry : node) {
      if (!entry.first.IsScalar())
        fine = refuse(entry.first.Mark(), fmt::format("a key in {} is {}; keys are names", name,
                                                      describe(entry.first)));
      else if (!seen.insert(entry.first.Scalar()).second)
        fine = refuse(entry.first.Mark(), fmt::format("{} stands twice in {}; remove one of them",
                                                      in_quotes(entry.first.Scalar()), name));
    }
    return fine;
  }

  bool check_map(const YAML::Node& node, const Shape& shape, const std::string& name,
                 const YAML::Mark& place) {
    if (!node.IsMap()) {
      const std::string expected = fmt::format("a mapping; each key is {}", shape.what);
      Shape said = {.what = expected, .sensitive = shape.sensitive};
      return wrong(place, name, node, said);
    }
    const bool expanded = document_.expands();
    if (shape.keep_variables) document_.set_expands(false);
    bool fine = check_keys(node, name);
    for (const YamlEntry& entry : entries(node)) {
      if (!shape.matches(entry.name)) {
        const std::string clean = clean_name(entry.name);
        fine = refuse(entry.mark,
                      fmt::format("{} is not {}{}", in_quotes(entry.name), shape.what,
                                  shape.matches == is_clean_name ? "; write " + clean : ""));
      }
      const bool value_fine = check(entry.value, shape.of[0], entry.name, entry.mark);
      fine = fine && value_fine;
    }
    document_.set_expands(expanded);
    return fine;
  }

  bool check_object(const YAML::Node& node, const Shape& shape, const std::string& name,
                    const YAML::Mark& place, const YAML::Mark& mark) {
    if (!node.IsMap()) return wrong(place, name, node, shape);
    bool fine = check_keys(node, name);
    std::vector<std::string> known;
    for (const Key& key : shape.keys) known.emplace_back(key.name);
    std::set<std::string> present;  // also what was meant by a misspelt key
    for (const YamlEntry& entry : entries(node)) {
      const auto key = std::find_if(shape.keys.begin(), shape.keys.end(),
                                    [&](const Key& k) { return k.name == entry.name; });
      if (key == shape.keys.end()) {
        fine = refuse_key(entry, shape, name, known);
        present.insert(nearest_name(entry.name, known));
        continue;
      }
      present.insert(entry.name);
      const bool value_fine = check(entry.value, key->shape, entry.name, entry.mark);
      fine = fine && value_fine;
    }
    for (const Key& key : shape.keys)
      if (key.required && !present.contains(std::string(key.name)))
        fine = refuse(mark, fmt::format("{} lacks {}: add \"{}: …\", {}", name, key.name, key.name,
                                        key.shape.what));
    return check_combinations(shape, name, mark, place, present) && fine;
  }

  bool refuse_key(const YamlEntry& entry, const Shape& shape, const std::string& name,
                  const std::vector<std::string>& known) {
    if (std::find(shape.later.begin(), shape.later.end(), entry.name) != shape.later.end())
      return refuse(entry.mark,
                    fmt::format("{} is not supported yet by this version of lakegate; remove it "
                                "from {}",
                                entry.name, name));
    for (const auto& [key, where] : shape.belongs_under)
      if (key == entry.name)
        return refuse(entry.mark,
                      fmt::format("{} stands under {}: of {}; move it there", key, where, name));
    std::string cure = did_you_mean(entry.name, known);
    if (cure.empty()) cure = fmt::format("; the keys are {}", fmt::join(known, ", "));
    return refuse(entry.mark,
                  fmt::format("unknown key {} in {}{}", in_quotes(entry.name), name, cure));
  }

  bool check_combinations(const Shape& shape, const std::string& name, const YAML::Mark& mark,
                          const YAML::Mark& place, const std::set<std::string>& present) {
    bool fine = true;
    const auto count =
        std::count_if(shape.exactly_one.begin(), shape.exactly_one.end(),
                      [&](std::string_view key) { return present.contains(std::string(key)); });
    if (!shape.exactly_one.empty() && count != 1)
      fine = refuse(place, fmt::format("{} has {} of {}; write {}", name,
                                       count == 0 ? "none" : "more than one",
                                       fmt::join(shape.exactly_one, ", "), shape.what));
    if (!shape.at_least_one.empty() &&
        std::ranges::none_of(shape.at_least_one, [&](std::string_view key) {
          return present.contains(std::string(key));
        })) {
      const auto key = std::ranges::find(shape.keys, shape.at_least_one[0], &Key::name);
      fine = refuse(mark, fmt::format("{} lacks {}: add \"{}: …\", {}; or {}", name, key->name,
                                      key->name, key->shape.what,
                                      fmt::join(shape.at_least_one.begin() + 1,
                                                shape.at_least_one.end(), ", or ")));
    }
    for (const auto& [key, condition] : shape.only_with)
      if (present.contains(std::string(key)) && !present.contains(std::string(condition)))
        fine = refuse(place, fmt::format("{} in {} needs {} beside it", key, name, condition));
    return fine;
  }

  YamlDocument& document_;
};

}  // namespace

std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates) {
  const std::string nearest = nearest_name(word, candidates);
  return nearest.empty() ? "" : fmt::format("; did you mean {}?", nearest);
}

bool check_structure(const YAML::Node& node, const Shape& shape, const std::string& name,
                     const YAML::Mark& mark, YamlDocument& document) {
  return Checker(document).check(node, shape, name, mark);
}

}  // namespace lakegate
