#include "schema/types.h"

#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <utility>

#include "lake/names.h"

namespace lakegate {
namespace {

using Kind = LogicalType::Kind;

constexpr std::array<std::pair<std::string_view, Kind>, 10> kScalarNames = {{
    {"bool", Kind::kBool},
    {"int32", Kind::kInt32},
    {"int64", Kind::kInt64},
    {"float32", Kind::kFloat32},
    {"double", Kind::kDouble},
    {"text", Kind::kText},
    {"binary", Kind::kBinary},
    {"date", Kind::kDate},
    {"timestamp", Kind::kTimestamp},
    {"timestamptz", Kind::kTimestampTz},
}};

// What people type who come from elsewhere.
constexpr std::array<std::pair<std::string_view, std::string_view>, 16> kForeignNames = {{
    {"string", "text"},
    {"str", "text"},
    {"varchar", "text"},
    {"utf8", "text"},
    {"int", "int64"},
    {"integer", "int64"},
    {"long", "int64"},
    {"bigint", "int64"},
    {"float", "double"},
    {"float64", "double"},
    {"boolean", "bool"},
    {"datetime", "timestamp"},
    {"array", "list<text>"},
    {"bytes", "binary"},
    {"blob", "binary"},
    {"number", "double"},
}};

// Recursive descent over "list<struct<a: int64, b: text>>".
class TypeParser {
 public:
  explicit TypeParser(std::string_view text) : text_(text) {}

  Result<LogicalType> parse_all() {
    LAKEGATE_TRY(LogicalType type, parse(0));
    skip_blanks();
    if (pos_ != text_.size()) return error(fmt::format("\"{}\" is left over", text_.substr(pos_)));
    return type;
  }

 private:
  Result<LogicalType> parse(int depth) {
    if (depth > 32) return error("it is nested more than 32 deep");
    const std::string_view name = word();
    for (const auto& [known, kind] : kScalarNames)
      if (name == known) return LogicalType{kind};
    if (name == "unknown") return LogicalType{};
    if (name == "decimal") return parse_decimal();
    if (name == "list") return parse_list(depth);
    if (name == "struct") return parse_struct(depth);
    return unknown_type(name);
  }

  Result<LogicalType> parse_decimal() {
    int precision = 0, scale = 0;
    if (!take('(') || !number(precision) || (take(',') && !number(scale)) || !take(')'))
      return error("write decimal(PRECISION,SCALE), such as decimal(10,2)");
    if (precision < 1 || precision > 38 || scale < 0 || scale > precision)
      return error("the precision of a decimal is 1 to 38, its scale 0 to the precision");
    return LogicalType{Kind::kDecimal, precision, scale};
  }

  Result<LogicalType> parse_list(int depth) {
    if (!take('<')) return error("write list<TYPE>, such as list<int64>");
    LAKEGATE_TRY(LogicalType element, parse(depth + 1));
    if (!take('>')) return error("a \">\" is missing after the element's type");
    return LogicalType{Kind::kList, 0, 0, {Field{.name = "element", .type = std::move(element)}}};
  }

  Result<LogicalType> parse_struct(int depth) {
    if (!take('<')) return error("write struct<NAME: TYPE, …>");
    LogicalType type{Kind::kStruct};
    do {
      std::string name;
      if (!field_name(name)) return error("a field of a struct is NAME: TYPE");
      for (const Field& field : type.children)
        if (field.name == name) return error(fmt::format("the field {} stands there twice", name));
      if (!take(':'))
        return error(fmt::format("a \":\" is missing after the field's name {}", name));
      LAKEGATE_TRY(LogicalType child, parse(depth + 1));
      type.children.push_back(Field{.name = std::move(name), .type = std::move(child)});
    } while (take(','));
    if (!take('>')) return error("a \">\" is missing at the end of the struct");
    return type;
  }

  // Bare letters, digits and "_", or anything in backquotes ("``" is one backquote).
  bool field_name(std::string& name) {
    if (!take('`')) {
      name = word();
      return !name.empty();
    }
    for (; pos_ < text_.size(); ++pos_) {
      if (text_[pos_] == '`') {
        ++pos_;
        if (pos_ == text_.size() || text_[pos_] != '`') return !name.empty();
      }
      name += text_[pos_];
    }
    return false;
  }

  void skip_blanks() {
    while (pos_ < text_.size() && text_[pos_] == ' ') ++pos_;
  }
  bool take(char c) {
    skip_blanks();
    if (pos_ == text_.size() || text_[pos_] != c) return false;
    ++pos_;
    return true;
  }
  std::string_view word() {
    skip_blanks();
    const std::size_t begin = pos_;
    while (pos_ < text_.size() &&
           (std::isalnum(static_cast<unsigned char>(text_[pos_])) != 0 || text_[pos_] == '_'))
      ++pos_;
    return text_.substr(begin, pos_ - begin);
  }
  bool number(int& value) {
    const std::string_view digits = word();
    const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return parsed.ec == std::errc() && parsed.ptr == digits.data() + digits.size();
  }

  Failure error(std::string_view why) const {
    return invalid_input(fmt::format("the type \"{}\" cannot be read: {}", text_, why));
  }

  Failure unknown_type(std::string_view name) const {
    std::string suggestion;
    for (const auto& [foreign, ours] : kForeignNames)
      if (name == foreign) suggestion = ours;
    if (suggestion.empty()) {
      std::vector<std::string> names = {"decimal", "list", "struct"};
      for (const auto& [known, kind] : kScalarNames) names.emplace_back(known);
      suggestion = nearest_name(name, names);
    }
    return invalid_input(
        fmt::format("unknown type \"{}\"{}; the types are bool, int32, int64, float32, double, "
                    "decimal(p,s), text, "
                    "binary, date, timestamp, timestamptz, list<…> and struct<name: …>",
                    name.empty() ? text_ : name,
                    suggestion.empty() ? "" : fmt::format(", did you mean {}?", suggestion)));
  }

  std::string_view text_;
  std::size_t pos_ = 0;
};

std::string field_name_in_type(const std::string& name) {
  bool bare = !name.empty();
  for (char c : name) bare = bare && (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_');
  if (bare) return name;
  std::string quoted = "`";
  for (char c : name) quoted += c == '`' ? std::string("``") : std::string(1, c);
  return quoted + "`";
}

}  // namespace

bool LogicalType::operator==(const LogicalType& other) const {
  return kind == other.kind && precision == other.precision && scale == other.scale &&
         children == other.children;
}

std::string to_string(const LogicalType& type) {
  for (const auto& [name, kind] : kScalarNames)
    if (kind == type.kind) return std::string(name);
  switch (type.kind) {
    case Kind::kDecimal:
      return fmt::format("decimal({},{})", type.precision, type.scale);
    case Kind::kList:
      return fmt::format("list<{}>", to_string(type.children[0].type));
    case Kind::kStruct: {
      std::string text = "struct<";
      for (const Field& field : type.children) {
        if (text.back() != '<') text += ", ";
        text += fmt::format("{}: {}", field_name_in_type(field.name), to_string(field.type));
      }
      return text + ">";
    }
    default:
      return "unknown";
  }
}

Result<LogicalType> type_from(std::string_view text) {
  return TypeParser(text).parse_all();
}

std::shared_ptr<arrow::DataType> to_arrow(const LogicalType& type) {
  switch (type.kind) {
    case Kind::kUnknown:
      return arrow::null();
    case Kind::kBool:
      return arrow::boolean();
    case Kind::kInt32:
      return arrow::int32();
    case Kind::kInt64:
      return arrow::int64();
    case Kind::kFloat32:
      return arrow::float32();
    case Kind::kDouble:
      return arrow::float64();
    case Kind::kDecimal:
      return arrow::decimal128(type.precision, type.scale);
    case Kind::kText:
      return arrow::utf8();
    case Kind::kBinary:
      return arrow::binary();
    case Kind::kDate:
      return arrow::date32();
    case Kind::kTimestamp:
      return arrow::timestamp(arrow::TimeUnit::MICRO);
    case Kind::kTimestampTz:
      return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
    case Kind::kList:
      return arrow::list(arrow::field("element", to_arrow(type.children[0].type)));
    case Kind::kStruct: {
      arrow::FieldVector fields;
      for (const Field& field : type.children) fields.push_back(to_arrow(field));
      return arrow::struct_(fields);
    }
  }
  return arrow::null();
}

std::shared_ptr<arrow::Field> to_arrow(const Field& field) {
  std::shared_ptr<arrow::KeyValueMetadata> metadata;
  if (!field.original.empty() && field.original != field.name)
    metadata = arrow::key_value_metadata({kOriginalNameKey}, {field.original});
  return arrow::field(field.name, to_arrow(field.type), !field.required, std::move(metadata));
}

namespace {

Result<LogicalType> logical_from(const arrow::DataType& type);

Result<LogicalType> list_of(const arrow::DataType& element) {
  LAKEGATE_TRY(LogicalType child, logical_from(element));
  return LogicalType{Kind::kList, 0, 0, {Field{.name = "element", .type = std::move(child)}}};
}

Result<LogicalType> struct_of(const arrow::FieldVector& fields) {
  LogicalType type{Kind::kStruct};
  for (const auto& field : fields) {
    LAKEGATE_TRY(Field child, from_arrow(*field));
    type.children.push_back(std::move(child));
  }
  return type;
}

Result<LogicalType> logical_from(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::NA:
      return LogicalType{};
    case arrow::Type::BOOL:
      return LogicalType{Kind::kBool};
    case arrow::Type::INT8:
    case arrow::Type::UINT8:
    case arrow::Type::INT16:
    case arrow::Type::UINT16:
    case arrow::Type::INT32:
      return LogicalType{Kind::kInt32};
    case arrow::Type::UINT32:
    case arrow::Type::INT64:
      return LogicalType{Kind::kInt64};
    case arrow::Type::UINT64:
      return LogicalType{Kind::kDecimal, 20, 0};
    case arrow::Type::HALF_FLOAT:
    case arrow::Type::FLOAT:
      return LogicalType{Kind::kFloat32};
    case arrow::Type::DOUBLE:
      return LogicalType{Kind::kDouble};
    case arrow::Type::DECIMAL32:
    case arrow::Type::DECIMAL64:
    case arrow::Type::DECIMAL128:
    case arrow::Type::DECIMAL256: {
      const auto& decimal = static_cast<const arrow::DecimalType&>(type);
      if (decimal.precision() > 38 || decimal.scale() < 0) break;
      return LogicalType{Kind::kDecimal, decimal.precision(), decimal.scale()};
    }
    case arrow::Type::STRING:
    case arrow::Type::LARGE_STRING:
    case arrow::Type::STRING_VIEW:
      return LogicalType{Kind::kText};
    case arrow::Type::BINARY:
    case arrow::Type::LARGE_BINARY:
    case arrow::Type::BINARY_VIEW:
    case arrow::Type::FIXED_SIZE_BINARY:
      return LogicalType{Kind::kBinary};
    case arrow::Type::DATE32:
    case arrow::Type::DATE64:
      return LogicalType{Kind::kDate};
    case arrow::Type::TIMESTAMP: {
      const bool zone = !static_cast<const arrow::TimestampType&>(type).timezone().empty();
      return LogicalType{zone ? Kind::kTimestampTz : Kind::kTimestamp};
    }
    case arrow::Type::DICTIONARY:
      return logical_from(*static_cast<const arrow::DictionaryType&>(type).value_type());
    case arrow::Type::LIST:
    case arrow::Type::LARGE_LIST:
    case arrow::Type::FIXED_SIZE_LIST:
      return list_of(*static_cast<const arrow::BaseListType&>(type).value_type());
    case arrow::Type::MAP:  // as Parquet stores it: a list of key and value
      return list_of(*static_cast<const arrow::MapType&>(type).value_type());
    case arrow::Type::STRUCT:
      return struct_of(type.fields());
    default:
      break;
  }
  return invalid_input(fmt::format("the type {} has no counterpart here", type.ToString()));
}

}  // namespace

Result<Field> from_arrow(const arrow::Field& field) {
  auto type = logical_from(*field.type());
  if (!type)
    return invalid_input(
        fmt::format("column {}: {}; cast it to text, or drop it, before the file lands",
                    field.name(), type.error().message));
  Field result{.name = field.name(), .type = std::move(*type), .required = !field.nullable()};
  if (field.metadata() != nullptr) {
    if (auto original = field.metadata()->Get(kOriginalNameKey); original.ok())
      result.original = *original;
  }
  return result;
}

}  // namespace lakegate
