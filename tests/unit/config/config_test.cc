#include "config/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "config/environment.h"

namespace lakegate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Config parsed(const std::string& text, std::optional<std::string> env = {},
              Environment variables = {}) {
  auto config = parse_config({.text = text,
                              .file = "lake.yaml",
                              .env = std::move(env),
                              .variables = std::move(variables)});
  EXPECT_TRUE(config.has_value()) << text << "\n" << config.error().to_string();
  return config ? *config : Config{};
}

std::string error_of(const std::string& text, std::optional<std::string> env = {},
                     Environment variables = {}) {
  const auto config = parse_config({.text = text,
                                    .file = "lake.yaml",
                                    .env = std::move(env),
                                    .variables = std::move(variables)});
  EXPECT_FALSE(config.has_value()) << text;
  return config ? "" : config.error().to_string();
}

std::string read_case(const std::string& name) {
  std::ifstream file(std::string(LAKEGATE_CASES_DIR) + "/config/good/" + name + ".yaml");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(Config, EveryKeyArrives) {
  const Config config = parsed(read_case("everything"));
  ASSERT_EQ(config.datasets.size(), 2U);
  EXPECT_EQ(config.file, "lake.yaml");
  EXPECT_EQ(config.lake, std::nullopt);

  const DatasetConfig* sales = config.find(DatasetName("sales"));
  ASSERT_NE(sales, nullptr);
  ASSERT_TRUE(sales->schema);
  ASSERT_EQ(sales->schema->fields.size(), 8U);
  EXPECT_TRUE(sales->schema->fields[0].required);
  EXPECT_EQ(sales->schema->fields[1].original, "Unit Price");
  EXPECT_EQ(to_string(sales->schema->fields[1].type), "decimal(10,2)");
  EXPECT_EQ(sales->schema->fields[2].format, "%d.%m.%Y");
  EXPECT_EQ(sales->mode, Mode::kUpsert);
  EXPECT_THAT(sales->key, ElementsAre("id", "at"));
  ASSERT_EQ(sales->partition_by.size(), 2U);
  EXPECT_EQ(
      sales->partition_by[0],
      (PartitionLevel{.from = PartitionLevel::From::kCapture, .source = "store", .name = "shop"}));
  EXPECT_EQ(sales->partition_by[1], (PartitionLevel{.from = PartitionLevel::From::kColumnTime,
                                                    .source = "at",
                                                    .unit = TimeUnit::kMonth,
                                                    .name = "dt"}));
  EXPECT_THAT(sales->capture_columns, ElementsAre("store", "date"));
  EXPECT_EQ(sales->max_rejects.to_string(), "0.25%");
  EXPECT_EQ(sales->new_columns, NewColumns::kReject);
  EXPECT_FALSE(sales->lineage);
  EXPECT_TRUE(sales->clean_names);
  EXPECT_TRUE(sales->modern_encodings);
  EXPECT_EQ(sales->csv.delimiter, ';');
  EXPECT_EQ(sales->csv.quote, '\'');
  EXPECT_EQ(sales->csv.header, true);
  EXPECT_THAT(sales->csv.nulls, ElementsAre("-", "none", "-999"));
  ASSERT_TRUE(sales->serve);
  EXPECT_EQ(sales->serve->table.str(), "Sales.v1");
  EXPECT_THAT(sales->serve->key, ElementsAre("at", "id"));
  EXPECT_EQ(sales->serve->to, "tables/sales.sqlite");

  const DatasetConfig* plain = config.find(DatasetName("plain"));
  ASSERT_NE(plain, nullptr);
  EXPECT_FALSE(plain->schema);
  EXPECT_THAT(plain->partition_by, IsEmpty());
  EXPECT_EQ(plain->max_rejects.count, 17U);
  EXPECT_FALSE(plain->clean_names);
  EXPECT_EQ(plain->csv.delimiter, '\t');
  EXPECT_EQ(plain->csv.quote, '\0');
  EXPECT_EQ(plain->csv.header, false);
  EXPECT_EQ(config.find(DatasetName("nothing")), nullptr);
}

TEST(Config, Defaults) {
  const Config config = parsed("datasets: {d: {landing: d/*}}");
  const DatasetConfig& d = config.datasets[0];
  EXPECT_EQ(d.mode, Mode::kAppend);
  EXPECT_EQ(d.partition_by, default_partition());
  EXPECT_EQ(d.max_rejects.to_string(), "1%");
  EXPECT_EQ(d.new_columns, NewColumns::kAdd);
  EXPECT_TRUE(d.lineage && d.clean_names && !d.modern_encodings && !d.serve && !d.schema);
  EXPECT_EQ(d.csv, CsvOptions{});
}

TEST(Config, SingleWordsAreListsOfOne) {
  const Config config = parsed(read_case("single_words"));
  EXPECT_THAT(config.datasets[0].key, ElementsAre("id"));
  EXPECT_THAT(config.datasets[0].serve->key, ElementsAre("id"));
  EXPECT_EQ(config.datasets[0].partition_by[0].from, PartitionLevel::From::kCapture);
  EXPECT_EQ(config.datasets[0].partition_by[0].name, "country");
  EXPECT_EQ(config.datasets[1].partition_by[0].unit, TimeUnit::kHour);
  EXPECT_THAT(config.datasets[1].capture_columns, ElementsAre("day"));
}

constexpr const char* kTwoEnvironments =
    "datasets: {d: {landing: d/*, serve: {table: T, key: k}}}\n"
    "environments:\n"
    "  dev: {table_prefix: dev_}\n"
    "  prod: {lake: 's3://${BUCKET}/lake', table_prefix: prod_}\n";

TEST(Config, AnEnvironmentIsChosen) {
  EXPECT_EQ(parsed(kTwoEnvironments).datasets[0].serve->table.str(), "T");
  const Config dev = parsed(kTwoEnvironments, "dev");
  EXPECT_EQ(dev.datasets[0].serve->table.str(), "dev_T");
  EXPECT_EQ(dev.lake, std::nullopt);
  const Config prod = parsed(kTwoEnvironments, "prod", {{"BUCKET", "b"}});
  EXPECT_EQ(prod.lake, "s3://b/lake");
  EXPECT_EQ(prod.table_prefix, "prod_");
  EXPECT_THAT(error_of(kTwoEnvironments, "prod"),
              testing::StartsWith("lake.yaml:4:16: the environment variable BUCKET is not set"));
  EXPECT_THAT(error_of(kTwoEnvironments, "prd"), HasSubstr("did you mean prod?"));
  EXPECT_THAT(error_of("datasets: {}\n", "prod"), HasSubstr("lake.yaml has no environments"));
}

TEST(Config, VariablesAreExpanded) {
  const Environment variables = {{"A", "x"}, {"B", ""}, {"BUCKET", "b"}};
  EXPECT_EQ(expand_variables("${A}/${A}${B}", variables).value(), "x/x");
  EXPECT_EQ(expand_variables("$${A} $A {A} $", variables).value(), "${A} $A {A} $");
  EXPECT_THAT(expand_variables("${BUCKETS}", variables).error().message,
              HasSubstr("BUCKETS is not set (BUCKET is)"));
  for (const char* bad : {"${", "${}", "${A-B}", "${1}", "${A"})
    EXPECT_FALSE(expand_variables(bad, variables).has_value()) << bad;
  const Config config = parsed("datasets: {d: {landing: '${A}/*', max_rejects: '${N}'}}", {},
                               {{"A", "a"}, {"N", "5"}});
  EXPECT_EQ(config.datasets[0].landing.text(), "a/*");
  EXPECT_EQ(config.datasets[0].max_rejects.count, 5U);
}

TEST(Config, WhatIsNotAConfiguration) {
  EXPECT_THAT(error_of(""), HasSubstr("is empty"));
  EXPECT_THAT(error_of("# nothing\n"), HasSubstr("is empty"));
  EXPECT_THAT(error_of("datasets:\n  d: {landing: [\n"), testing::StartsWith("lake.yaml:3:1: "));
  EXPECT_THAT(error_of("datasets:\n\td: 1\n"), HasSubstr("is not YAML"));
  EXPECT_THAT(error_of("datasets: {}\n---\ndatasets: {}\n"),
              testing::StartsWith("lake.yaml:2:1: holds something after its first YAML document"));
  EXPECT_THAT(error_of(", .!~d\n"), HasSubstr("lake.yaml:1:"));
  EXPECT_EQ(parsed("---\ndatasets: {}\n...\n").datasets.size(), 0U);
  EXPECT_THAT(error_of("datasets: \xff\n"), HasSubstr("UTF-8"));
  EXPECT_THAT(error_of(std::string("datasets: \0\n", 12)), HasSubstr("NUL"));
  EXPECT_THAT(error_of(std::string(100'000, '[')), HasSubstr("lake.yaml"));
  EXPECT_THAT(error_of("datasets: &a [*a]\n"), HasSubstr("lake.yaml:1:"));
  EXPECT_THAT(error_of("datasets:\n  ? [a]\n  : {landing: d}\n"), HasSubstr("keys are names"));
  // With all the errors at hand, a person sees them all at once, in the order of the file.
  const std::string two = error_of("datasets:\n  d: {landing: d, mode: x}\n  e: {mode: y}\n");
  EXPECT_THAT(two,
              testing::MatchesRegex("lake.yaml:2:25: mode(.|\n)*\nlake.yaml:3:3: e lacks (.|\n)*"
                                    "\nlake.yaml:3:13: mode(.|\n)*"));
}

TEST(Config, ABomAndCarriageReturnsAreFine) {
  const Config config = parsed(
      "\xEF\xBB\xBF"
      "datasets:\r\n  d:\r\n    landing: d/*\r\n");
  EXPECT_EQ(config.datasets[0].landing.text(), "d/*");
}

TEST(Config, FoldersAreDatasetsWithoutAConfiguration) {
  const auto config = config_from_folders({"Sales 2024", "a*b", "_hidden", ".git"});
  ASSERT_TRUE(config.has_value());
  ASSERT_EQ(config->datasets.size(), 2U);
  EXPECT_EQ(config->datasets[0].name.str(), "sales_2024");
  EXPECT_EQ(config->datasets[1].name.str(), "a_b");
  const auto found = match_dataset(*config, ObjectKey("landing/a*b/x/y.csv"));
  ASSERT_TRUE(found.has_value() && found->has_value());
  EXPECT_EQ((*found)->dataset, &config->datasets[1]);
  EXPECT_FALSE(match_dataset(*config, ObjectKey("landing/axb/y.csv")).value().has_value());
  const auto clash = config_from_folders({"a b", "a-b"});
  ASSERT_FALSE(clash.has_value());
  EXPECT_THAT(clash.error().message, HasSubstr("landing/a b and landing/a-b"));
}

TEST(Config, AKeyBelongsToOneDataset) {
  const Config config = parsed(
      "datasets:\n  a: {landing: 'd/{n}.csv'}\n  b: {landing: 'd/x*.csv'}\n  c: {landing: c/*}\n");
  const auto a = match_dataset(config, ObjectKey("landing/d/y.csv"));
  ASSERT_TRUE(a.has_value() && a->has_value());
  EXPECT_EQ((*a)->dataset->name.str(), "a");
  EXPECT_EQ((*a)->captures.at("n"), "y");
  EXPECT_FALSE(match_dataset(config, ObjectKey("landing/e/y.csv")).value().has_value());
  EXPECT_FALSE(match_dataset(config, ObjectKey("curated/d/y.csv")).value().has_value());
  const auto both = match_dataset(config, ObjectKey("landing/d/x1.csv"));
  ASSERT_FALSE(both.has_value());
  EXPECT_EQ(both.error().kind, ErrorKind::kInvalidInput);
  EXPECT_THAT(both.error().message, HasSubstr("landing/d/x1.csv belongs to two datasets, a"));
}

TEST(Config, AFieldListAlone) {
  const auto schema = parse_field_list(
      "# comment\n- {name: Unit Price, type: double}\n- {name: day, type: date}\n", "s.yaml");
  ASSERT_TRUE(schema.has_value()) << schema.error().to_string();
  EXPECT_EQ(schema->fields[0].name, "Unit Price");
  const std::string again = to_yaml(*schema);
  EXPECT_EQ(parse_field_list(again, "s.yaml").value(), *schema);
  const auto bad = parse_field_list("- {name: a, type: int46}\n- {nam: b, type: text}\n", "s.yaml");
  ASSERT_FALSE(bad.has_value());
  EXPECT_THAT(bad.error().to_string(), HasSubstr("s.yaml:2:4: unknown key \"nam\""));
  EXPECT_FALSE(parse_field_list("", "s.yaml").has_value());
  EXPECT_FALSE(parse_field_list("a: b", "s.yaml").has_value());
}

TEST(MaxRejects, Allows) {
  struct Case {
    const char* limit;
    std::uint64_t rows_in;
    std::uint64_t most;
  };
  const Case cases[] = {{"17", 1000, 17},
                        {"0", 1000, 0},
                        {"5%", 1000, 50},
                        {"5%", 1001, 51},
                        {"0.1%", 1000, 1},
                        {"0.1%", 1001, 2},
                        {"1%", 43, 1},
                        {"0%", 43, 0},
                        {"100%", 43, 43},
                        {"0.000001%", 100'000'000, 1},
                        {"33.3%", 1000, 333},
                        {"1%", 0, 0},
                        {"50%", 18'446'744'073'709'551'615ULL, 9'223'372'036'854'775'808ULL}};
  for (const auto& [text, rows_in, most] : cases) {
    const auto limit = max_rejects_from(text);
    ASSERT_TRUE(limit.has_value()) << text;
    EXPECT_EQ(limit->to_string(), text);
    EXPECT_TRUE(limit->allows(rows_in, most)) << text << " of " << rows_in;
    EXPECT_FALSE(limit->allows(rows_in, most + 1)) << text << " of " << rows_in;
  }
  for (const char* bad : {"", "%", "-1", "1.5", "5 %", "101%", "100.1%", "1e3", ".5%", "5.%",
                          "0.1234567%", "099%", "99999999999999999999"})
    EXPECT_FALSE(max_rejects_from(bad).has_value()) << bad;
}

TEST(ConfigHash, ChangesWithWhatShapesOutputsAndWithNothingElse) {
  const std::string base = "landing: d/*, names: clean";
  const auto hash = [](const std::string& keys) {
    return parsed("datasets: {d: {" + keys + "}}").datasets[0].hash();
  };
  const std::string same = hash(base);
  for (const char* more :
       {"max_rejects: 5%", "serve: {table: T, key: k}", "mode: snapshot", "mode: upsert, key: k",
        "partition_by: {arrival: day}", "lineage: true", "new_columns: add"})
    EXPECT_EQ(hash(base + ", " + more), same) << more;
  std::set<std::string> hashes = {same};
  for (const char* more :
       {"schema: [{name: a, type: int64}]", "schema: [{name: a, type: int64, required: true}]",
        "schema: [{name: a, type: int64, original: A}]", "schema: [{name: a, type: date}]",
        "schema: [{name: a, type: date, format: '%Y%m%d'}]", "partition_by: {arrival: month}",
        "partition_by: []", "partition_by: a", "partition_by: {column: a, by: day}",
        "new_columns: ignore", "new_columns: reject", "lineage: false", "compat: modern",
        "csv: {delimiter: ','}", "csv: {quote: ','}", "csv: {quote: none}", "csv: {header: true}",
        "csv: {header: false}", "csv: {nulls: ['x']}"})
    EXPECT_TRUE(hashes.insert(hash(base + ", " + more)).second) << more;
  EXPECT_EQ(same.size(), 64U);
}

TEST(Config, TheCatalogOfAnEnvironmentReplacesTheLakes) {
  const std::string text =
      "datasets: {d: {landing: d/*}}\ncatalog: {glue: {database: lake}}\n"
      "environments:\n  dev: {}\n  prod: {catalog: {glue: {database: 'lake_${STAGE}'}}}\n";
  const auto database = [&](std::optional<std::string> env) {
    const auto config = parse_config(
        {.text = text, .file = "lake.yaml", .env = std::move(env), .variables = {{"STAGE", "eu"}}});
    EXPECT_TRUE(config) << config.error().to_string();
    return config && config->catalog ? config->catalog->glue_database : "none";
  };
  EXPECT_EQ(database({}), "lake");
  EXPECT_EQ(database("dev"), "lake");
  EXPECT_EQ(database("prod"), "lake_eu");
}

}  // namespace
}  // namespace lakegate
