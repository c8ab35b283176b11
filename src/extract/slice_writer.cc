#include "extract/slice_writer.h"

#include <fmt/format.h>
#define ZSTD_STATIC_LINKING_ONLY  // how literals are compressed
#include <zstd.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <span>
#include <utility>

#include "build_info.h"

namespace lakegate {
namespace {

// Replies are compressed once and read once or twice: speed counts. Looking for repetitions at
// every fourth place only takes a quarter off level 1, for 2% more bytes, as long as what
// has none is still coded by its entropy (which zstd else leaves away together with the other
// places).
constexpr int kLevel = 1;
constexpr int kStep = 4;

class PendingSink : public ByteSink {
 public:
  explicit PendingSink(PendingObject& object) : object_(object) {}
  Result<void> write(std::span<const std::byte> bytes) override { return object_.write(bytes); }

 private:
  PendingObject& object_;
};

std::string header_line(const Plan& plan, std::uint64_t number) {
  return nlohmann::ordered_json{{"lakegate_replies", 1},
                                {"dataset", plan.dataset.str()},
                                {"plan", plan.id},
                                {"scheduled_at", to_iso(plan.scheduled_at)},
                                {"slice", number}}
             .dump() +
         "\n";
}

}  // namespace

// The landed object while it grows. Its bytes follow from the lines alone. One frame of zstd: not
// every reader goes on behind the first.
class SliceWriter::Replies {
 public:
  explicit Replies(std::unique_ptr<PendingObject> object)
      : object_(std::move(object)), context_(ZSTD_createCCtx()) {
    ZSTD_CCtx_setParameter(context_, ZSTD_c_compressionLevel, kLevel);
    ZSTD_CCtx_setParameter(context_, ZSTD_c_targetLength, kStep);
    ZSTD_CCtx_setParameter(context_, ZSTD_c_literalCompressionMode, ZSTD_ps_enable);
    ZSTD_CCtx_setParameter(context_, ZSTD_c_checksumFlag, 1);
    lines_.reserve(2 * kPiece);
  }
  ~Replies() { ZSTD_freeCCtx(context_); }
  Replies(const Replies&) = delete;
  Replies& operator=(const Replies&) = delete;

  // Where whole lines are appended; end_line() after each.
  std::string& lines() { return lines_; }
  Result<void> end_line() {
    return lines_.size() < kPiece ? Result<void>() : compress(ZSTD_e_continue);
  }
  Result<std::uint64_t> seal() {
    LAKEGATE_CHECK(compress(ZSTD_e_end));
    return object_->seal();
  }
  Result<void> publish() { return object_->publish(); }

 private:
  Result<void> compress(ZSTD_EndDirective how) {
    ZSTD_inBuffer in{lines_.data(), lines_.size(), 0};
    for (bool is_done = false; !is_done;) {
      ZSTD_outBuffer out{compressed_.data(), compressed_.size(), 0};
      const std::size_t left = ZSTD_compressStream2(context_, &out, &in, how);
      if (ZSTD_isError(left))
        return fail(ErrorKind::kPermanent,
                    fmt::format("replies cannot be compressed: {}", ZSTD_getErrorName(left)));
      if (out.pos > 0)
        LAKEGATE_CHECK(object_->write(std::as_bytes(std::span(compressed_.data(), out.pos))));
      is_done = how == ZSTD_e_end ? left == 0 : in.pos == in.size;
    }
    lines_.clear();
    if (lines_.capacity() > 4 * kPiece) {  // a large reply's room is not kept for small ones
      lines_.shrink_to_fit();
      lines_.reserve(2 * kPiece);
    }
    return {};
  }

  static constexpr std::size_t kPiece = 128 * 1024;  // a block of zstd's

  std::unique_ptr<PendingObject> object_;
  ZSTD_CCtx* context_;
  std::string lines_;
  std::array<char, 64 * 1024> compressed_;
};

layout::FetchSlice slice_of(const Plan& plan, std::uint64_t number) {
  return {.dataset = plan.dataset,
          .plan = plan.id,
          .scheduled_at = plan.scheduled_at,
          .number = number};
}

SliceWriter::SliceWriter(ObjectStore& store, const DatasetConfig& dataset, const Plan& plan,
                         std::uint64_t number)
    : store_(store),
      dataset_(dataset),
      plan_(plan),
      first_((number - 1) * plan.slice_requests),
      end_(std::min<std::size_t>(plan.sets.size(), number * plan.slice_requests)),
      began_(std::chrono::steady_clock::now()) {
  record_.dataset = plan.dataset;
  record_.plan = plan.id;
  record_.slice = number;
  record_.asked_at = to_iso(std::chrono::system_clock::now());
  record_.lakegate_version = kVersion;
  report_.reserve(end_ - first_);
}

SliceWriter::~SliceWriter() = default;

Result<bool> SliceWriter::land(const LandedReply& reply, std::uint64_t& rows) {
  if (!replies_) {
    const ObjectKey key = layout::replies_key(slice_of(plan_, record_.slice));
    LAKEGATE_TRY(auto object, store_.create(key));
    replies_ = std::make_unique<Replies>(std::move(object));
    record_.landed = key;
    replies_->lines() += header_line(plan_, record_.slice);
  }
  const auto added = append_landed_line(reply, dataset_.source->records, replies_->lines());
  rows += added.value_or(0);
  LAKEGATE_CHECK(replies_->end_line());
  return added.has_value();
}

Result<void> SliceWriter::land_pages(const Answer& answer, const std::vector<AskedPage>& asked,
                                     ReportRow& row, const std::string& parameters) {
  // A set has all of its pages or none: where one is not JSON, that one alone lands, to be seen.
  // They are looked at first, because what has been compressed cannot be taken back.
  std::optional<std::size_t> broken;
  for (std::size_t n = 0; n < answer.pages.size() && answer.pages.size() > 1 && !broken; ++n)
    if (!is_json(answer.pages[n].body)) broken = n;
  for (std::size_t n = 0; n < answer.pages.size(); ++n) {
    if (broken && n != *broken) continue;
    const HttpReply& page = answer.pages[n];
    const AskedPage shown = n < asked.size() ? asked[n] : AskedPage{};
    LandedReply reply{.n = row.n,
                      .page = static_cast<std::uint32_t>(n),
                      .parameters = parameters,
                      .request = shown.request};
    reply.repeats_secret = shown.is_repeated;
    reply.status = page.status;
    reply.body = page.body;
    LAKEGATE_TRY(const bool is_json, land(reply, row.rows));
    if (!is_json)
      row.failure = shown.is_repeated ? "the reply is not JSON" : why_not_json(page.body);
  }
  return {};
}

Result<void> SliceWriter::add(std::size_t set, const Answer& answer,
                              const std::vector<AskedPage>& asked) {
  ReportRow row{.n = set,
                .attempts = answer.attempts,
                .status = answer.status,
                .bytes = answer.bytes,
                .latency = answer.latency,
                .pages = static_cast<std::uint32_t>(answer.pages.size())};
  const std::string parameters = plan_.parameters_json(set);
  if (answer.failure)
    row.failure = answer.failure->message;
  else
    LAKEGATE_CHECK(land_pages(answer, asked, row, parameters));
  const bool has_failed = !row.failure.empty();
  if (has_failed)
    add_to_worst({.n = set,
                  .parameters = parameters,
                  .status = row.status,
                  .attempts = row.attempts,
                  .reason = row.failure},
                 record_.failures);
  record_.counts += {.sets = 1,
                     .failed = has_failed ? 1U : 0U,
                     .attempts = static_cast<std::uint64_t>(row.attempts),
                     .replies = row.pages,
                     .bytes = row.bytes,
                     .rows = row.rows};
  report_.push_back(std::move(row));
  return {};
}

Result<SliceRecord> SliceWriter::publish(const std::function<Result<void>()>& may_publish) {
  const layout::FetchSlice slice = slice_of(plan_, record_.slice);
  if (replies_) {
    LAKEGATE_TRY(record_.landed_size, replies_->seal());
  }
  LAKEGATE_TRY(const auto report, store_.create(layout::slice_report_key(slice)));
  PendingSink sink(*report);
  LAKEGATE_CHECK(write_report(plan_, report_, sink));
  LAKEGATE_CHECK(report->seal());
  using std::chrono::milliseconds;
  record_.duration_ms = static_cast<std::uint64_t>(
      std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - began_).count());
  LAKEGATE_CHECK(may_publish());
  LAKEGATE_CHECK(report->publish());
  LAKEGATE_CHECK(store_.put(layout::slice_key(slice), to_json(record_)));
  if (replies_) LAKEGATE_CHECK(replies_->publish());
  return record_;
}

}  // namespace lakegate
