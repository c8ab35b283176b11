// What may stand in lake.yaml, said once: the parser checks files against it, and the JSON Schema
// that editors use is printed from it, so that the two cannot disagree.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lakegate {

struct Key;

struct Shape {
  enum class Kind {
    kText,          // not empty unless `pattern` allows it; ${VAR} is expanded
    kTextOrNumber,  // as it is written
    kLimit,         // a number from `least` to `most`, or what else `pattern` allows (5%)
    kFlag,          // true, false
    kChoice,        // one of `choices`
    kList,          // of of[0]
    kObject,        // with `keys`
    kMap,           // from names that fit `pattern` to of[0]
    kEither,        // the alternatives of `of`, told apart by what YAML calls them: scalar, list,
                    // mapping
    kAnything,      // whatever YAML and JSON have in common
  };
  Kind kind = Kind::kText;
  std::string_view what;  // "a table's name: …", for messages
  std::string_view pattern = {};
  // The same as `pattern`. Null: another part of the program judges it, at least as strictly.
  bool (*matches)(std::string_view) = nullptr;
  std::vector<std::string_view> choices = {};
  std::vector<std::string_view> examples = {};
  std::vector<Shape> of;
  std::size_t min_items = 0;
  std::uint64_t least = 0, most = 999'999'999'999'999;  // kLimit
  bool fractions = false;                               // kLimit: 0.5 is a number too, and 0 is not
  std::vector<Key> keys;
  std::vector<std::string_view> exactly_one = {};                             // of these keys
  std::vector<std::string_view> at_least_one = {};                            // likewise
  std::vector<std::pair<std::string_view, std::string_view>> only_with = {};  // key, its condition
  std::vector<std::string_view> later = {};  // keys that a later version will understand
  // Keys that people write here, and the mapping beside or below where they belong.
  std::vector<std::pair<std::string_view, std::string_view>> belongs_under = {};
  bool keep_variables = false;  // ${VAR} below is expanded only when it is chosen
  // What stands here may be a secret, right or wrong: no message shows it.
  bool sensitive = false;
};

struct Key {
  std::string_view name;
  std::string_view doc;
  Shape shape;
  bool required = false;
};

const Shape& config_shape();      // the whole file
const Shape& dataset_shape();     // datasets.<name>
const Shape& field_list_shape();  // datasets.<name>.schema, and what `convert --schema` reads
const Shape& environment_shape();
const Shape& source_shape();  // datasets.<name>.source

}  // namespace lakegate
