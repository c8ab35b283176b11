#include "formats/input.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "unit/formats/input_text.h"

namespace lakegate {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class InputTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string path = (fs::temp_directory_path() / "lakegate-input-XXXXXX").string();
    ASSERT_NE(::mkdtemp(path.data()), nullptr);
    folder_ = path;
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& bytes) const {
    const fs::path path = folder_ / name;
    std::ofstream(path, std::ios::binary) << bytes;
    return path.string();
  }

  fs::path folder_;
};

TEST_F(InputTest, ReadsWhatIsThereInAnySizeOfPieces) {
  std::string bytes;
  for (int i = 0; i < 100'000; ++i) bytes += static_cast<char>(i * 7);
  const auto input = open_file(write("a", bytes));
  ASSERT_TRUE(input) << input.error().to_string();
  EXPECT_EQ((*input)->size(), bytes.size());
  for (const std::size_t piece : {1UL, 4096UL, 99'999UL, 100'000UL, 100'001UL})
    EXPECT_EQ(read_all(**input, piece), bytes) << piece;
}

TEST_F(InputTest, ReadsAtAnOffset) {
  const auto input = open_file(write("a", "0123456789"));
  ASSERT_TRUE(input);
  std::string piece(4, '?');
  ASSERT_TRUE((*input)->read_at(3, std::as_writable_bytes(std::span(piece))));
  EXPECT_EQ(piece, "3456");
  const auto past = (*input)->read_at(7, std::as_writable_bytes(std::span(piece)));
  ASSERT_FALSE(past);
  EXPECT_EQ(past.error().kind, ErrorKind::kInvalidInput);
  EXPECT_FALSE((*input)->read_at(~0ULL, std::as_writable_bytes(std::span(piece))));
}

TEST_F(InputTest, StreamsDoNotDisturbEachOther) {
  const auto input = open_file(write("a", "0123456789"));
  auto first = (*input)->open();
  auto second = (*input)->open();
  EXPECT_EQ(read_text(**first, 4), "0123");
  EXPECT_EQ(read_text(**second, 2), "01");
  EXPECT_EQ(read_text(**first, 100), "456789");
  EXPECT_EQ((*first)->input_bytes(), 10U);
  EXPECT_EQ((*second)->input_bytes(), 2U);
}

TEST_F(InputTest, SaysWhatIsWrongWithThePath) {
  const auto missing = open_file((folder_ / "missing.csv").string());
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind, ErrorKind::kNotFound);
  EXPECT_THAT(missing.error().to_string(), HasSubstr("missing.csv"));
  const auto directory = open_file(folder_.string());
  ASSERT_FALSE(directory);
  EXPECT_THAT(directory.error().to_string(), HasSubstr("directory"));
}

TEST_F(InputTest, AFileThatIsWrittenToWhileItIsReadIsAConflict) {
  const std::string path = write("a", std::string(10'000, 'a'));
  for (const std::string& now : {std::string(10'001, 'a'), std::string(9'000, 'a')}) {
    write("a", std::string(10'000, 'a'));
    const auto input = open_file(path);
    auto stream = (*input)->open();
    read_text(**stream, 100);
    write("a", now);
    std::string rest(20'000, '?');
    const auto read = (*stream)->read(std::as_writable_bytes(std::span(rest)));
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().kind, ErrorKind::kConflict);
    EXPECT_FALSE((*input)->read_at(0, std::as_writable_bytes(std::span(rest).first(10))));
  }
}

TEST_F(InputTest, AFileWithTheSameSizeButOtherContentIsAConflict) {
  const std::string path = write("a", "aaaa");
  const auto input = open_file(path);
  write("a", "bbbb");
  fs::last_write_time(path, fs::last_write_time(path) + std::chrono::seconds(1));
  auto stream = (*input)->open();
  std::string rest(4, '?');
  const auto read = (*stream)->read(std::as_writable_bytes(std::span(rest)));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind, ErrorKind::kConflict);
}

TEST_F(InputTest, AFileThatIsReplacedIsReadInItsOldVersion) {
  const std::string path = write("a", "old");
  const auto input = open_file(path);
  fs::rename(write("b", "new"), path);
  EXPECT_EQ(read_all(**input, 10), "old");
}

TEST_F(InputTest, SpoolsStdinSoThatItCanBeReadTwice) {
  const int saved = ::dup(STDIN_FILENO);
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  ASSERT_EQ(::write(ends[1], "a,b\n1,2\n", 8), 8);
  ::close(ends[1]);
  ::dup2(ends[0], STDIN_FILENO);
  ::setenv("TMPDIR", folder_.c_str(), 1);
  const auto input = open_file("-");
  ::unsetenv("TMPDIR");
  ::dup2(saved, STDIN_FILENO);
  ::close(saved);
  ::close(ends[0]);
  ASSERT_TRUE(input) << input.error().to_string();
  EXPECT_EQ((*input)->name(), "stdin");
  EXPECT_EQ((*input)->size(), 8U);
  EXPECT_EQ(read_all(**input, 3), "a,b\n1,2\n");
  EXPECT_EQ(read_all(**input, 3), "a,b\n1,2\n");
  EXPECT_TRUE(fs::is_empty(folder_)) << "the spooled file has a name";
}

TEST_F(InputTest, ADeviceIsSpooledToo) {
  const auto input = open_file("/dev/null");
  ASSERT_TRUE(input) << input.error().to_string();
  EXPECT_EQ((*input)->size(), 0U);
  EXPECT_EQ(read_all(**input, 3), "");
}

TEST(MemoryInput, IsReadLikeAFile) {
  const auto input = memory_input("m", "0123456789");
  EXPECT_EQ(input->name(), "m");
  EXPECT_EQ(read_all(*input, 3), "0123456789");
  std::string piece(2, '?');
  ASSERT_TRUE(input->read_at(8, std::as_writable_bytes(std::span(piece))));
  EXPECT_EQ(piece, "89");
  EXPECT_FALSE(input->read_at(9, std::as_writable_bytes(std::span(piece))));
}

}  // namespace
}  // namespace lakegate
