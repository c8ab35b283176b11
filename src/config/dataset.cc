#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "config/dataset_reader.h"
#include "config/environment.h"
#include "config/source_reader.h"
#include "config/structure.h"
#include "lake/names.h"

namespace lakegate {
namespace {

using TypeKind = LogicalType::Kind;

bool is_true(const YAML::Node& node) {
  return node.Scalar()[0] == 't' || node.Scalar()[0] == 'T';
}

LogicalType capture_type(LandingPattern::CaptureKind kind) {
  switch (kind) {
    case LandingPattern::CaptureKind::kDate:
      return {TypeKind::kDate};
    case LandingPattern::CaptureKind::kTimestamp:
      return {TypeKind::kTimestamp};
    case LandingPattern::CaptureKind::kText:
      break;
  }
  return {TypeKind::kText};
}

class DatasetReader {
 public:
  DatasetReader(const YamlEntry& entry, const std::string& table_prefix, YamlDocument& document)
      : entry_(entry), table_prefix_(table_prefix), document_(document) {}

  DatasetConfig read() {
    dataset_.name = DatasetName(entry_.name);
    read_landing();
    read_choices();
    if (const auto schema = get("schema"))
      dataset_.schema = read_fields(schema->value, dataset_.clean_names, document_);
    read_capture_columns();
    if (const auto limit = get("max_rejects"))
      if (auto parsed = max_rejects_from(text(limit->value))) dataset_.max_rejects = *parsed;
    if (const auto csv = get("csv")) read_csv(csv->value);
    if (const auto source = get("source")) read_source_section(*source);
    // Columns are known from here on; where they were wrong, what follows would blame the innocent.
    if (!document_.sound()) return dataset_;
    read_key();
    if (const auto partition = get("partition_by"))
      dataset_.partition_by = read_partition_by(partition->value, dataset_, document_);
    else
      check_default_partition();
    if (const auto serve = get("serve")) read_serve(*serve);
    return dataset_;
  }

 private:
  std::optional<YamlEntry> get(std::string_view name) const {
    return find_entry(entry_.value, name);
  }
  std::string choice(std::string_view name) const {
    const auto found = get(name);
    return found ? found->value.Scalar() : "";
  }
  std::string text(const YAML::Node& node) {
    return document_.text(node, node.Mark()).value_or("");
  }

  void read_landing() {
    const auto landing = get("landing");
    if (!landing) {
      dataset_.landing = *LandingPattern::parse(entry_.name + "/*");
      return;
    }
    const YAML::Node node = landing->value;
    const std::string pattern = text(node);
    auto parsed = LandingPattern::parse(pattern);
    if (parsed) {
      dataset_.landing = std::move(*parsed);
      return;
    }
    YAML::Mark mark = node.Mark();
    // The column within the pattern is a column of the file unless YAML or a variable changed it.
    const bool plain = node.Scalar() == pattern && pattern.find('\\') == std::string::npos;
    if (plain && parsed.error().where.column > 0)
      mark.column += static_cast<int>(parsed.error().where.column) - (is_quoted(node) ? 0 : 1);
    document_.problem(mark, fmt::format("landing \"{}\": {}", pattern, parsed.error().message));
  }

  void read_choices() {
    const std::string mode = choice("mode");
    if (mode == "snapshot") dataset_.mode = Mode::kSnapshot;
    if (mode == "upsert") dataset_.mode = Mode::kUpsert;
    const std::string new_columns = choice("new_columns");
    if (new_columns == "ignore") dataset_.new_columns = NewColumns::kIgnore;
    if (new_columns == "reject") dataset_.new_columns = NewColumns::kReject;
    if (const auto lineage = get("lineage")) dataset_.lineage = is_true(lineage->value);
    dataset_.clean_names = choice("names") != "original";
    dataset_.modern_encodings = choice("compat") == "modern";
  }

  void read_capture_columns() {
    const auto node = get("capture_columns");
    if (!node) return;
    const auto& captures = dataset_.landing.capture_names();
    for (const Word& name : read_words(node->value, document_)) {
      auto& columns = dataset_.capture_columns;
      if (std::find(captures.begin(), captures.end(), name.text) == captures.end())
        document_.problem(name.mark, fmt::format("the landing pattern \"{}\" has no capture {}{}",
                                                 dataset_.landing.text(), name.text,
                                                 did_you_mean(name.text, captures)));
      else if (std::find(columns.begin(), columns.end(), name.text) != columns.end())
        document_.problem(name.mark, fmt::format("{} stands twice in capture_columns", name.text));
      else if (dataset_.schema && dataset_.schema->find(name.text) != nullptr)
        document_.problem(name.mark, fmt::format("{0} is a column of the schema and in "
                                                 "capture_columns; rename the capture, or remove "
                                                 "one of the two",
                                                 name.text));
      else
        columns.push_back(name.text);
    }
  }

  void read_csv(const YAML::Node& csv) {
    CsvOptions& options = dataset_.csv;
    if (const auto delimiter = find_entry(csv, "delimiter")) {
      const std::string value = text(delimiter->value);
      options.delimiter = value == "tab" || value == "\\t" ? '\t' : value[0];
    }
    const auto quote = find_entry(csv, "quote");
    if (quote) {
      const std::string value = text(quote->value);
      options.quote = value == "none" ? '\0' : value[0];
    }
    if (quote && options.delimiter && options.delimiter == options.quote)
      document_.problem(quote->value.Mark(), "quote and delimiter are the same character");
    if (const auto header = find_entry(csv, "header")) options.header = is_true(header->value);
    if (const auto nulls = find_entry(csv, "nulls"))
      for (const Word& token : read_words(nulls->value, document_))
        options.nulls.push_back(token.text);
  }

  void read_source_section(const YamlEntry& source) {
    dataset_.source = read_source(source, dataset_, document_);
    if (!dataset_.landing.match(example_of_fetched(dataset_.name)))
      document_.problem(get("landing")->value.Mark(),
                        fmt::format("what is fetched lands in {0}/, which \"{1}\" does not match; "
                                    "write landing: {0}/*, or leave it out",
                                    dataset_.name.str(), dataset_.landing.text()));
    if (dataset_.mode == Mode::kSnapshot)
      document_.problem(get("mode")->value.Mark(),
                        "mode: snapshot shows the newest version of each landed name, and every "
                        "fetch lands under new names; write mode: upsert with a key, or append");
    const auto csv = get("csv");
    if (csv && !get("landing")) document_.problem(csv->mark, "what is fetched is JSON; remove csv");
  }

  // Columns that identify a row: known, none twice, of types that can be compared.
  std::vector<std::string> read_key_columns(const YAML::Node& node, const std::string& role) {
    std::vector<std::string> columns;
    std::set<std::string> seen;
    for (const Word& name : read_words(node, document_)) {
      if (!seen.insert(name.text).second) {
        document_.problem(name.mark, fmt::format("{} stands twice in {}", name.text, role));
        continue;
      }
      const KnownColumn column = check_column(name, role, dataset_, document_);
      if (column.type && (column.type->is(TypeKind::kList) || column.type->is(TypeKind::kStruct) ||
                          column.type->is(TypeKind::kUnknown)))
        document_.problem(name.mark, fmt::format("{} is {} and cannot be in {}; a key is made of "
                                                 "single values",
                                                 name.text, to_string(*column.type), role));
      columns.push_back(name.text);
    }
    return columns;
  }

  void read_key() {
    const auto key = get("key");
    if (key) dataset_.key = read_key_columns(key->value, "key");
    if (dataset_.mode == Mode::kUpsert && !key)
      document_.problem(get("mode")->value.Mark(),
                        "mode: upsert needs a key: add \"key: [COLUMN]\", the columns that "
                        "identify a row");
    if (dataset_.mode != Mode::kUpsert && key)
      document_.problem(key->mark,
                        fmt::format("key is for mode: upsert, and the mode is {}; remove key, or "
                                    "set mode: upsert",
                                    get("mode") ? choice("mode") : "append"));
  }

  void check_default_partition() {
    const auto& captured = dataset_.capture_columns;
    const bool clashes = (dataset_.schema && dataset_.schema->find("dt") != nullptr) ||
                         std::find(captured.begin(), captured.end(), "dt") != captured.end();
    if (clashes)
      document_.problem((dataset_.schema ? *get("schema") : *get("capture_columns")).mark,
                        "the column dt clashes with the default partition dt=YYYY-MM-DD; add "
                        "\"partition_by: {arrival: day, as: NAME}\"");
  }

  void read_serve(const YamlEntry& entry) {
    ServeConfig serve;
    const auto table = find_entry(entry.value, "table");
    serve.table = TableName(table_prefix_ + text(table->value));
    if (serve.table.str().starts_with("sqlite_"))
      document_.problem(table->value.Mark(),
                        "SQLite keeps table names that begin with sqlite_ for "
                        "itself; choose another one");
    const auto key = find_entry(entry.value, "key");
    serve.key = read_key_columns(key->value, "serve.key");
    const auto write = find_entry(entry.value, "write");
    if (write) serve.write = write->value.Scalar();
    if (serve.write == "insert" && dataset_.mode != Mode::kAppend)
      document_.problem(write->value.Mark(),
                        fmt::format("write: insert rejects existing keys, and mode: {} replaces "
                                    "them; use write: newest, or mode: append",
                                    choice("mode")));
    if (dataset_.mode == Mode::kUpsert && !dataset_.key.empty() &&
        std::set(serve.key.begin(), serve.key.end()) !=
            std::set(dataset_.key.begin(), dataset_.key.end()))
      document_.problem(key->value.Mark(),
                        fmt::format("serve.key must have the columns of key, {}: both say which "
                                    "row replaces which",
                                    fmt::join(dataset_.key, ", ")));
    if (const auto to = find_entry(entry.value, "to")) serve.to = read_serve_to(to->value);
    if (const auto ttl = find_entry(entry.value, "ttl")) serve.ttl = read_ttl(ttl->value);
    if (const auto units = find_entry(entry.value, "max_write_units"))
      serve.max_write_units = std::stoull(text(units->value));
    if (serve.to == "dynamodb" && serve.key.size() > 2)
      document_.problem(
          key->value.Mark(),
          fmt::format("serve.key has {} columns, and a table of DynamoDB takes two at "
                      "most: the partition key, and the sort key",
                      serve.key.size()));
    dataset_.serve = std::move(serve);
  }

  // A column that says when a row expires.
  std::string read_ttl(const YAML::Node& node) {
    for (const Word& name : read_words(node, document_)) {
      const KnownColumn column = check_column(name, "serve.ttl", dataset_, document_);
      const auto is = [&](TypeKind kind) { return column.type->is(kind); };
      if (column.type && !is(TypeKind::kInt32) && !is(TypeKind::kInt64) && !is(TypeKind::kDate) &&
          !is(TypeKind::kTimestamp) && !is(TypeKind::kTimestampTz))
        document_.problem(name.mark,
                          fmt::format("{} is {}, and serve.ttl says when a row expires: a date, a "
                                      "timestamp, or an integer of seconds since 1970",
                                      name.text, to_string(*column.type)));
    }
    return text(node);
  }

  std::string read_serve_to(const YAML::Node& node) {
    const std::string path = text(node);
    if (path == "dynamodb") return path;
    const std::string slashed = "/" + path + "/";
    if (path.starts_with('/') || slashed.find("/../") != std::string::npos || path.ends_with('/'))
      document_.problem(node.Mark(), fmt::format("serve.to is \"{}\"; it must be a file inside the "
                                                 "lake, such as tables/sales.sqlite",
                                                 path));
    else if (path.find("://") != std::string::npos)
      document_.problem(node.Mark(), fmt::format("serve.to is \"{}\"; rows are served from SQLite "
                                                 "files in the lake, or from dynamodb",
                                                 path));
    for (const char* zone : {"landing/", "curated/", "rejected/"})
      if (path.starts_with(zone))
        document_.problem(node.Mark(), fmt::format("serve.to is in {}, which holds the lake's "
                                                   "data; choose another folder",
                                                   zone));
    return path;
  }

  const YamlEntry& entry_;
  const std::string& table_prefix_;
  YamlDocument& document_;
  DatasetConfig dataset_;
};

}  // namespace

std::string example_of_fetched(const DatasetName& dataset) {
  return dataset.str() + "/20000101T000000Z-0123456789ab-0001.replies.ndjson.zst";
}

std::vector<Word> read_words(const YAML::Node& node, YamlDocument& document) {
  std::vector<Word> words;
  const auto add = [&](const YAML::Node& scalar) {
    words.push_back({document.text(scalar, scalar.Mark()).value_or(""), scalar.Mark()});
  };
  if (node.IsSequence())
    for (const auto& item : node) add(item);
  else
    add(node);
  return words;
}

KnownColumn check_column(const Word& name, const std::string& role, const DatasetConfig& dataset,
                         YamlDocument& document) {
  const auto& captured = dataset.capture_columns;
  if (std::find(captured.begin(), captured.end(), name.text) != captured.end())
    return {true, capture_type(*dataset.landing.capture_kind(name.text))};
  // A table may be keyed by what every row carries, where rows have no key of their own.
  const auto lineage = std::ranges::find(kLineageFields, name.text, &Field::name);
  if (dataset.lineage && lineage != kLineageFields.end() && role.starts_with("serve."))
    return {true, lineage->type};
  if (!dataset.schema) {
    if (!dataset.clean_names || is_clean_name(name.text)) return {true, std::nullopt};
    document.problem(name.mark, fmt::format("\"{}\" in {} is not a column's name in a lake, where "
                                            "it is called {}",
                                            name.text, role, clean_name(name.text)));
    return {};
  }
  if (const Field* field = dataset.schema->find(name.text)) return {true, field->type};
  std::vector<std::string> columns;
  for (const Field& field : dataset.schema->fields) columns.push_back(field.name);
  columns.insert(columns.end(), captured.begin(), captured.end());
  std::string cure = did_you_mean(name.text, columns);
  if (const Field* field = dataset.schema->find_source(name.text))
    cure = fmt::format("; the lake calls it {}", field->name);
  if (cure.empty()) cure = fmt::format("; the columns are {}", fmt::join(columns, ", "));
  document.problem(name.mark, fmt::format("{} names {}, which is not a column of the schema{}",
                                          role, name.text, cure));
  return {};
}

DatasetConfig read_dataset(const YamlEntry& entry, const std::string& table_prefix,
                           YamlDocument& document) {
  return DatasetReader(entry, table_prefix, document).read();
}

}  // namespace lakegate
