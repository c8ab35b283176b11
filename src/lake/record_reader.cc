#include "lake/record_reader.h"

#include <fmt/format.h>

#include <algorithm>

namespace lakegate {
namespace {

// Line and column of a byte, both from 1.
Where place_of(std::string_view text, std::size_t byte, const std::string& file) {
  const std::string_view before = text.substr(0, std::min(byte, text.size()));
  const auto line_feeds = std::count(before.begin(), before.end(), '\n');
  const auto last = before.rfind('\n');
  return {.file = file,
          .line = static_cast<std::uint64_t>(line_feeds) + 1,
          .column = last == std::string_view::npos ? before.size() + 1 : before.size() - last};
}

}  // namespace

RecordReader::RecordReader(std::string_view json, const std::string& key, int format)
    : key_(key), error_(std::make_shared<std::optional<Error>>()) {
  try {
    value_ = nlohmann::ordered_json::parse(json);
  } catch (const nlohmann::ordered_json::parse_error& e) {
    const std::size_t byte = e.byte > 0 ? e.byte - 1 : 0;
    *error_ = Error{ErrorKind::kPermanent,
                    "is not JSON; it was damaged or written by something else than lakegate",
                    place_of(json, byte, key)};
    return;
  } catch (const nlohmann::ordered_json::exception& e) {
    refuse(fmt::format("cannot be read: {}", e.what()));
    return;
  }
  if (!value_.is_object()) {
    refuse("is not a JSON object");
    return;
  }
  const std::uint64_t found = number("format");
  if (!*error_ && found != static_cast<std::uint64_t>(format))
    refuse(
        fmt::format("has format {}, and this lakegate reads format {}; use the version that "
                    "wrote it, or a newer one",
                    found, format));
}

RecordReader::RecordReader(const RecordReader& parent, nlohmann::ordered_json value,
                           std::string path)
    : value_(std::move(value)), path_(std::move(path)), key_(parent.key_), error_(parent.error_) {}

void RecordReader::refuse(std::string message) {
  if (*error_) return;
  *error_ = Error{ErrorKind::kPermanent, std::move(message), {.file = key_}};
}

bool RecordReader::has(std::string_view name) const {
  return value_.contains(std::string(name));
}

std::string RecordReader::path_of(std::string_view name) const {
  return path_.empty() ? std::string(name) : fmt::format("{}.{}", path_, name);
}

const nlohmann::ordered_json* RecordReader::get(std::string_view name, std::string_view type,
                                                bool (nlohmann::ordered_json::*is_type)()
                                                    const noexcept) {
  if (*error_) return nullptr;
  const auto found = value_.find(name);
  if (found == value_.end()) {
    refuse(fmt::format("lacks \"{}\"", path_of(name)));
    return nullptr;
  }
  if (!((*found).*is_type)()) {
    refuse(fmt::format("\"{}\" is not {}", path_of(name), type));
    return nullptr;
  }
  return &*found;
}

std::string RecordReader::text(std::string_view name) {
  const auto* value = get(name, "a text", &nlohmann::ordered_json::is_string);
  return value ? value->get<std::string>() : std::string();
}

Instant RecordReader::instant(std::string_view name) {
  const std::string iso = text(name);
  if (*error_) return {};
  auto instant = instant_from_iso(iso);
  if (instant) return *instant;
  refuse(fmt::format("\"{}\": {}", path_of(name), instant.error().message));
  return {};
}

std::uint64_t RecordReader::number(std::string_view name, std::uint64_t most) {
  const auto* value = get(name, "a number from 0 up, without a fraction",
                          &nlohmann::ordered_json::is_number_unsigned);
  if (!value) return 0;
  const auto number = value->get<std::uint64_t>();
  if (number <= most) return number;
  refuse(fmt::format("\"{}\" is {}, past {}", path_of(name), number, most));
  return 0;
}

int RecordReader::small_number(std::string_view name) {
  return static_cast<int>(number(name, std::numeric_limits<int>::max()));
}

std::map<std::string, std::string> RecordReader::text_map(std::string_view name) {
  std::map<std::string, std::string> map;
  RecordReader reader = object(name);
  for (const auto& [key, unused] : reader.value_.items()) map[key] = reader.text(key);
  return map;
}

RecordReader RecordReader::object(std::string_view name) {
  const auto* value = get(name, "an object", &nlohmann::ordered_json::is_object);
  return {*this, value ? *value : nlohmann::ordered_json::object(), path_of(name)};
}

std::vector<RecordReader> RecordReader::objects(std::string_view name) {
  std::vector<RecordReader> readers;
  const auto* list = get(name, "a list", &nlohmann::ordered_json::is_array);
  if (!list) return readers;
  for (const auto& value : *list) {
    std::string path = fmt::format("{}[{}]", path_of(name), readers.size());
    if (!value.is_object()) {
      refuse(fmt::format("\"{}\" is not an object", path));
      return readers;
    }
    readers.push_back(RecordReader(*this, value, std::move(path)));
  }
  return readers;
}

}  // namespace lakegate
