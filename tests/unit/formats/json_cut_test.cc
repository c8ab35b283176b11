// Where records are cut: the same whatever blocks the bytes come in.
#include <gtest/gtest.h>

#include <random>

#include "formats/json/json_reader.h"
#include "formats/json/layout.h"
#include "unit/formats/json_pass.h"

namespace lakegate::json_test {
namespace {

using json::Block;
using json::detect_layout;
using json::Layout;
using json::RecordCutter;

struct Cut {
  std::vector<std::string> records;  // "line:column@offset text"
  std::vector<std::size_t> chunks;
  std::string error;
  bool operator==(const Cut&) const = default;
};

// `step`: how many bytes come at once; 0: a random number of them.
Cut cut(Layout layout, const std::string& text, std::size_t step, std::mt19937& random) {
  RecordCutter cutter(layout, "in.json", 0);
  Cut result;
  Block block;
  const auto flush = [&] {
    if (block.records.empty()) return;
    for (const json::Record& record : block.records)
      result.records.push_back(fmt::format("{}:{}@{} {}{}", record.line, record.column,
                                           record.offset, block.text(record).substr(0, 1000),
                                           record.is_too_long ? " (too long)" : ""));
    result.chunks.push_back(block.records.size());
    block = {};
  };
  for (std::size_t at = 0; at < text.size();) {
    // Each piece in memory of its own, so that a sanitizer sees reads past its end.
    const std::size_t size = step == 0 ? 1 + random() % 200 : step;
    const std::vector<char> piece(
        text.begin() + static_cast<std::ptrdiff_t>(at),
        text.begin() + static_cast<std::ptrdiff_t>(std::min(text.size(), at + size)));
    std::string_view unread(piece.data(), piece.size());
    while (!unread.empty()) {
      const auto taken = cutter.cut(unread, block);
      if (!taken) {
        flush();
        result.error = taken.error().to_string();
        return result;
      }
      unread.remove_prefix(*taken);
      if (RecordCutter::is_full(block)) flush();
    }
    at += piece.size();
  }
  if (const auto finished = cutter.finish(block); !finished)
    result.error = finished.error().to_string();
  flush();
  return result;
}

void expect_same_cuts(Layout layout, const std::string& text) {
  std::mt19937 random(7);
  const Cut whole = cut(layout, text, text.size(), random);
  for (const std::size_t step : {1UL, 3UL, 63UL, 64UL, 65UL, 4096UL, 0UL, 0UL, 0UL}) {
    if (step == 1 && text.size() > 100'000) continue;
    const Cut other = cut(layout, text, step, random);
    EXPECT_EQ(whole.records, other.records) << "in steps of " << step;
    EXPECT_EQ(whole.chunks, other.chunks) << "in steps of " << step;
    EXPECT_EQ(whole.error.empty(), other.error.empty()) << "in steps of " << step;
  }
}

// A random value in JSON, full of what could mislead a cutter.
void append_value(std::mt19937& random, int depth, bool pretty, std::string& out) {
  const auto blank = [&] {
    if (pretty && random() % 3 == 0) out += std::string(random() % 70, ' ') + "\n";
  };
  const auto pick = random() % (depth > 4 ? 4 : 7);
  if (pick == 0) {
    out += std::to_string(static_cast<int>(random()));
  } else if (pick == 1) {
    out += "null";
  } else if (pick <= 3) {
    static constexpr std::string_view kPieces[] = {
        "a", "\\\\", "\\\"", "{", "}", "[", "]", ",", "\\n", "é", "\\u0022", "            "};
    out += '"';
    for (auto i = random() % 30; i > 0; --i) out += kPieces[random() % std::size(kPieces)];
    out += '"';
  } else {
    const bool object = pick != 4 || depth == 0;
    out += object ? '{' : '[';
    for (unsigned i = 0, n = static_cast<unsigned>(random() % 5); i < n; ++i) {
      if (i > 0) out += ',';
      blank();
      if (object) out += "\"k" + std::to_string(i) + "\":";
      append_value(random, depth + 1, pretty, out);
      blank();
    }
    out += object ? '}' : ']';
  }
}

std::string random_object(std::mt19937& random, bool pretty) {
  std::string out;
  do {
    out.clear();
    append_value(random, 0, pretty, out);
  } while (out[0] != '{');
  return out;
}

class Cuts : public testing::TestWithParam<unsigned> {};

TEST_P(Cuts, DoNotDependOnBlocks) {
  std::mt19937 random(GetParam());
  std::string lines, objects, array = "[";
  for (int i = 0; i < 60; ++i) {
    lines += random_object(random, false) + (random() % 5 == 0 ? "\r\n \n" : "\n");
    objects += random_object(random, true) + (random() % 2 == 0 ? "\n" : "");
    if (i > 0) array += random() % 2 == 0 ? "," : " ,\n ";
    append_value(random, 1, true, array);
  }
  expect_same_cuts(Layout::kLines, lines);
  expect_same_cuts(Layout::kObjects, objects);
  expect_same_cuts(Layout::kArray, array + "]\n");
  std::mt19937 unused;
  EXPECT_EQ(cut(Layout::kLines, lines, 77, unused).records.size(), 60U);
  EXPECT_EQ(cut(Layout::kObjects, objects, 77, unused).records.size(), 60U);
  EXPECT_EQ(cut(Layout::kArray, array + "]", 77, unused).records.size(), 60U);
  // Damaged files too.
  for (int i = 0; i < 20; ++i) {
    std::string damaged = array;
    damaged[random() % damaged.size()] = "\"\\{}[],:x\n"[random() % 10];
    expect_same_cuts(Layout::kArray, damaged);
    expect_same_cuts(Layout::kObjects, damaged.substr(1));
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, Cuts, testing::Range(1U, 9U));

TEST(JsonCut, ChunksEndWithTheRecordThatReachesALimit) {
  std::mt19937 random(1);
  std::string many;
  for (int i = 0; i < 70'000; ++i) many += "{}\n";
  EXPECT_EQ(cut(Layout::kLines, many, 4096, random).chunks,
            (std::vector<std::size_t>{32768, 32768, 4464}));
  std::string array = "[";
  const std::string big = "{\"k\":\"" + std::string(100'000, 'x') + "\"}";
  for (int i = 0; i < 25; ++i) array += (i > 0 ? "," : "") + big;
  EXPECT_EQ(cut(Layout::kArray, array + "]", 4096, random).chunks,
            (std::vector<std::size_t>{11, 11, 3}));
  expect_same_cuts(Layout::kArray, array + "]");
}

TEST(JsonCut, ARecordPastTheLimitIsARejectAndItsNeighboursAreRows) {
  const std::string big = "{\"k\":\"" + std::string(kMaxRecordBytes, 'x') + "\"}";
  for (const std::string& text : {"{\"k\":\"a\"}\n" + big + "\n{\"k\":\"b\"}\n",
                                  "[{\"k\":\"a\"},\n" + big + ",{\"k\":\"b\"}]"}) {
    const auto pass = infer_and_decode(text);
    ASSERT_TRUE(pass) << pass.error().to_string();
    EXPECT_EQ(pass->rows, (std::vector<std::string>{"k=\"a\"", "k=\"b\""}));
    ASSERT_EQ(pass->rejects.size(), 1U);
    const Reject& reject = pass->rejects[0];
    EXPECT_EQ(reject.reason, RejectReason::kRecordTooLong);
    EXPECT_EQ(reject.row, 2U);
    EXPECT_EQ(reject.line, 2U);
    EXPECT_TRUE(reject.raw_was_cut);
    EXPECT_EQ(reject.raw, big.substr(0, kMaxRawBytes));
  }
}

TEST(JsonCut, DeepNestingIsRefusedWithoutHarm) {
  for (const int depth : {1023, 1024, 100'000}) {
    std::string value = "{\"k\": " + std::string(depth, '[') + std::string(depth, ']') + "}";
    const auto pass = infer_and_decode("{\"k\": []}\n" + value + "\n");
    ASSERT_TRUE(pass) << pass.error().to_string();
    EXPECT_EQ(pass->rejects.size(), depth < 1024 ? 0U : 1U) << depth;
    const auto refused = infer_and_decode("[" + value + "]");
    EXPECT_EQ(refused.has_value(), depth < 1024) << depth;
  }
}

struct LayoutCase {
  const char* name;
  std::string text;
  Layout layout;
};

class Layouts : public testing::TestWithParam<LayoutCase> {};

TEST_P(Layouts, AreToldFromTheContent) {
  const auto& [name, text, layout] = GetParam();
  EXPECT_EQ(detect_layout(text, true), layout);
  // The first answer that is given does not change when more is known.
  for (std::size_t size = 0; size < std::min<std::size_t>(text.size(), 200); ++size) {
    const auto early = detect_layout(std::string_view(text).substr(0, size), false);
    if (early) {
      EXPECT_EQ(*early, layout) << size;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Texts, Layouts,
    testing::Values(
        LayoutCase{"lines", "{\"a\":1}\n{\"a\":2}\n", Layout::kLines},
        LayoutCase{"one_line", "{\"a\":{\"}\":1}}\n", Layout::kLines},
        LayoutCase{"array", " \n [1]", Layout::kArray}, LayoutCase{"scalar", "42", Layout::kLines},
        LayoutCase{"pretty", "{\n  \"a\": 1\n}\n", Layout::kObjects},
        LayoutCase{"pretty_with_object_on_line", "{\"a\":\n{\"b\": 1}\n}\n", Layout::kObjects},
        LayoutCase{"side_by_side", "{\"a\":1} {\"a\":2}\n", Layout::kObjects},
        LayoutCase{"text_behind", "{\"a\":1} x\n{\"a\":2}\n", Layout::kLines},
        LayoutCase{"bad_first_line", "{\"a\":1,\n{\"a\":2}\n{\"a\":3}\n", Layout::kLines},
        LayoutCase{"bad_first_of_two", "{\"a\":\"1\n\n{\"a\":2}", Layout::kLines},
        LayoutCase{"huge_first_line", "{\"a\":\"" + std::string(2'000'000, 'x') + "\"}\n",
                   Layout::kObjects}),
    [](const auto& test_case) { return test_case.param.name; });

}  // namespace
}  // namespace lakegate::json_test
