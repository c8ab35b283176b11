#include "formats/json/replies.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <new>

#include "formats/json/json_chunk.h"
#include "formats/json/json_reader.h"
#include "formats/json/landed_reply.h"
#include "formats/json/syntax.h"
#include "formats/records.h"
#include "lake/json_text.h"
#include "lake/utf8.h"

namespace lakegate {
namespace {

using json::Block;
using json::BlockReader;
using json::JsonChunk;
using json::Layout;
using json::Record;
namespace ondemand = simdjson::ondemand;

// A reply may hold many rows, so that it may be longer than a record of a file.
constexpr std::uint64_t kMaxReplyBytes = std::uint64_t{256} << 20;
// The first line's, which has no reply.
constexpr std::string_view kHeader = "lakegate_replies";

// Where a row stands: in which landed line, and in which element of its array.
struct Place {
  std::uint32_t line = 0;
  std::int64_t element = -1;  // -1: the value at `records` itself
  std::string problem;        // why the reply gives no rows; it is one rejected row then
};

// What a landed line says about its row.
struct Envelope {
  std::string request;
  std::int64_t status = 0;
  bool repeats_secret = false;
};

// Of a line that was cut off, as far as it matters: before the reply, in which it could stand by
// chance.
Envelope envelope_of_cut(std::string_view line) {
  const std::string_view before = line.substr(0, line.find(R"("reply)"));
  return {.repeats_secret = before.find(R"("repeats_secret":true)") != std::string_view::npos};
}

// "values[3].x" as the rest of a JSON Pointer: "/values/3/x".
std::string pointer_of(std::string_view path) {
  std::string pointer;
  if (!path.empty()) pointer += '/';
  for (const char c : path) {
    if (c == ']') continue;
    if (c == '.' || c == '[')
      pointer += '/';
    else if (c == '~')
      pointer += "~0";
    else if (c == '/')
      pointer += "~1";
    else
      pointer += c;
  }
  return pointer;
}

// Whatever came from the reply.
void withhold(Reject& reject) {
  reject.message =
      "the reply repeats a secret of its request, so that nothing of it is shown; it is landed as "
      "it came";
  reject.raw.clear();
  reject.raw_was_cut = false;
  if (reject.reason == RejectReason::kUnknownColumn || reject.reason == RejectReason::kDuplicateKey)
    reject.column.clear();  // a name that the reply has
}

// The rows of a block of landed lines, decoded as JSON records; what their rejects say is put in
// the words of replies.
class ReplyChunk : public Chunk {
 public:
  ReplyChunk(std::shared_ptr<const std::string> file, std::shared_ptr<const ReplyOptions> options,
             Block lines, Block rows, std::vector<Place> places, std::vector<Envelope> envelopes)
      : options_(std::move(options)),
        lines_(std::move(lines)),
        rows_(std::move(file), Layout::kLines, std::move(rows)),
        places_(std::move(places)),
        envelopes_(std::move(envelopes)) {
    records = rows_.records;
  }
  void begin_at(std::uint64_t row, std::uint64_t bytes) {
    first_row = rows_.first_row = row;
    input_bytes = bytes;
  }

  Result<DecodedChunk> decode(const DecodePlan& plan) const override {
    LAKEGATE_TRY(DecodedChunk decoded, rows_.decode(plan));
    for (Reject& reject : decoded.rejects) explain(reject);
    return decoded;
  }
  Result<void> observe(Observed& root) const override { return rows_.observe(root); }
  Result<bool> observe_names(std::uint64_t bytes, Observed& root) const override {
    return rows_.observe_names(bytes, root);
  }

 private:
  void explain(Reject& reject) const {
    const Place& place = places_[reject.row - first_row];
    const Record& line = lines_.records[place.line];
    const std::string_view text = lines_.text(line);
    const Envelope& envelope = envelopes_[place.line];
    if (!place.problem.empty()) {
      reject.reason = RejectReason::kMalformedJson;
      reject.message = place.problem;
      reject.raw_was_cut = text.size() > kMaxRawBytes;
      reject.raw = without_cut_character(text.substr(0, kMaxRawBytes));
    }
    if (reject.reason == RejectReason::kDuplicateKey) tell_of_added(reject);
    if (envelope.repeats_secret) withhold(reject);
    RejectedReply& reply = reject.reply.emplace();
    reply.request = envelope.request;
    reply.status = static_cast<int>(envelope.status);
    reply.pointer = options_->records;
    if (place.element >= 0) reply.pointer += fmt::format("/{}", place.element);
    reply.pointer += pointer_of(reject.column);
  }

  void tell_of_added(Reject& reject) const {
    for (const auto& [name, text] : options_->add)
      if (reject.message.find(fmt::format("\"{}\"", json::shown(name))) != std::string::npos)
        reject.message += fmt::format(
            "; `add:` gives the row a {} too: where the reply has one, name that column "
            "differently",
            name);
  }

  std::shared_ptr<const ReplyOptions> options_;
  Block lines_;
  JsonChunk rows_;
  std::vector<Place> places_;
  std::vector<Envelope> envelopes_;  // of each line
};

// Takes landed lines apart into rows.
class RowCutter {
 public:
  explicit RowCutter(const ReplyOptions& options) : options_(options) {}

  // Adds the rows of line `index` of `lines` to `rows` and `places`, and says in `envelope` what
  // their rejects are to tell. An Error refuses the file.
  Result<void> cut(const Block& lines, std::uint32_t index, const std::string& file, Block& rows,
                   std::vector<Place>& places, Envelope& envelope) {
    const Record& line = lines.records[index];
    const auto refuse = [&](std::string_view why) {
      return invalid_input(
          fmt::format("{}; a file of replies is written by `lakegate fetch`, and not edited", why),
          {.file = file, .line = line.line, .column = 0});
    };
    if (line.is_too_long) {
      envelope = envelope_of_cut(lines.text(line));
      reject(line, index,
             fmt::format("the reply is longer than {} MiB; ask for less at a time",
                         kMaxReplyBytes >> 20),
             rows, places);
      return {};
    }
    const std::string_view text = lines.text(line);
    LAKEGATE_TRY(const auto whole, whole_reply(text, envelope));
    if (!whole.empty()) {
      add(line, whole, prefix_, rows);
      places.push_back({.line = index, .element = -1, .problem = {}});
      return {};
    }
    prefix_.clear();
    ondemand::document document;
    ondemand::object object;
    if (parser_.iterate(text.data(), text.size(), lines.bytes.size() - line.begin).get(document) ||
        document.get_object().get(object))
      return refuse("this line is no landed reply");
    bool has_reply = false, is_header = false;
    std::uint64_t page = 0;
    for (auto member : object) {
      std::string_view key;
      if (member.unescaped_key().get(key)) return refuse("this line is no landed reply");
      if (key == kHeader) {
        is_header = true;
        break;
      }
      if (key == "reply_text") {
        has_reply = true;
        std::string_view body;
        if (member.value().get_string().get(body)) return refuse("this line is no landed reply");
        reject(line, index, why_not_json(body), rows, places);
      } else if (key == "reply_base64") {
        has_reply = true;
        reject(line, index, "the reply is not JSON: it is not UTF-8", rows, places);
      } else if (key == "reply") {
        has_reply = true;
        ondemand::value value;
        if (member.value().get(value)) return refuse("this line is no landed reply");
        LAKEGATE_CHECK(take(value, page, line, index, rows, places));
      } else {
        LAKEGATE_TRY(const bool is_known, read_member(key, member, page, envelope));
        if (!is_known) return refuse("this line is no landed reply");
      }
    }
    if (!has_reply && !is_header) return refuse("this line has no reply");
    return {};
  }

 private:
  // A reply that is a row itself, with what is before it in the line read. It reaches to the end of
  // the line: nothing but the line's own brace comes behind a reply; whether that is so is seen
  // when the row is decoded. Empty: it is no such reply, or not written as lakegate writes them.
  Result<std::string_view> whole_reply(std::string_view text, Envelope& envelope) {
    constexpr std::string_view kKey = R"("reply":)";
    constexpr std::string_view kNone;
    if (!options_.records.empty() || !text.ends_with('}')) return kNone;
    const std::size_t key_at = text.find(kKey);
    if (key_at == std::string_view::npos || key_at == 0 || text[key_at - 1] != ',' ||
        !text.substr(key_at + kKey.size()).starts_with('{'))
      return kNone;
    prefix_.clear();
    // It is the line's own key if what stands before it needs but one more brace.
    head_.assign(text, 0, key_at - 1);
    head_ += '}';
    const std::size_t size = head_.size();
    head_.append(simdjson::SIMDJSON_PADDING, ' ');
    ondemand::document document;
    ondemand::object object;
    if (parser_.iterate(head_.data(), size, head_.size()).get(document) ||
        document.get_object().get(object))
      return kNone;
    std::uint64_t page = 0;
    for (auto member : object) {
      std::string_view key;
      if (member.unescaped_key().get(key) || key.starts_with("reply") || key == kHeader)
        return kNone;
      LAKEGATE_TRY(const bool is_known, read_member(key, member, page, envelope));
      if (!is_known) return kNone;
    }
    if (!document.at_end()) return kNone;
    const std::size_t begin = key_at + kKey.size();
    return text.substr(begin, text.size() - 1 - begin);
  }

  // What a member beside the reply says. False: it is none of a landed line's.
  template <class Member>
  Result<bool> read_member(std::string_view key, Member& member, std::uint64_t& page,
                           Envelope& envelope) {
    if (key == "page") return !member.value().get(page);
    if (key == "status") return !member.value().get(envelope.status);
    if (key == "repeats_secret") return !member.value().get(envelope.repeats_secret);
    if (key == "request") {
      std::string_view request;
      if (member.value().get_string().get(request)) return false;
      envelope.request = request;
    } else if (key == "parameters" && !options_.add.empty()) {
      ondemand::object parameters;
      if (member.value().get_object().get(parameters)) return false;
      std::size_t known = 0;
      for (auto parameter : parameters)
        if (!read_parameter(parameter, known)) return false;
      LAKEGATE_CHECK(set_prefix(known));
    }
    return true;
  }

  Result<void> take(ondemand::value& value, std::uint64_t page, const Record& line,
                    std::uint32_t index, Block& rows, std::vector<Place>& places) {
    ondemand::value at = value;
    if (!options_.records.empty() && value.at_pointer(options_.records).get(at)) {
      if (may_be_the_end(page)) return {};
      reject(line, index, fmt::format("the reply has nothing at {}", options_.records), rows,
             places);
      return {};
    }
    ondemand::json_type type{};
    if (at.type().get(type)) {
      reject(line, index, "the reply is not JSON", rows, places);
      return {};
    }
    if (type == ondemand::json_type::null && !options_.records.empty() && may_be_the_end(page))
      return {};
    if (type == ondemand::json_type::array) {
      std::int64_t element = 0;
      for (auto each : at.get_array()) {
        std::string_view raw;
        if (each.raw_json().get(raw)) {
          reject(line, index, "the reply is not JSON", rows, places);
          return {};
        }
        add(line, raw, prefix_, rows);
        places.push_back({.line = index, .element = element++, .problem = {}});
      }
      return {};
    }
    std::string_view raw;
    if (at.raw_json().get(raw)) {
      reject(line, index, "the reply is not JSON", rows, places);
      return {};
    }
    add(line, raw, prefix_, rows);
    places.push_back({.line = index, .element = -1, .problem = {}});
    return {};
  }

  // The members that `add` makes of the first `known` parameters: `"device_id":"d1",`.
  Result<void> set_prefix(std::size_t known) {
    prefix_.clear();
    const RequestTemplate::Lookup find = [&](std::string_view name) -> const TemplateValue* {
      for (std::size_t i = 0; i < known; ++i)
        if (parameters_[i].first == name) return &parameters_[i].second;
      return nullptr;
    };
    for (const auto& [column, text] : options_.add) {
      LAKEGATE_TRY(const std::string value, text.expand_as_json(find));
      append_json_string(column, prefix_);
      prefix_ += ':';
      prefix_ += value;
      prefix_ += ',';
    }
    return {};
  }

  // Into parameters_[known], in whose texts there is room already.
  template <class Member>
  bool read_parameter(Member& member, std::size_t& known) {
    std::string_view name, token, text;
    ondemand::value value;
    if (member.unescaped_key().get(name)) return false;
    if (known == parameters_.size()) parameters_.emplace_back();
    parameters_[known].first = name;
    if (member.value().get(value)) return false;
    TemplateValue& read = parameters_[known].second;
    token = json::token_of(value);
    read.is_number = !token.starts_with('"');
    if (read.is_number ? value.raw_json().get(text) : value.get_string().get(text)) return false;
    if (read.is_number) text = text.substr(0, text.find_last_not_of(" \t") + 1);
    read.text = text;
    ++known;
    return true;
  }

  // The row's text with the added members spliced in.
  static void add(const Record& line, std::string_view raw, std::string_view prefix, Block& rows) {
    const auto begin = static_cast<std::uint32_t>(rows.bytes.size());
    if (!prefix.empty() && raw.starts_with('{')) {
      rows.bytes += '{';
      std::string_view rest = raw.substr(1);
      const auto first = rest.find_first_not_of(" \t\r\n");
      const bool is_empty = first != std::string_view::npos && rest[first] == '}';
      rows.bytes += is_empty ? prefix.substr(0, prefix.size() - 1) : prefix;
      rows.bytes += rest;
    } else {
      rows.bytes += raw;
    }
    rows.records.push_back({.offset = line.offset,
                            .line = line.line,
                            .column = 1,
                            .begin = begin,
                            .size = static_cast<std::uint32_t>(rows.bytes.size() - begin)});
    rows.bytes += '\n';
  }

  static void reject(const Record& line, std::uint32_t index, std::string why, Block& rows,
                     std::vector<Place>& places) {
    add(line, "null", {}, rows);  // no object: rejected, and put in words then
    places.push_back({.line = index, .element = -1, .problem = std::move(why)});
  }

  const ReplyOptions& options_;
  ondemand::parser parser_;
  std::vector<std::pair<std::string, TemplateValue>> parameters_;
  std::string prefix_, head_;
};

class ReplyChunkReader : public ChunkReader {
 public:
  ReplyChunkReader(std::unique_ptr<BlockReader> blocks, std::shared_ptr<const std::string> file,
                   std::shared_ptr<const ReplyOptions> options)
      : blocks_(std::move(blocks)),
        file_(std::move(file)),
        options_(std::move(options)),
        cutter_(*options_) {}

  Result<std::unique_ptr<Chunk>> next() override try {
    while (true) {
      LAKEGATE_TRY(auto lines, blocks_->next());
      if (!lines) return nullptr;
      lines->bytes.append(simdjson::SIMDJSON_PADDING, '\n');
      Block rows;
      rows.bytes.reserve(lines->bytes.size());
      std::vector<Place> places;
      std::vector<Envelope> envelopes(lines->records.size());
      for (std::uint32_t i = 0; i < lines->records.size(); ++i)
        LAKEGATE_CHECK(cutter_.cut(*lines, i, *file_, rows, places, envelopes[i]));
      if (rows.records.empty()) continue;  // the header alone
      auto chunk = std::make_unique<ReplyChunk>(file_, options_, std::move(*lines), std::move(rows),
                                                std::move(places), std::move(envelopes));
      chunk->begin_at(next_row_, blocks_->input_bytes());
      next_row_ += chunk->records;
      return chunk;
    }
  } catch (const std::bad_alloc&) {
    return fail(ErrorKind::kPermanent, "out of memory", {.file = *file_});
  }

 private:
  std::unique_ptr<BlockReader> blocks_;
  std::shared_ptr<const std::string> file_;
  std::shared_ptr<const ReplyOptions> options_;
  RowCutter cutter_;
  std::uint64_t next_row_ = 1;
};

class ReplyFile : public RecordFile {
 public:
  ReplyFile(std::shared_ptr<const Input> input, const ReplyOptions& options)
      : input_(std::move(input)),
        file_(std::make_shared<const std::string>(input_->name())),
        options_(std::make_shared<const ReplyOptions>(options)) {}

  Result<std::unique_ptr<ChunkReader>> open() const override {
    LAKEGATE_TRY(auto blocks, BlockReader::open(*input_, {.layout = Layout::kLines,
                                                          .start = 0,
                                                          .max_record_bytes = kMaxReplyBytes}));
    return std::make_unique<ReplyChunkReader>(std::move(blocks), file_, options_);
  }
  const std::vector<std::string>& column_names() const override { return no_names_; }
  const std::vector<Field>& declared_fields() const override { return no_fields_; }
  const std::vector<std::string>& remarks() const override { return no_names_; }

 private:
  std::shared_ptr<const Input> input_;
  std::shared_ptr<const std::string> file_;
  std::shared_ptr<const ReplyOptions> options_;
  std::vector<std::string> no_names_;
  std::vector<Field> no_fields_;
};

}  // namespace

Result<std::shared_ptr<RecordFile>> open_replies(std::shared_ptr<const Input> input,
                                                 const ReplyOptions& options) {
  return std::make_shared<ReplyFile>(std::move(input), options);
}

}  // namespace lakegate
