#include "config/templates.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "config/structure.h"

namespace lakegate {
namespace {

std::string why_unknown(const std::string& name, bool in_request, const Templates::Known& known) {
  if (name == "since")
    return "{since} needs since: {start: 2024-01-01T00:00:00Z} under source, the time that it is "
           "before the first fetch";
  if (name == "page" || name == "offset" || name == "cursor")
    return in_request ? fmt::format("{{{0}}} needs paginate: {{by: {0}}} under source", name)
                      : fmt::format(
                            "a column cannot be made of {{{}}}, which says how rows came, "
                            "not what they are",
                            name);
  if (known.for_each.empty())
    return fmt::format(
        "there is no variable {0}; add for_each: {{{0}: […]}}, or write {{{{{0}}}}} "
        "for the braces themselves",
        name);
  std::string cure = did_you_mean(name, known.for_each);
  if (cure.empty()) cure = fmt::format("; for_each has {}", fmt::join(known.for_each, ", "));
  return fmt::format("there is no variable {}{}", name, cure);
}

}  // namespace

YAML::Mark Templates::place_in(const Placed& placed, std::size_t at) {
  YAML::Mark mark = placed.mark;
  const bool plain = placed.scalar == placed.value.text() &&
                     placed.scalar.find_first_of("\\\n'") == std::string::npos;
  if (plain) mark.column += static_cast<int>(at) + (placed.quoted ? 1 : 0);
  return mark;
}

RequestTemplate Templates::read(const YAML::Node& node, const std::string& role, Use use) {
  const auto text = document_.text(node, node.Mark());
  if (!text) return {};
  Placed placed{.value = {},
                .role = role,
                .use = use,
                .mark = node.Mark(),
                .scalar = node.Scalar(),
                .quoted = is_quoted(node)};
  auto parsed = RequestTemplate::parse(*text);
  if (!parsed) {
    placed.value = RequestTemplate::literal(*text);
    const bool same = placed.scalar == *text;
    YAML::Mark mark = placed.mark;
    if (same && text->find_first_of("\\\n'") == std::string::npos)
      mark.column += static_cast<int>(parsed.error().where.column) - (placed.quoted ? 0 : 1);
    document_.problem(mark, fmt::format("{}: {}", role, parsed.error().message));
    return {};
  }
  placed.value = *parsed;
  all_.push_back(std::move(placed));
  return std::move(*parsed);
}

bool Templates::request_uses(std::string_view variable) const {
  return std::ranges::any_of(all_, [&](const Placed& placed) {
    return placed.use == Use::kRequest && placed.value.uses(variable);
  });
}

bool Templates::any_uses(std::string_view variable) const {
  return std::ranges::any_of(all_,
                             [&](const Placed& placed) { return placed.value.uses(variable); });
}

void Templates::check_variables(const Known& known) {
  const auto has = [](const std::vector<std::string>& names, const std::string& name) {
    return std::ranges::find(names, name) != names.end();
  };
  for (const Placed& placed : all_)
    for (const std::string& name : placed.value.variables()) {
      const bool in_request = placed.use == Use::kRequest;
      if (has(known.for_each, name) || has(known.times, name) ||
          (in_request && has(known.pages, name)))
        continue;
      const std::size_t at = placed.value.text().find("{" + name);
      document_.problem(place_in(placed, at == std::string::npos ? 0 : at),
                        fmt::format("{}: {}", placed.role, why_unknown(name, in_request, known)));
    }
}

}  // namespace lakegate
