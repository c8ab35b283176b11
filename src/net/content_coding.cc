#include "net/content_coding.h"

#include <fmt/format.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <vector>

#include "net/http.h"

namespace lakegate {
namespace {

// Larger windows are for files: https://www.rfc-editor.org/rfc/rfc9659
constexpr int kZstdWindowLog = 23;
constexpr std::size_t kFirstBlock = 16 * 1024;
constexpr std::size_t kMostCodings = 3;
constexpr std::string_view kWhenDecompressed = "when it is decompressed";

Failure damaged(std::string_view coding, std::string_view why) {
  return fail(ErrorKind::kRetryable,
              fmt::format("its {} compression is damaged or cut short ({})", coding, why));
}
Failure too_long(std::size_t most) {
  return fail(ErrorKind::kPermanent,
              fmt::format("its reply is longer than {} bytes {}", most, kWhenDecompressed));
}
Failure no_memory() {
  return fail(ErrorKind::kPermanent, "out of memory while decompressing a reply");
}

// What the end of a gzip member says about its size; a guess, because anything may stand there.
std::size_t said_by_gzip(std::string_view body) {
  constexpr std::size_t kBestRatio = 1032;
  if (body.size() < 18) return 0;
  std::size_t said = 0;
  for (std::size_t i = 0; i < 4; ++i)
    said |= std::size_t{static_cast<unsigned char>(body[body.size() - 4 + i])} << (8 * i);
  return said <= body.size() * kBestRatio ? said : 0;
}

// Makes room behind what is there; false when `most` bytes are.
bool grow(std::string& text, std::size_t used, std::size_t most) {
  if (used == most) return false;
  text.resize(std::min(most, std::max(kFirstBlock, used * 2)));
  return true;
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::vector<std::string_view> codings_of(std::string_view header) {
  std::vector<std::string_view> codings;
  while (!header.empty()) {
    const std::size_t comma = std::min(header.find(','), header.size());
    const std::string_view one = trim(header.substr(0, comma));
    if (!one.empty() && !same_header_name(one, "identity")) codings.push_back(one);
    header.remove_prefix(std::min(comma + 1, header.size()));
  }
  return codings;
}

}  // namespace

struct ContentDecoder::State {
  z_stream inflate = {};
  bool inflate_open = false;
  struct Free {
    void operator()(ZSTD_DCtx* context) const { ::ZSTD_freeDCtx(context); }
  };
  std::unique_ptr<ZSTD_DCtx, Free> zstd;

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (inflate_open) ::inflateEnd(&inflate);
  }

  Result<std::string> gzip(std::string_view body, std::size_t most) {
    const int ready = inflate_open ? ::inflateReset(&inflate) : ::inflateInit2(&inflate, 15 + 16);
    if (ready != Z_OK) return no_memory();
    inflate_open = true;
    inflate.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
    inflate.avail_in = static_cast<uInt>(body.size());
    std::string text;
    std::size_t used = 0;
    if (const std::size_t said = said_by_gzip(body); said <= most) text.resize(said + 1);
    while (true) {
      // One byte more than is allowed: that it comes shows that there is too much.
      if (used == text.size() && !grow(text, used, most + 1)) return too_long(most);
      inflate.next_out = reinterpret_cast<Bytef*>(text.data() + used);
      inflate.avail_out = static_cast<uInt>(std::min<std::size_t>(text.size() - used, 1U << 30));
      const uInt room = inflate.avail_out;
      const int code = ::inflate(&inflate, Z_NO_FLUSH);
      used += room - inflate.avail_out;
      if (code == Z_STREAM_END) {
        if (inflate.avail_in == 0) break;
        if (::inflateReset(&inflate) != Z_OK) return no_memory();  // another member follows
      } else if (code == Z_MEM_ERROR) {
        return no_memory();
      } else if (code != Z_OK && code != Z_BUF_ERROR) {
        return damaged("gzip", inflate.msg != nullptr ? inflate.msg : "it cannot be read");
      } else if (inflate.avail_in == 0 && inflate.avail_out != 0) {
        return damaged("gzip", "its end is missing");
      }
    }
    if (used > most) return too_long(most);
    text.resize(used);
    return text;
  }

  Result<std::string> zstandard(std::string_view body, std::size_t most) {
    if (!zstd) {
      zstd.reset(::ZSTD_createDCtx());
      if (!zstd) return no_memory();
      ::ZSTD_DCtx_setParameter(zstd.get(), ZSTD_d_windowLogMax, kZstdWindowLog);
    }
    ::ZSTD_DCtx_reset(zstd.get(), ZSTD_reset_session_only);
    ZSTD_inBuffer source = {body.data(), body.size(), 0};
    std::string text;
    std::size_t used = 0;
    const unsigned long long said = ::ZSTD_getFrameContentSize(body.data(), body.size());
    if (said < ZSTD_CONTENTSIZE_ERROR)
      text.resize(std::min<std::size_t>(most, static_cast<std::size_t>(said)) + 1);
    while (true) {
      if (used == text.size() && !grow(text, used, most + 1)) return too_long(most);
      ZSTD_outBuffer target = {text.data() + used, text.size() - used, 0};
      const std::size_t code = ::ZSTD_decompressStream(zstd.get(), &target, &source);
      used += target.pos;
      if (::ZSTD_isError(code) != 0) return damaged("zstd", ::ZSTD_getErrorName(code));
      if (source.pos == source.size && code == 0) break;
      if (source.pos == source.size && target.pos < target.size)
        return damaged("zstd", "its end is missing");
    }
    if (used > most) return too_long(most);
    text.resize(used);
    return text;
  }
};

ContentDecoder::ContentDecoder() : state_(std::make_unique<State>()) {}
ContentDecoder::~ContentDecoder() = default;

Result<std::string> ContentDecoder::decode(std::string_view coding, std::string body,
                                           std::size_t most) {
  std::vector<std::string_view> codings = codings_of(coding);
  if (codings.size() > kMostCodings)
    return fail(ErrorKind::kPermanent,
                fmt::format("its reply is compressed {} times over", codings.size()));
  for (; !codings.empty(); codings.pop_back()) {
    const std::string_view last = codings.back();
    if (same_header_name(last, "gzip") || same_header_name(last, "x-gzip")) {
      LAKEGATE_TRY(body, state_->gzip(body, most));
    } else if (same_header_name(last, "zstd")) {
      LAKEGATE_TRY(body, state_->zstandard(body, most));
    } else {
      return fail(ErrorKind::kPermanent,
                  fmt::format("its reply has the Content-Encoding \"{}\", although only gzip and "
                              "zstd were asked for",
                              last));
    }
  }
  return body;
}

bool is_too_long(const Error& error) {
  return error.message.ends_with(kWhenDecompressed);
}

}  // namespace lakegate
