// Plans as bytes: NDJSON in one zstd frame.
#include <fmt/format.h>
#include <simdjson.h>
#include <zstd.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "extract/plan.h"
#include "lake/json_text.h"

namespace lakegate {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kFormat = 1;
constexpr std::size_t kLongestPlan = std::size_t{1} << 30;  // bytes of text

Failure damaged(std::string_view key, std::string_view why) {
  return fail(ErrorKind::kPermanent,
              fmt::format("is not a plan of lakegate: {}; it has been damaged or replaced", why),
              {.file = std::string(key)});
}

// One frame that says its size and has a checksum.
std::string compressed(std::string_view text) {
  constexpr int kLevel = 3;
  const std::unique_ptr<ZSTD_CCtx, decltype(&::ZSTD_freeCCtx)> context(::ZSTD_createCCtx(),
                                                                       &::ZSTD_freeCCtx);
  ::ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, kLevel);
  ::ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
  std::string bytes(::ZSTD_compressBound(text.size()), '\0');
  bytes.resize(
      ::ZSTD_compress2(context.get(), bytes.data(), bytes.size(), text.data(), text.size()));
  return bytes;
}

Result<std::string> decompressed(std::string_view bytes, std::string_view key) {
  const unsigned long long size = ::ZSTD_getFrameContentSize(bytes.data(), bytes.size());
  if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN || size > kLongestPlan)
    return damaged(key, "its compression says no size");
  // simdjson reads a little past the end.
  std::string text;
  text.reserve(size + simdjson::SIMDJSON_PADDING);
  text.resize(size);
  const std::size_t code = ::ZSTD_decompress(text.data(), text.size(), bytes.data(), bytes.size());
  if (::ZSTD_isError(code) != 0 || code != size) return damaged(key, "its compression is damaged");
  return text;
}

Result<Plan> read_header(std::string_view line, std::string_view key) {
  try {
    const Json header = Json::parse(line);
    if (header.at("format") != kFormat)
      return fail(ErrorKind::kPermanent,
                  fmt::format("was written by another version of lakegate (format {})",
                              header.at("format").dump()),
                  {.file = std::string(key)});
    Plan plan;
    plan.dataset = DatasetName(header.at("dataset").get<std::string>());
    plan.id = header.at("plan");
    LAKEGATE_TRY(plan.scheduled_at, instant_from_iso(header.at("scheduled_at").get<std::string>()));
    if (!header.at("since").is_null()) {
      LAKEGATE_TRY(plan.since, instant_from_iso(header.at("since").get<std::string>()));
    }
    plan.source_hash = header.at("source_hash");
    plan.slice_requests = header.at("slice_requests");
    plan.failed_of = header.at("failed_of");
    plan.sets = ParameterSets(header.at("names").get<std::vector<std::string>>());
    if (plan.slice_requests == 0) return damaged(key, "its slices are empty");
    return plan;
  } catch (const Json::exception&) {
    return damaged(key, "its first line is no header");
  }
}

// ["d1",7] as values; numbers keep their text.
bool read_set(simdjson::ondemand::parser& parser, simdjson::padded_string_view line,
              std::size_t names, std::vector<TemplateValue>& values) {
  values.clear();
  simdjson::ondemand::document document;
  simdjson::ondemand::array list;
  if (parser.iterate(line).get(document) || document.get_array().get(list)) return false;
  for (auto item : list) {
    simdjson::ondemand::value value;
    std::string_view text;
    simdjson::ondemand::json_type type{};
    if (item.get(value) || value.type().get(type)) return false;
    const bool is_number = type == simdjson::ondemand::json_type::number;
    if (is_number) {
      text = value.raw_json_token();
      text = text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
      if (!is_json_number(text)) return false;
    } else if (value.get_string().get(text)) {
      return false;
    }
    values.push_back({std::string(text), is_number});
  }
  return values.size() == names && document.at_end();
}

}  // namespace

std::string to_bytes(const Plan& plan) {
  const Json header = {{"format", kFormat},
                       {"dataset", plan.dataset.str()},
                       {"plan", plan.id},
                       {"scheduled_at", time_value(plan.scheduled_at).text},
                       {"since", plan.since ? Json(time_value(*plan.since).text) : Json(nullptr)},
                       {"source_hash", plan.source_hash},
                       {"slice_requests", plan.slice_requests},
                       {"failed_of", plan.failed_of},
                       {"names", plan.sets.names()}};
  std::string text = header.dump() + "\n";
  for (std::size_t n = 0; n < plan.sets.size(); ++n) {
    text += '[';
    for (std::size_t i = 0; i < plan.sets.names().size(); ++i) {
      if (i > 0) text += ',';
      const TemplateValue& value = plan.sets.value(n, i);
      if (value.is_number)
        text += value.text;
      else
        append_json_string(value.text, text);
    }
    text += "]\n";
  }
  return compressed(text);
}

Result<Plan> plan_from_bytes(std::string_view bytes, std::string_view key) {
  LAKEGATE_TRY(const std::string text, decompressed(bytes, key));
  std::size_t end = text.find('\n');
  if (end == std::string::npos) return damaged(key, "its first line is no header");
  LAKEGATE_TRY(Plan plan, read_header(std::string_view(text).substr(0, end), key));
  simdjson::ondemand::parser parser;
  std::vector<TemplateValue> values;
  for (std::size_t begin = end + 1; begin < text.size(); begin = end + 1) {
    end = text.find('\n', begin);
    if (end == std::string::npos) return damaged(key, "its last line is cut short");
    const simdjson::padded_string_view line(text.data() + begin, end - begin,
                                            text.capacity() - begin);
    if (!read_set(parser, line, plan.sets.names().size(), values))
      return damaged(key, fmt::format("line {} is no parameter set", plan.sets.size() + 2));
    plan.sets.add(values);
  }
  if (plan.sets.size() == 0) return damaged(key, "it has no parameter sets");
  plan.sets.shrink();
  return plan;
}

}  // namespace lakegate
