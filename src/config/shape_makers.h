// Shapes that lake.yaml has in many places.
#pragma once

#include <utility>
#include <vector>

#include "config/shape.h"
#include "lake/names.h"

namespace lakegate::shapes {

using Kind = Shape::Kind;

inline constexpr std::string_view kCleanName = "^[a-z][a-z0-9_]*$";

inline Shape text(std::string_view what) {
  return {.kind = Kind::kText, .what = what};
}

inline Shape choice(std::vector<std::string_view> choices) {
  return {.kind = Kind::kChoice, .what = "one of a few words", .choices = std::move(choices)};
}

inline Shape clean(std::string_view what) {
  return {.kind = Kind::kText, .what = what, .pattern = kCleanName, .matches = is_clean_name};
}

inline Shape list_of(Shape item, std::string_view what, std::size_t min_items) {
  return {.kind = Kind::kList, .what = what, .of = {std::move(item)}, .min_items = min_items};
}

inline Shape one_or_more(const Shape& item, std::string_view what, std::size_t min_items) {
  return {.kind = Kind::kEither, .what = what, .of = {item, list_of(item, what, min_items)}};
}

inline Shape flag() {
  return {.kind = Kind::kFlag, .what = "true or false"};
}

}  // namespace lakegate::shapes
