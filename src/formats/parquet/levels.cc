#include "formats/parquet/levels.h"

#include <arrow/array.h>
#include <arrow/array/concatenate.h>
#include <arrow/util/bit_util.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "formats/arrow_bridge.h"

namespace lakegate {
namespace {

bool has_leaves_below(const arrow::DataType& type) {
  return type.id() == arrow::Type::LIST || type.id() == arrow::Type::STRUCT;
}

// The slots that the innermost list reaches, in order, without gaps: as they lie if they are
// neighbours (they nearly always are), else copied together.
arrow::Result<std::shared_ptr<arrow::Array>> gather(const std::shared_ptr<arrow::Array>& array,
                                                    const std::vector<std::int64_t>& slots) {
  arrow::ArrayVector runs;
  for (std::size_t i = 0; i < slots.size();) {
    if (slots[i] < 0) {
      ++i;
      continue;
    }
    const std::int64_t begin = slots[i];
    std::int64_t end = begin;
    for (; i < slots.size() && (slots[i] < 0 || slots[i] == end); ++i)
      if (slots[i] >= 0) ++end;
    runs.push_back(array->Slice(begin, end - begin));
  }
  if (runs.empty()) return array->Slice(0, 0);
  if (runs.size() == 1) return runs[0];
  return arrow::Concatenate(runs, memory_pool());
}

}  // namespace

int leaf_count(const arrow::DataType& type) {
  if (!has_leaves_below(type)) return 1;
  return std::transform_reduce(type.fields().begin(), type.fields().end(), 0, std::plus<>(),
                               [](const auto& field) { return leaf_count(*field->type()); });
}

arrow::Result<std::span<const Leaf>> LevelBuilder::build(
    const std::shared_ptr<arrow::Array>& column, const arrow::Field& field) {
  leaves_.clear();
  levels_.clear();
  if (!has_leaves_below(*field.type())) {
    build_flat(column, field.nullable());
    return leaves_;
  }
  Reached rows{.array = column, .count = column->length()};
  ARROW_RETURN_NOT_OK(descend(std::move(rows), field));
  return leaves_;
}

void LevelBuilder::build_flat(const std::shared_ptr<arrow::Array>& column, bool nullable) {
  Leaf leaf{.values = column, .levels = column->length(), .nullable = nullable};
  const auto count = static_cast<std::size_t>(column->length());
  if (nullable && column->null_count() == 0) {
    if (all_there_.size() < count) all_there_.resize(count, 1);
    leaf.definition = all_there_.data();
  } else if (nullable) {
    auto& definition = levels_.emplace_back(std::make_unique<Levels>())->definition;
    definition.resize(count);
    const std::uint8_t* valid = column->null_bitmap_data();
    const std::int64_t offset = column->offset();
    if (valid != nullptr)
      for (std::size_t i = 0; i < count; ++i)
        definition[i] = arrow::bit_util::GetBit(valid, offset + static_cast<std::int64_t>(i));
    leaf.definition = definition.data();
  }
  leaves_.push_back(std::move(leaf));
}

void LevelBuilder::Reached::spread() {
  if (!are_neighbours) return;
  are_neighbours = false;
  definition.assign(static_cast<std::size_t>(count), depth);
  slots.resize(static_cast<std::size_t>(count));
  std::iota(slots.begin(), slots.end(), first);
}

arrow::Status LevelBuilder::descend(Reached reached, const arrow::Field& field) {
  const arrow::Array& array = *reached.array;
  if (!has_leaves_below(*field.type())) return add_leaf(std::move(reached), field);
  if (field.nullable()) enter_nullable(reached);
  if (field.type()->id() == arrow::Type::LIST)
    return descend(enter_list(std::move(reached)), *field.type()->field(0));
  const auto& records = static_cast<const arrow::StructArray&>(array);
  for (int i = 0; i < records.num_fields(); ++i) {
    Reached member = reached;
    member.array = records.field(i);
    ARROW_RETURN_NOT_OK(descend(std::move(member), *field.type()->field(i)));
  }
  return arrow::Status::OK();
}

// Of each slot that is there, whether its value is, too.
void LevelBuilder::enter_nullable(Reached& reached) {
  const bool nulls = reached.array->null_count() > 0;
  if (nulls) reached.spread();
  ++reached.depth;
  for (std::size_t i = 0; i < reached.slots.size(); ++i) {
    if (reached.definition[i] != reached.depth - 1 || reached.slots[i] < 0) continue;
    if (!nulls || reached.array->IsValid(reached.slots[i])) reached.definition[i] = reached.depth;
  }
}

// Lists of which none is null or empty.
LevelBuilder::Reached LevelBuilder::enter_full_lists(const Reached& list) {
  const auto& array = static_cast<const arrow::ListArray&>(*list.array);
  const std::int64_t begin = array.value_offset(list.first);
  Reached elements{.array = array.values(),
                   .first = begin,
                   .count = array.value_offset(list.first + list.count) - begin,
                   .depth = static_cast<std::int16_t>(list.depth + 1),
                   .lists = static_cast<std::int16_t>(list.lists + 1)};
  elements.repetition.assign(static_cast<std::size_t>(elements.count), elements.lists);
  for (std::int64_t i = 0; i < list.count; ++i)
    elements.repetition[static_cast<std::size_t>(array.value_offset(list.first + i) - begin)] =
        list.repetition.empty() ? std::int16_t{0} : list.repetition[static_cast<std::size_t>(i)];
  return elements;
}

LevelBuilder::Reached LevelBuilder::enter_list(Reached list) {
  const auto& array = static_cast<const arrow::ListArray&>(*list.array);
  bool are_full = list.are_neighbours;
  for (std::int64_t i = list.first; are_full && i < list.first + list.count; ++i)
    are_full = array.value_length(i) > 0;
  if (are_full) return enter_full_lists(list);
  list.spread();
  Reached elements{.array = array.values(),
                   .are_neighbours = false,
                   .depth = static_cast<std::int16_t>(list.depth + 1),
                   .lists = static_cast<std::int16_t>(list.lists + 1)};
  const std::size_t enough =
      list.slots.size() +
      static_cast<std::size_t>(array.value_offset(array.length()) - array.value_offset(0));
  elements.definition.reserve(enough);
  elements.repetition.reserve(enough);
  elements.slots.reserve(enough);
  for (std::size_t i = 0; i < list.slots.size(); ++i) {
    const std::int16_t repetition = list.repetition.empty() ? std::int16_t{0} : list.repetition[i];
    const bool there = list.slots[i] >= 0 && list.definition[i] == list.depth;
    const std::int64_t begin = there ? array.value_offset(list.slots[i]) : 0;
    const std::int64_t end = there ? array.value_offset(list.slots[i] + 1) : 0;
    if (begin == end) {
      elements.definition.push_back(list.definition[i]);
      elements.repetition.push_back(repetition);
      elements.slots.push_back(-1);
      continue;
    }
    const auto count = static_cast<std::size_t>(end - begin);
    elements.definition.insert(elements.definition.end(), count, elements.depth);
    elements.repetition.push_back(repetition);
    elements.repetition.insert(elements.repetition.end(), count - 1, elements.lists);
    elements.slots.resize(elements.slots.size() + count);
    std::iota(elements.slots.end() - (end - begin), elements.slots.end(), begin);
  }
  return elements;
}

arrow::Status LevelBuilder::add_leaf(Reached reached, const arrow::Field& field) {
  if (field.nullable()) enter_nullable(reached);
  Leaf leaf{.levels = reached.are_neighbours ? reached.count
                                             : static_cast<std::int64_t>(reached.slots.size()),
            .nullable = field.nullable()};
  if (reached.are_neighbours) {
    leaf.values = reached.array->Slice(reached.first, reached.count);
    reached.definition.assign(static_cast<std::size_t>(reached.count), reached.depth);
  } else {
    ARROW_ASSIGN_OR_RAISE(leaf.values, gather(reached.array, reached.slots));
  }
  auto& levels = levels_.emplace_back(std::make_unique<Levels>());
  levels->definition = std::move(reached.definition);
  levels->repetition = std::move(reached.repetition);
  leaf.definition = reached.depth == 0 ? nullptr : levels->definition.data();
  leaf.repetition = levels->repetition.empty() ? nullptr : levels->repetition.data();
  leaves_.push_back(std::move(leaf));
  return arrow::Status::OK();
}

}  // namespace lakegate
