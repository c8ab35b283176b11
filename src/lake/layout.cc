#include "lake/layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "lake/ascii.h"

namespace lakegate::layout {
namespace {

constexpr std::array<std::string_view, 2> kCompressions = {".gz", ".zst"};
constexpr std::array<std::string_view, 8> kFormats = {".csv",   ".tsv",    ".txt",     ".json",
                                                      ".jsonl", ".ndjson", ".geojson", ".parquet"};

// File systems allow 255 bytes in a component; the arrival id, generation, part and suffix need
// their share of them. What makes a key unique is the arrival id, not the stem.
constexpr std::size_t kLongestStem = 160;

bool ends_with_ignoring_case(std::string_view text, std::string_view suffix) {
  if (text.size() < suffix.size()) return false;
  const auto tail = text.substr(text.size() - suffix.size());
  return std::equal(tail.begin(), tail.end(), suffix.begin(), [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  });
}

std::string_view last_component(std::string_view key) {
  const auto slash = key.rfind('/');
  return slash == std::string_view::npos ? key : key.substr(slash + 1);
}

// Cuts one of `suffixes` off `name` and returns it in lower case; empty if there is none.
template <std::size_t kCount>
std::string_view cut_suffix(std::string_view& name,
                            const std::array<std::string_view, kCount>& list) {
  for (std::string_view suffix : list) {
    if (!ends_with_ignoring_case(name, suffix)) continue;
    name.remove_suffix(suffix.size());
    return suffix;
  }
  return {};
}

// ".csv.gz" of "a.csv.gz"; leaves "a" in `name`.
std::string cut_format_suffixes(std::string_view& name) {
  const std::string_view compression = cut_suffix(name, kCompressions);
  const std::string_view format = cut_suffix(name, kFormats);
  return std::string(format) + std::string(compression);
}

std::string folder(std::string_view zone, const OutputName& name) {
  std::string key = fmt::format("{}{}/", zone, name.dataset.str());
  if (!name.partition.empty()) key += name.partition + "/";
  return key;
}

std::string file_name(const OutputName& name) {
  std::string file = fmt::format("{}-{}", name.stem, name.arrival.str());
  if (name.generation > 1) file += fmt::format("-g{}", name.generation);
  if (name.part > 0) file += fmt::format("-{:03}", name.part);
  return file;
}

ObjectKey record_key(std::string_view kind, std::string_view folder, const ArrivalId& arrival,
                     std::string_view suffix) {
  return ObjectKey(fmt::format("{}{}/{}/{}{}", kRecords, kind, folder, arrival.str(), suffix));
}

// A table may be called what no folder can be; names that both servers allow stay as they are.
std::string encoded_table(const TableName& table) {
  std::string encoded;
  const std::string& name = table.str();
  const bool dots_only = name.find_first_not_of('.') == std::string::npos;
  for (char c : name) {
    if (is_alphanumeric(c) || c == '_' || c == '-' || (c == '.' && !dots_only))
      encoded += c;
    else
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return encoded;
}

}  // namespace

std::string output_stem(const ObjectKey& landed) {
  std::string_view name = last_component(landed.str());
  cut_format_suffixes(name);
  std::string stem;
  for (char c : name) {
    const bool continues_a_character = (static_cast<unsigned char>(c) & 0xC0) == 0x80;
    if (is_alphanumeric(c) || c == '.' || c == '-')
      stem += c;
    else if (!continues_a_character)
      stem += '-';
  }
  const auto begin = std::find_if(stem.begin(), stem.end(), is_alphanumeric);
  stem.erase(stem.begin(), begin);
  if (stem.size() > kLongestStem) stem.resize(kLongestStem);
  return stem.empty() ? "file" : stem;
}

std::optional<int> generation_of(const ObjectKey& key, const ArrivalId& arrival) {
  const std::string marked = "-" + arrival.str();
  const std::string_view name = std::string_view(key.str()).substr(key.str().rfind('/') + 1);
  const auto at = name.rfind(marked);
  if (at == std::string_view::npos) return std::nullopt;
  int generation = 1;
  std::string_view rest = name.substr(at + marked.size());
  for (const std::string_view before : {"-g", "-"}) {  // as file_name() puts them
    if (!rest.starts_with(before)) continue;
    const auto end = rest.find_first_not_of("0123456789", before.size());
    // 20 digits may be an arrival's id without a letter in it.
    const bool is_number = end != std::string_view::npos && end > before.size() &&
                           end - before.size() < arrival.str().size();
    if (!is_number) continue;
    if (before == "-g") std::from_chars(rest.data() + before.size(), rest.data() + end, generation);
    rest.remove_prefix(end);
  }
  if (!rest.starts_with('.')) return std::nullopt;
  return generation;
}

ObjectKey curated_key(const OutputName& name) {
  return ObjectKey(folder(kCurated, name) + file_name(name) + ".parquet");
}

ObjectKey rejected_key(const OutputName& name) {
  return ObjectKey(folder(kRejected, name) + file_name(name) + ".ndjson");
}

ObjectKey rejected_copy_key(const OutputName& name, const ObjectKey& landed) {
  std::string_view file = last_component(landed.str());
  // ".landed", or the copy of a landed .ndjson would have the key of its own rejects.
  return ObjectKey(folder(kRejected, name) + file_name(name) + ".landed" +
                   cut_format_suffixes(file));
}

ObjectKey claim_key(const DatasetName& dataset, const ArrivalId& arrival) {
  return record_key("claims", dataset.str(), arrival, ".json");
}

ObjectKey run_key(const DatasetName& dataset, const ArrivalId& arrival) {
  return record_key("runs", dataset.str(), arrival, ".json");
}

ObjectKey failure_key(const DatasetName& dataset, const ArrivalId& arrival) {
  return record_key("failures", dataset.str(), arrival, ".json");
}

ObjectKey failure_rejects_key(const DatasetName& dataset, const ArrivalId& arrival) {
  return record_key("failures", dataset.str(), arrival, ".ndjson");
}

ObjectKey load_key(const TableName& table, const ArrivalId& arrival) {
  return record_key("loads", encoded_table(table), arrival, ".json");
}

ObjectKey schema_key(const DatasetName& dataset) {
  return ObjectKey(fmt::format("{}schemas/{}.json", kRecords, dataset.str()));
}

namespace {
constexpr std::string_view kReplies = ".replies.ndjson.zst";

std::string slice_name(const FetchSlice& slice) {
  return fmt::format("{:04}", slice.number);
}

// "20261123T042244Z": no character that an engine or a file system minds.
std::string compact_time(Instant instant) {
  std::string text = to_iso(instant).substr(0, 19) + "Z";
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  return text;
}
}  // namespace

ObjectKey fetch_key(const DatasetName& dataset, const std::string& plan, std::string_view name) {
  return ObjectKey(fmt::format("{}{}/{}", fetches_prefix(dataset), plan, name));
}
ObjectKey plan_key(const DatasetName& dataset, const std::string& plan) {
  return fetch_key(dataset, plan, "plan.ndjson.zst");
}
ObjectKey fetch_record_key(const DatasetName& dataset, const std::string& plan) {
  return fetch_key(dataset, plan, "fetch.json");
}
ObjectKey fetch_lease_key(const DatasetName& dataset, const std::string& plan) {
  return fetch_key(dataset, plan, "lease.json");
}
std::string fetches_prefix(const DatasetName& dataset) {
  return fmt::format("{}fetches/{}/", kRecords, dataset.str());
}
ObjectKey last_fetch_key(const DatasetName& dataset) {
  return ObjectKey(fetches_prefix(dataset) + "last.json");
}
ObjectKey slice_key(const FetchSlice& slice) {
  return fetch_key(slice.dataset, slice.plan, "slice-" + slice_name(slice) + ".json");
}
ObjectKey slice_report_key(const FetchSlice& slice) {
  return fetch_key(slice.dataset, slice.plan, "report-" + slice_name(slice) + ".parquet");
}

ObjectKey replies_key(const FetchSlice& slice) {
  return ObjectKey(fmt::format("{}{}/{}-{}-{}{}", kLanding, slice.dataset.str(),
                               compact_time(slice.scheduled_at), slice.plan, slice_name(slice),
                               kReplies));
}

std::optional<Instant> fetched_at(const ObjectKey& key) {
  const std::string_view name = last_component(key.str());
  constexpr std::size_t kTime = 16;
  if (!name.ends_with(kReplies) || name.size() < kTime + kReplies.size() || name[kTime] != '-')
    return std::nullopt;
  const auto part = [&](std::size_t at, std::size_t size) { return name.substr(at, size); };
  const auto instant =
      instant_from_iso(fmt::format("{}-{}-{}T{}:{}:{}Z", part(0, 4), part(4, 2), part(6, 2),
                                   part(9, 2), part(11, 2), part(13, 2)));
  if (!instant || name[8] != 'T' || name[15] != 'Z') return std::nullopt;
  return *instant;
}

bool is_ignored_landing_key(const ObjectKey& key) {
  std::string_view rest = key.str();
  if (rest.starts_with(kLanding)) rest.remove_prefix(kLanding.size());
  if (rest.empty() || rest.ends_with('/')) return true;
  if (ends_with_ignoring_case(rest, ".filepart") || ends_with_ignoring_case(rest, ".tmp"))
    return true;
  for (std::size_t begin = 0;;) {
    if (begin < rest.size() && (rest[begin] == '_' || rest[begin] == '.')) return true;
    const auto slash = rest.find('/', begin);
    if (slash == std::string_view::npos) return false;
    begin = slash + 1;
  }
}

}  // namespace lakegate::layout
