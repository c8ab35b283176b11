#include "net/content_coding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <string>

namespace lakegate {
namespace {

using testing::HasSubstr;

constexpr std::size_t kPlenty = std::size_t{1} << 20;

std::string gzip(const std::string& text) {
  z_stream stream = {};
  EXPECT_EQ(::deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(::deflateBound(&stream, text.size()), '\0');
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
  const std::size_t size = ::ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3);
  EXPECT_EQ(::ZSTD_isError(size), 0u);
  out.resize(size);
  return out;
}

std::string numbers(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += std::to_string(i * 7919) + ",";
  return text;
}

TEST(ContentDecoder, UndoesWhatTheHeaderSays) {
  ContentDecoder decoder;
  for (const int count : {0, 1, 10'000}) {
    const std::string text = numbers(count);
    EXPECT_EQ(decoder.decode("gzip", gzip(text), kPlenty), text);
    EXPECT_EQ(decoder.decode("zstd", zstd(text), kPlenty), text);
    EXPECT_EQ(decoder.decode("X-GZIP", gzip(text), kPlenty), text);
    EXPECT_EQ(decoder.decode("", text, kPlenty), text);
    EXPECT_EQ(decoder.decode("identity", text, kPlenty), text);
    EXPECT_EQ(decoder.decode("gzip, zstd", zstd(gzip(text)), kPlenty), text);
    EXPECT_EQ(decoder.decode("gzip", gzip(text) + gzip("more"), kPlenty), text + "more");
    EXPECT_EQ(decoder.decode("zstd", zstd(text) + zstd("more"), kPlenty), text + "more");
  }
}

TEST(ContentDecoder, StopsAtItsLimit) {
  ContentDecoder decoder;
  const std::string text(100'000, 'x');
  for (const auto& [coding, body] : {std::pair{"gzip", gzip(text)}, {"zstd", zstd(text)}}) {
    EXPECT_EQ(decoder.decode(coding, body, text.size()), text);
    const auto decoded = decoder.decode(coding, body, text.size() - 1);
    ASSERT_FALSE(decoded);
    EXPECT_EQ(decoded.error().kind, ErrorKind::kPermanent);
    EXPECT_THAT(decoded.error().message, HasSubstr("longer than 99999 bytes"));
  }
}

TEST(ContentDecoder, DamageIsSaidAndLeavesItUsable) {
  ContentDecoder decoder;
  const std::string text = numbers(5'000);
  for (const auto& [coding, whole] : {std::pair{"gzip", gzip(text)}, {"zstd", zstd(text)}}) {
    for (const std::size_t length :
         {std::size_t{1}, std::size_t{9}, whole.size() / 2, whole.size() - 1}) {
      const auto decoded = decoder.decode(coding, whole.substr(0, length), kPlenty);
      ASSERT_FALSE(decoded) << coding << " " << length;
      EXPECT_EQ(decoded.error().kind, ErrorKind::kRetryable);
    }
    std::string flipped = whole;
    flipped[whole.size() / 2] ^= 0x55;
    const auto decoded = decoder.decode(coding, flipped, kPlenty);
    if (decoded) {
      EXPECT_STREQ(coding, "zstd") << "gzip has a checksum";
    }
    EXPECT_EQ(decoder.decode(coding, whole, kPlenty), text);
  }
}

TEST(ContentDecoder, ACodingThatNobodyAskedForIsNamed) {
  ContentDecoder decoder;
  const auto decoded = decoder.decode("br", "x", kPlenty);
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().kind, ErrorKind::kPermanent);
  EXPECT_THAT(decoded.error().message, HasSubstr("\"br\""));
  EXPECT_FALSE(decoder.decode("gzip, gzip, gzip, gzip", "x", kPlenty));
}

}  // namespace
}  // namespace lakegate
