#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <string>

#include "formats/input.h"
#include "unit/formats/input_text.h"

namespace lakegate {
namespace {

using testing::HasSubstr;

std::string sample(std::size_t bytes) {
  std::string text;
  for (std::size_t i = 0; text.size() < bytes; ++i)
    text += std::to_string(i * i * 2654435761U) + "\n";
  text.resize(bytes);
  return text;
}

std::string gzip(const std::string& text) {
  z_stream stream = {};
  EXPECT_EQ(::deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(::deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(::deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  ::deflateEnd(&stream);
  return out;
}

std::string zstd(const std::string& text) {
  std::string out(::ZSTD_compressBound(text.size()), '\0');
  out.resize(::ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

std::string skippable_frame(const std::string& content) {
  std::string frame("\x53\x2a\x4d\x18", 4);
  for (int shift = 0; shift < 32; shift += 8)
    frame += static_cast<char>((content.size() >> shift) & 0xff);
  return frame + content;
}

Result<std::string> decompress(const std::string& bytes, std::size_t piece = 10'007) {
  const auto input = memory_input("landed.csv", bytes);
  LAKEGATE_TRY(auto stream, open_decompressed(*input));
  std::string all, part(piece, '\0');
  while (true) {
    LAKEGATE_TRY(const std::size_t count, stream->read(std::as_writable_bytes(std::span(part))));
    if (count == 0) break;
    all.append(part, 0, count);
  }
  return all;
}

struct PackedCase {
  const char* name;
  std::string bytes;
  std::string content;
};

void PrintTo(const PackedCase& c, std::ostream* out) {
  *out << c.name;
}

class Decompress : public testing::TestWithParam<PackedCase> {};

TEST_P(Decompress, GivesTheContentInPiecesOfAnySize) {
  for (const std::size_t piece : {1UL, 7UL, 100'000UL, 10'000'000UL}) {
    if (piece < 7 && GetParam().content.size() > 10'000) continue;
    const auto text = decompress(GetParam().bytes, piece);
    ASSERT_TRUE(text) << text.error().to_string();
    EXPECT_TRUE(*text == GetParam().content) << "pieces of " << piece;
  }
}

const std::string kBig = sample(3'000'000);

INSTANTIATE_TEST_SUITE_P(
    Formats, Decompress,
    testing::Values(
        PackedCase{"plain", "a,b\n1,2\n", "a,b\n1,2\n"}, PackedCase{"nothing", "", ""},
        PackedCase{"one_byte", "\x1f", "\x1f"}, PackedCase{"gzip", gzip(kBig), kBig},
        PackedCase{"gzip_of_nothing", gzip(""), ""},
        PackedCase{"gzip_members", gzip("a,b\n") + gzip("") + gzip(kBig) + gzip("1,2\n"),
                   "a,b\n" + kBig + "1,2\n"},
        PackedCase{"gzip_zero_padding", gzip("a,b\n") + std::string(70'000, '\0'), "a,b\n"},
        PackedCase{"zstd", zstd(kBig), kBig}, PackedCase{"zstd_of_nothing", zstd(""), ""},
        PackedCase{"zstd_frames", zstd("a,b\n") + zstd("") + zstd(kBig) + zstd("1,2\n"),
                   "a,b\n" + kBig + "1,2\n"},
        PackedCase{"zstd_skippable_frames",
                   skippable_frame("seek") + zstd("a,b\n") +
                       skippable_frame(std::string(300'000, 'x')) + zstd("1,2\n") +
                       skippable_frame(""),
                   "a,b\n1,2\n"}),
    [](const auto& of) { return std::string(of.param.name); });

TEST(DecompressDamage, EveryTruncationIsAnErrorThatNamesTheOffset) {
  const std::string text = sample(2'000);
  for (const std::string& whole : {gzip(text), zstd(text), gzip("") + gzip(text)}) {
    for (std::size_t size = 4; size < whole.size(); ++size) {
      if (whole[0] == '\x1f' && whole.substr(0, size) == gzip("")) continue;  // whole by itself
      const auto result = decompress(whole.substr(0, size));
      ASSERT_FALSE(result) << "cut at " << size;
      EXPECT_EQ(result.error().kind, ErrorKind::kInvalidInput);
      EXPECT_THAT(result.error().to_string(), HasSubstr("landed.csv: "));
      EXPECT_THAT(result.error().message, HasSubstr("offset"));
    }
  }
}

TEST(DecompressDamage, AFlippedBitOfGzipIsNeverReadAsContent) {
  const std::string whole = gzip(sample(300));
  for (std::size_t i = 10; i < whole.size(); ++i) {  // after the header, which has free bits
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    EXPECT_FALSE(decompress(damaged)) << i;
  }
}

TEST(DecompressDamage, GarbageAfterGzipIsRefused) {
  const std::string whole = gzip("a,b\n");
  const auto result = decompress(whole + std::string(10, '\0') + "more");
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message, HasSubstr("offset " + std::to_string(whole.size() + 10)));
}

TEST(DecompressDamage, DamageFarIntoTheFileNamesWhere) {
  std::string bytes = zstd(kBig) + zstd(kBig);
  const std::size_t second = zstd(kBig).size();
  bytes[second] = 'x';
  const auto result = decompress(bytes);
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message, HasSubstr("offset " + std::to_string(second)));
}

TEST(DetectCompression, LooksAtTheFirstBytes) {
  const auto detect = [](std::string_view text) {
    return detect_compression(std::as_bytes(std::span(text)));
  };
  EXPECT_EQ(detect("\x1f\x8b\x08"), Compression::kGzip);
  EXPECT_EQ(detect("\x28\xb5\x2f\xfd"), Compression::kZstd);
  EXPECT_EQ(detect("\x5f\x2a\x4d\x18"), Compression::kZstd);
  EXPECT_EQ(detect("\x28\xb5\x2f"), Compression::kNone);
  EXPECT_EQ(detect("PAR1"), Compression::kNone);
  EXPECT_EQ(detect(""), Compression::kNone);
}

}  // namespace
}  // namespace lakegate
