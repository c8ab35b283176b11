#include "config/shape.h"

#include <algorithm>

#include "config/config.h"
#include "config/shape_makers.h"
#include "lake/ascii.h"
#include "lake/names.h"

namespace lakegate {
namespace {

using namespace shapes;

bool is_table_character(char c) {
  return is_alphanumeric(c) || c == '_' || c == '.' || c == '-';
}

bool is_table_prefix(std::string_view text) {
  return text.size() <= 100 && std::all_of(text.begin(), text.end(), is_table_character);
}

bool is_table_name(std::string_view text) {
  return !text.empty() && text[0] != '.' && is_table_prefix(text.substr(1)) &&
         is_table_character(text[0]);
}

bool is_printable(std::string_view text) {
  return text.size() == 1 && text[0] >= ' ' && text[0] <= '~';
}

bool is_delimiter(std::string_view text) {
  return is_printable(text) || text == "\t" || text == "\\t" || text == "tab";
}

bool is_quote(std::string_view text) {
  return is_printable(text) || text == "none";
}

bool is_write_units(std::string_view text) {
  return !text.empty() && text.size() <= 9 && text[0] != '0' &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_digit(c); });
}

bool is_limit(std::string_view text) {
  return max_rejects_from(text).has_value();
}

Shape field() {
  const Shape type = {
      .kind = Kind::kText,
      .what = "a type, such as int64, text or decimal(10,2)",
      .pattern =
          "^ *(?:(?:bool|int32|int64|float32|double|text|binary|date|timestamp|timestamptz|"
          "unknown) *$|decimal *\\(|list *<|struct *<)",
      .examples = {"bool", "int32", "int64", "float32", "double", "decimal(10,2)", "text", "binary",
                   "date", "timestamp", "timestamptz", "list<text>", "struct<id: int64>"}};
  return {.kind = Kind::kObject,
          .what = "a field, such as {name: day, type: int64}",
          .keys = {
              {"name", "The column's name in the lake.", text("a column's name"), true},
              {"type", "The column's type.", type, true},
              {"required", "Rows without a value here are rejected. Default: false.", flag()},
              {"original", "The column's name in the landed files, where it differs.",
               text("a column's name in the landed files")},
              {"format",
               "How dates and times are written in text, as strptime has it: \"%d.%m.%Y\". Without "
               "it they are ISO 8601.",
               text("a format of dates, such as \"%d.%m.%Y\"")},
          }};
}

Shape partition_entry() {
  const auto unit = [] { return choice({"year", "month", "day", "hour"}); };
  Shape map = {
      .kind = Kind::kObject,
      .what = "{arrival: day}, {column: NAME, by: day}, {column: NAME} or {capture: NAME}",
      .keys = {{"arrival", "By the UTC time of the arrival.", unit()},
               {"column", "By a column: its value, or with `by` the time in it.",
                text("a column's name")},
               {"by", "The unit of time that a date or timestamp column is cut to.", unit()},
               {"capture", "By a capture of the landing pattern.", text("a capture's name")},
               {"as", "The folder's name, NAME=value; for times the default is dt.",
                clean("a folder's name: a lower-case letter, then lower-case letters, digits and "
                      "_")}},
      .exactly_one = {"arrival", "column", "capture"},
      .only_with = {{"by", "column"}}};
  return {.kind = Kind::kEither,
          .what = "a column, a capture, or {arrival: day} or {column: NAME, by: day}",
          .of = {text("a column's or a capture's name"), std::move(map)}};
}

Shape partition_by() {
  const std::string_view what =
      "{arrival: day}, {column: NAME, by: day}, a column, a capture, or a list of them";
  Shape entry = partition_entry();
  Shape list = list_of(entry, what, 0);
  entry.of.push_back(std::move(list));
  entry.what = what;
  return entry;
}

Shape csv() {
  return {.kind = Kind::kObject,
          .what = "a mapping with delimiter, quote, header, nulls",
          .keys = {{"delimiter",
                    "The character between cells; tab for a tabulator. Detected when absent.",
                    {.kind = Kind::kText,
                     .what = "one ASCII character, or tab",
                     .pattern = "^([ -~\\t]|\\\\t|tab)$",
                     .matches = is_delimiter}},
                   {"quote",
                    "The character around cells, or none. Default: detected, usually \".",
                    {.kind = Kind::kText,
                     .what = "one ASCII character, or none",
                     .pattern = "^([ -~]|none)$",
                     .matches = is_quote}},
                   {"header", "Whether the first record names the columns. Detected when absent.",
                    flag()},
                   {"nulls",
                    "Further texts that stand for null in columns that are not text, besides NA, "
                    "N/A, NULL, null and the empty cell.",
                    list_of({.kind = Kind::kTextOrNumber, .what = "a text that stands for null"},
                            "a list of texts that stand for null", 0)}}};
}

// Glue takes more, and Athena wants it like this.
bool is_database_name(std::string_view text) {
  return !text.empty() && text.size() <= 128 && std::all_of(text.begin(), text.end(), [](char c) {
    return is_lower(c) || is_digit(c) || c == '_';
  });
}

Shape catalog() {
  return {.kind = Kind::kObject,
          .what = "a mapping with glue",
          .keys = {{"glue",
                    "AWS Glue, for Athena, Spark and others.",
                    {.kind = Kind::kObject,
                     .what = "a mapping with database",
                     .keys = {{"database",
                               "The Glue database, which must exist.",
                               {.kind = Kind::kText,
                                .what = "a database's name: lower-case letters, digits and _ (at "
                                        "most 128)",
                                .pattern = "^[a-z0-9_]{1,128}$",
                                .matches = is_database_name},
                               true}}},
                    true}}};
}

Shape serve() {
  return {
      .kind = Kind::kObject,
      .what = "a mapping with table and key",
      .keys = {
          {"table",
           "The table's name; the environment's table_prefix goes before it.",
           {.kind = Kind::kText,
            .what = "a table's name: letters, digits, _ . - (at most 101), not beginning with .",
            .pattern = "^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,100}$",
            .matches = is_table_name},
           true},
          {"key", "The column or columns that identify a row of the table.",
           one_or_more(text("a column's name"), "a column or a list of columns", 1), true},
          {"write",
           "newest: the newest arrival wins (default); upsert: the last write wins; insert: rows "
           "with an existing key are rejected.",
           choice({"newest", "upsert", "insert"})},
          {"to",
           "dynamodb, or a SQLite file, relative to the lake. Default: dynamodb for a lake on S3, "
           "_lake/tables.sqlite for a directory.",
           text("dynamodb, or a path relative to the lake")},
          {"ttl",
           "DynamoDB only: the column that says when a row expires and leaves the table: a date, "
           "a timestamp, or an integer of seconds since 1970.",
           text("a column's name")},
          {"max_write_units",
           "DynamoDB only: at most so many write units a second. Default: as many as the table "
           "gives.",
           {.kind = Kind::kLimit,
            .what = "a number of write units a second, from 1 on",
            .pattern = "^[1-9][0-9]{0,8}$",
            .matches = is_write_units,
            .least = 1,
            .most = 999'999'999}},
      }};
}

Shape dataset() {
  const auto columns = [](std::size_t least) {
    return one_or_more(text("a column's name"), "a column or a list of columns", least);
  };
  return {
      .kind = Kind::kObject,
      .what = "a mapping with at least landing or source",
      .keys =
          {
              {"landing",
               "What belongs to the dataset, under landing/: folder/*.csv. * and ? match within a "
               "name, ** across folders, {name} captures, {name:%Y%m%d} captures a date.",
               text("a pattern of landed files, such as folder/*.csv")},
              {"source",
               "The API that the dataset's rows are fetched from. What it answers lands in "
               "landing/NAME/, and landing: may be left out.",
               source_shape()},
              {"schema",
               "The columns, in order. When absent it is inferred from the first arrival and "
               "remembered.",
               field_list_shape()},
              {"mode",
               "What the latest view and the table show: append: every row; snapshot: an arrival "
               "replaces what the same landed name brought before; upsert: rows replace rows of "
               "the same key. Default: append.",
               choice({"append", "snapshot", "upsert"})},
              {"key", "mode: upsert: the column or columns that identify a row.", columns(1)},
              {"partition_by",
               "The folders of the curated files. Default: {arrival: day}, as dt=YYYY-MM-DD.",
               partition_by()},
              {"capture_columns",
               "Captures of the landing pattern that are columns of the dataset too.",
               one_or_more(text("a capture's name"), "a capture or a list of captures", 0)},
              {"max_rejects",
               "How many rows of an arrival may be rejected before it fails: a number, or a "
               "percentage of its rows. Default: 1%.",
               {.kind = Kind::kLimit,
                .what = "a number of rows, or a percentage such as 5%",
                .pattern = "^([0-9]{1,15}|(100(\\.0{1,6})?|[0-9]{1,2}(\\.[0-9]{1,6})?)%)$",
                .matches = is_limit}},
              {"new_columns",
               "What becomes of columns that the schema does not have: added, ignored, or their "
               "rows rejected. Default: add.",
               choice({"add", "ignore", "reject"})},
              {"lineage", "Whether rows carry _arrival_id, _arrived_at and _row. Default: true.",
               flag()},
              {"names",
               "clean: columns are renamed to lower_case (default); original: as they are.",
               choice({"clean", "original"})},
              {"compat",
               "standard: Parquet that Spark 3.5, Athena and DuckDB all read (default); modern: "
               "newer encodings too.",
               choice({"standard", "modern"})},
              {"csv", "How CSV files are written; everything unsaid is detected.", csv()},
              {"serve", "The table that the dataset's rows are served from.", serve()},
          },
      .at_least_one = {"landing", "source"},
      .later = {"catalog", "sql", "retention", "encoding"},
      .belongs_under = {{"url", "source"},
                        {"method", "source"},
                        {"headers", "source"},
                        {"query", "source"},
                        {"body", "source"},
                        {"for_each", "source"},
                        {"combine", "source"},
                        {"since", "source"},
                        {"records", "source"},
                        {"add", "source"},
                        {"paginate", "source"},
                        {"auth", "source"},
                        {"limits", "source"},
                        {"slice", "source"},
                        {"keep_raw", "source"},
                        {"ttl", "serve"},
                        {"table", "serve"}}};
}

}  // namespace

const Shape& field_list_shape() {
  static const Shape kShape = list_of(field(), "a list of fields, each {name: …, type: …}", 1);
  return kShape;
}

const Shape& dataset_shape() {
  static const Shape kShape = dataset();
  return kShape;
}

const Shape& environment_shape() {
  static const Shape kShape = {
      .kind = Kind::kObject,
      .what = "a mapping with lake and table_prefix",
      .keys = {{"lake", "The lake's root: a directory.", text("the lake's root, a directory")},
               {"table_prefix",
                "What goes before the name of every table.",
                {.kind = Kind::kText,
                 .what = "letters, digits, _ . - (at most 100)",
                 .pattern = "^[A-Za-z0-9_.-]{0,100}$",
                 .matches = is_table_prefix}},
               {"catalog",
                "Where the tables of this environment are registered, instead of the lake's "
                "catalog.",
                catalog()}},
      .later = {"region", "endpoint", "role"}};
  return kShape;
}

const Shape& config_shape() {
  static const Shape kShape = {
      .kind = Kind::kObject,
      .what = "a mapping with datasets",
      .keys = {{"datasets",
                "The lake's datasets, by name.",
                {.kind = Kind::kMap,
                 .what = "a dataset's name: a lower-case letter, then lower-case letters, digits "
                         "and _",
                 .pattern = kCleanName,
                 .matches = is_clean_name,
                 .of = {dataset_shape()}},
                true},
               {"environments",
                "Where the lake is, chosen by --env NAME.",
                {.kind = Kind::kMap,
                 .what = "an environment's name: a lower-case letter, then lower-case letters, "
                         "digits and _",
                 .pattern = kCleanName,
                 .matches = is_clean_name,
                 .of = {environment_shape()},
                 .keep_variables = true}},
               {"catalog", "Where tables are registered for query engines, of lakes on S3.",
                catalog()}},
      .later = {"sources", "limits", "auth", "models", "notifications"}};
  return kShape;
}

}  // namespace lakegate
