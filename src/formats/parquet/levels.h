// Arrow's nested arrays as Parquet sees them: for each leaf, its values and how they are nested.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace lakegate {

// One leaf (a column of Parquet) of some rows. Level pointers are null where the maximum is 0.
struct Leaf {
  std::shared_ptr<arrow::Array> values;  // with a slot for each null of the innermost list
  const std::int16_t* definition = nullptr;
  const std::int16_t* repetition = nullptr;
  std::int64_t levels = 0;
  bool nullable = false;  // the leaf's own field
};

// Leaves of columns, one after the other, reusing its memory. Not thread-safe.
class LevelBuilder {
 public:
  // The leaves of a column in Parquet's order. They stay valid until the next call.
  arrow::Result<std::span<const Leaf>> build(const std::shared_ptr<arrow::Array>& column,
                                             const arrow::Field& field);

 private:
  // A place on the way down: which slots of `array` are reached, and by which levels. As long as
  // they are neighbours and all there, which they nearly always are, two numbers say so, and
  // `definition` and `slots` are empty.
  struct Reached {
    std::shared_ptr<arrow::Array> array;
    bool are_neighbours = true;
    std::int64_t first = 0;
    std::int64_t count = 0;
    std::vector<std::int16_t> definition;
    std::vector<std::int16_t> repetition;  // empty above the first list
    std::vector<std::int64_t> slots;       // of each level: its index in `array`; -1 ends above it
    std::int16_t depth = 0;                // definition level of a slot that is there
    std::int16_t lists = 0;                // repetition level of a further element

    // Says it slot by slot.
    void spread();
  };
  // Levels that a leaf points into.
  struct Levels {
    std::vector<std::int16_t> definition;
    std::vector<std::int16_t> repetition;
  };

  void build_flat(const std::shared_ptr<arrow::Array>& column, bool nullable);
  arrow::Status descend(Reached reached, const arrow::Field& field);
  static void enter_nullable(Reached& reached);
  static Reached enter_list(Reached list);
  static Reached enter_full_lists(const Reached& list);
  arrow::Status add_leaf(Reached reached, const arrow::Field& field);

  std::vector<Leaf> leaves_;
  std::vector<std::unique_ptr<Levels>> levels_;
  std::vector<std::int16_t> all_there_;  // ones, for columns without a null
};

// How many leaves a type has.
int leaf_count(const arrow::DataType& type);

}  // namespace lakegate
