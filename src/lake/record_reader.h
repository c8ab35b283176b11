// Reads one of the lake's JSON records: each getter names the key that is missing or wrong. The
// first error is kept and later getters return empty values, so that a record is read in one
// straight expression and judged once.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lake/error.h"
#include "lake/time.h"

namespace lakegate {

class RecordReader {
 public:
  // `key` is the object's, for messages. Checks that `format` is the one this program writes.
  RecordReader(std::string_view json, const std::string& key, int format);

  bool has(std::string_view name) const;
  std::string text(std::string_view name);
  Instant instant(std::string_view name);
  std::uint64_t number(std::string_view name,
                       std::uint64_t most = std::numeric_limits<std::uint64_t>::max());
  int small_number(std::string_view name);
  std::map<std::string, std::string> text_map(std::string_view name);
  // An object or the objects of a list, as readers of their own whose errors are this one's.
  RecordReader object(std::string_view name);
  std::vector<RecordReader> objects(std::string_view name);

  void refuse(std::string message);  // what stands at no key: counts that do not add up
  const std::optional<Error>& error() const { return *error_; }

 private:
  RecordReader(const RecordReader& parent, nlohmann::ordered_json value, std::string path);
  const nlohmann::ordered_json* get(std::string_view name, std::string_view type,
                                    bool (nlohmann::ordered_json::*is_type)() const noexcept);
  std::string path_of(std::string_view name) const;

  nlohmann::ordered_json value_;
  std::string path_;  // "outputs[2]", for messages
  std::string key_;
  std::shared_ptr<std::optional<Error>> error_;
};

}  // namespace lakegate
