// Types of files of several chunks: what the optimistic pass guesses, and finds out later, is what
// looking at the whole file gives, whatever the number of threads.
#include "convert/typed_read.h"

#include <arrow/record_batch.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <random>

#include "formats/open.h"
#include "formats/records.h"

namespace lakegate {
namespace {

class Rows : public RowSink {
 public:
  Result<void> begin(const Schema&) override {
    rows_ = nulls_in_last_ = 0;
    return {};
  }
  Result<void> take(const arrow::RecordBatch& rows, const std::vector<std::int64_t>&,
                    const std::vector<Reject>& rejects) override {
    rows_ += rows.num_rows() + static_cast<std::int64_t>(rejects.size());
    if (rows.num_columns() > 0) nulls_in_last_ += rows.column(rows.num_columns() - 1)->null_count();
    return {};
  }
  std::int64_t rows_ = 0;
  std::int64_t nulls_in_last_ = 0;
};

// A chunk of each text: filled up with empty objects.
std::string in_chunks(const std::vector<std::string>& chunks) {
  std::string text;
  for (const std::string& records : chunks) {
    const auto lines = std::ranges::count(records, '\n');
    for (std::int64_t i = lines; i < static_cast<std::int64_t>(kChunkRecords); ++i) text += "{}\n";
    text += records;
  }
  return text;
}

std::string text_of(const Schema& schema) {
  std::string text;
  for (const Field& field : schema.fields)
    text += fmt::format("{}: {}\n", field.name, to_string(field.type));
  return text;
}

Resources with_threads(int threads) {
  Resources resources;
  resources.threads = threads;
  resources.memory = std::uint64_t{256} << 20;
  return resources;
}

std::string types_read(const std::string& text, int threads, Typing typing = {}) {
  const auto file = open_json(memory_input("in.json", text), {});
  if (!file) return file.error().to_string();
  Rows rows;
  const auto read = read_typed(**file, typing, rows, with_threads(threads));
  if (!read) return read.error().to_string();
  EXPECT_EQ(rows.rows_, std::ranges::count(text, '\n'));
  return text_of(read->schema);
}

std::string types_inferred(const std::string& text) {
  const auto file = open_json(memory_input("in.json", text), {});
  const auto schema = infer_schema(**file, {}, with_threads(1));
  return schema ? text_of(*schema) : schema.error().to_string();
}

struct Case {
  const char* name;
  std::vector<std::string> chunks;
  const char* types;
};

class TypesOfChunks : public testing::TestWithParam<Case> {};

TEST_P(TypesOfChunks, AreThoseOfTheWhole) {
  const std::string text = in_chunks(GetParam().chunks);
  for (const int threads : {1, 2, 4})
    for (int time = 0; time < 3; ++time)
      ASSERT_EQ(types_read(text, threads), GetParam().types) << threads << " threads";
  EXPECT_EQ(types_inferred(text), GetParam().types);
}

INSTANTIATE_TEST_SUITE_P(
    All, TypesOfChunks,
    testing::Values(Case{"empty_object_and_array_in_one_chunk",
                         {"{\"a\":{\"x\":1}}\n", "{\"a\":{\"y\":{}}}\n{\"a\":{\"y\":[]}}\n"},
                         "a: struct<x: int64, y: text>\n"},
                    Case{"empty_object_and_array_in_two_chunks",
                         {"{\"a\":{\"x\":1}}\n", "{\"a\":{\"y\":{}}}\n", "{\"a\":{\"y\":[]}}\n"},
                         "a: struct<x: int64, y: text>\n"},
                    Case{"empty_object_and_array_at_the_top",
                         {"{\"x\":1,\"y\":{}}\n", "{\"y\":[]}\n"},
                         "x: int64\ny: text\n"},
                    Case{"empty_array_that_fills_later",
                         {"{\"a\":{\"x\":1}}\n", "{\"a\":{\"y\":[]}}\n", "{\"a\":{\"y\":[1]}}\n"},
                         "a: struct<x: int64, y: list<int64>>\n"},
                    Case{"large_integer_inside_then_double",
                         {"{\"a\":[1]}\n", "{\"a\":[9007199254740993]}\n", "{\"a\":[1.5]}\n"},
                         "a: list<text>\n"},
                    Case{"null_behind_a_contradiction",
                         {"{\"a\":{\"x\":1}}\n", "{\"a\":{\"x\":1.5}}\n", "{\"a\":{\"n\":null}}\n",
                          "{\"a\":{\"m\":1,\"n\":1}}\n"},
                         "a: struct<x: double, n: int64, m: int64>\n"}),
    [](const auto& test_case) { return std::string(test_case.param.name); });

TEST(TypedRead, ARejectedValueHidesNoNewFieldOfAKnownStruct) {
  const std::string text = in_chunks({"{\"s\":{\"x\":1}}\n", "{\"s\":{\"x\":1,\"y\":2}}\n",
                                      "{\"s\":\"bad\"}\n", "{\"s\":{\"x\":3}}\n"});
  Typing typing;
  typing.known.fields = {{.name = "s", .type = *type_from("struct<x: int64>")}};
  for (const int threads : {1, 2, 4})
    EXPECT_EQ(types_read(text, threads, typing), "s: struct<x: int64, y: int64>\n");
}

TEST(TypedRead, CapturesAreNoColumnsOfTheFile) {
  Typing typing;
  typing.known.fields = {{.name = "store", .type = {LogicalType::Kind::kText}}};
  typing.capture_columns = {"store"};
  for (const int threads : {1, 4}) {
    EXPECT_EQ(types_read(in_chunks({"{\"x\":1}\n"}), threads, typing), "store: text\nx: int64\n");
    EXPECT_EQ(types_read(in_chunks({"{\"x\":1}\n", "{\"x\":1.5}\n"}), threads, typing),
              "store: text\nx: double\n");
    EXPECT_EQ(types_read(in_chunks({"{\"x\":1}\n", "{\"store\":7}\n"}), threads, typing),
              "store: text\nx: int64\nstore_2: int64\n");
  }
}

// Where all names of a file's beginning are known, nobody looks at those of the whole first chunk.
TEST(TypedRead, ANameThatComesLateIsAColumnAllTheSame) {
  Typing typing;
  typing.known.fields = {{.name = "x", .type = {LogicalType::Kind::kInt64}},
                         {.name = "never", .type = {LogicalType::Kind::kBool}}};
  std::string text;
  while (text.size() < 256 * 1024) text += "{\"x\":1}\n";
  const std::string known = "x: int64\nnever: bool\n";
  for (const int threads : {1, 4}) {
    EXPECT_EQ(types_read(text, threads, typing), known);
    EXPECT_EQ(types_read(text + "{\"late\":1.5}\n{\"x\":2}\n", threads, typing),
              known + "late: double\n");
  }
}

// deviceId one year, device_id the next: also where none is in the file's beginning.
TEST(TypedRead, AnotherSpellingIsTheKnownColumnWhereverItComes) {
  Typing typing;
  typing.known.fields = {{.name = "id", .type = {LogicalType::Kind::kInt64}},
                         {.name = "device_id", .type = {LogicalType::Kind::kText}}};
  const std::string known = "id: int64\ndevice_id: text\n";
  std::string text;
  while (text.size() < 256 * 1024) text += "{\"id\":1000000000}\n";
  const std::string spelled = "{\"id\":2,\"deviceId\":\"d1\"}\n";
  for (const int threads : {1, 4}) {
    EXPECT_EQ(types_read(spelled + text, threads, typing), known);
    EXPECT_EQ(types_read(text + spelled, threads, typing), known);
    EXPECT_EQ(types_read(in_chunks({"{\"id\":1}\n", spelled}), threads, typing), known);
    // Both in one file are two columns.
    EXPECT_EQ(types_read(in_chunks({"{\"device_id\":\"d0\"}\n", spelled}), threads, typing),
              known + "device_id_2: text\n");
    EXPECT_EQ(types_read(in_chunks({spelled, "{\"device_id\":\"d0\"}\n"}), threads, typing),
              known + "device_id_2: text\n");
  }
}

TEST(TypedRead, WhatBothEmptyKindsBecameIsKept) {
  const auto file =
      open_json(memory_input("in.json", in_chunks({"{\"x\":1,\"y\":{}}\n", "{\"y\":[]}\n"})), {});
  Rows rows;
  const auto read = read_typed(**file, {}, rows, with_threads(2));
  ASSERT_TRUE(read) << read.error().to_string();
  EXPECT_EQ(read->passes, 2);
  EXPECT_EQ(rows.nulls_in_last_, static_cast<std::int64_t>(2 * kChunkRecords - 2));
}

class RandomJson {
 public:
  explicit RandomJson(unsigned seed) : random_(seed) {}

  std::string file() {
    std::vector<std::string> chunks(2 + below(3));
    for (std::string& chunk : chunks)
      for (unsigned i = below(4); i > 0; --i) chunk += object(0) + "\n";
    return in_chunks(chunks);
  }

 private:
  unsigned below(unsigned n) { return static_cast<unsigned>(random_() % n); }
  std::string object(int depth) {
    std::string text;
    for (const char key : {'a', 'b', 'c'})
      if (below(2) == 0)
        text += fmt::format("{}\"{}\":{}", text.empty() ? "" : ",", key, value(depth));
    return "{" + text + "}";
  }
  std::string value(int depth) {
    static constexpr std::array kScalars = {
        "1", "2", "1.5", "9007199254740993", "null", "true", "\"x\"", "\"2024-01-01\"", "{}", "[]"};
    const unsigned kind = below(depth < 3 ? 10 : 4);
    if (kind < 3) return kScalars.at(below(2) == 0 ? below(2) : below(kScalars.size()));
    if (kind == 3) return below(2) == 0 ? "{}" : "[]";
    if (kind < 8) return object(depth + 1);
    std::string text;
    for (unsigned i = below(3); i > 0; --i) text += (text.empty() ? "" : ",") + value(depth + 1);
    return "[" + text + "]";
  }

  std::mt19937 random_;
};

// What has to be the same: the names of a struct may come in another order (those that have no type
// at first come last), and a column that is null wherever it is may not have been looked for.
std::string typed_letters(const std::string& types) {
  std::string letters;
  for (std::size_t begin = 0; begin < types.size();) {
    const std::string line = types.substr(begin, types.find('\n', begin) - begin);
    begin += line.size() + 1;
    if (!line.ends_with(": unknown")) letters += line;
  }
  std::ranges::sort(letters);
  return letters;
}

// LAKEGATE_SEED plays one file.
TEST(TypedRead, RandomFilesHaveTheTypesOfTheWhole) {
  const char* const given = std::getenv("LAKEGATE_SEED");
  const auto first = given != nullptr ? static_cast<unsigned>(std::stoul(given))
                                      : static_cast<unsigned>(std::random_device()());
  for (unsigned i = 0; i < (given != nullptr ? 1U : 40U); ++i) {
    SCOPED_TRACE(fmt::format("LAKEGATE_SEED={}", first + i));
    const std::string text = RandomJson(first + i).file();
    const std::string types = types_read(text, 1);
    ASSERT_EQ(types_read(text, 4), types);
    ASSERT_EQ(typed_letters(types), typed_letters(types_inferred(text)));
  }
}

}  // namespace
}  // namespace lakegate
