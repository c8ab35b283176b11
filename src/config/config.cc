#include "config/config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>

#include "config/dataset_reader.h"
#include "config/structure.h"
#include "lake/layout.h"
#include "lake/names.h"

namespace lakegate {
namespace {

LogicalType::Kind type_of(LandingPattern::CaptureKind kind) {
  switch (kind) {
    case LandingPattern::CaptureKind::kDate:
      return LogicalType::Kind::kDate;
    case LandingPattern::CaptureKind::kTimestamp:
      return LogicalType::Kind::kTimestamp;
    case LandingPattern::CaptureKind::kText:
      break;
  }
  return LogicalType::Kind::kText;
}

// `map` has the shape of the file or of an environment.
void read_catalog(const YAML::Node& map, Config& config, YamlDocument& document) {
  const auto catalog = find_entry(map, "catalog");
  if (!catalog || !catalog->value.IsMap()) return;
  const auto glue = find_entry(catalog->value, "glue");
  if (!glue || !glue->value.IsMap()) return;
  const auto database = find_entry(glue->value, "database");
  if (!database || !database->value.IsScalar()) return;
  if (auto name = document.text(database->value, database->value.Mark()))
    config.catalog = CatalogConfig{.glue_database = std::move(*name)};
}

// A table and the views that go with it must not have the name of another dataset.
void check_catalog_names(const Config& config, const std::map<DatasetName, YamlEntry>& nodes,
                         YamlDocument& document) {
  if (!config.catalog) return;
  for (const DatasetConfig& dataset : config.datasets) {
    const std::string& name = dataset.name.str();
    const auto problem = [&](std::string_view other) {
      document.problem(nodes.at(dataset.name).mark,
                       fmt::format("the dataset {} would have the name of {} in the catalog; "
                                   "rename it",
                                   name, other));
    };
    for (const char* own : {"lakegate_runs", "lakegate_rejects", "lakegate_reject_lines"})
      if (name == own) problem("lakegate's own table");
    for (const char* suffix : {"_latest", "_history"})
      if (name.ends_with(suffix)) {
        const std::string of = name.substr(0, name.size() - std::string_view(suffix).size());
        if (config.find(DatasetName(of)) != nullptr) problem("a view of the dataset " + of);
      }
  }
}

// What --env NAME says; nothing wrong in the environments that were not chosen matters but their
// structure, so that a laptop needs no variable of production.
void read_environment(const YAML::Node& root, const std::optional<std::string>& name,
                      Config& config, YamlDocument& document) {
  if (!name) return;
  const auto environments = find_entry(root, "environments");
  if (!environments || !environments->value.IsMap()) {
    if (!environments)
      document.problem(
          YAML::Mark::null_mark(),
          fmt::format("there is no environment {}: lake.yaml has no environments", *name));
    return;
  }
  const auto chosen = find_entry(environments->value, *name);
  if (!chosen) {
    std::vector<std::string> names;
    for (const YamlEntry& entry : entries(environments->value)) names.push_back(entry.name);
    std::string cure = did_you_mean(*name, names);
    if (cure.empty()) cure = fmt::format("; there are {}", fmt::join(names, ", "));
    document.problem(environments->mark, fmt::format("there is no environment {}{}", *name, cure));
    return;
  }
  if (!check_structure(chosen->value, environment_shape(), chosen->name, chosen->mark, document))
    return;
  if (const auto lake = find_entry(chosen->value, "lake"))
    config.lake = document.text(lake->value, lake->value.Mark());
  if (const auto prefix = find_entry(chosen->value, "table_prefix"))
    config.table_prefix = document.text(prefix->value, prefix->value.Mark()).value_or("");
  read_catalog(chosen->value, config, document);
}

// What is fetched for one dataset must not look landed for another.
void check_fetched(const DatasetConfig& fetched, const Config& config,
                   const std::map<DatasetName, YamlEntry>& nodes, YamlDocument& document) {
  const std::string example = example_of_fetched(fetched.name);
  for (const DatasetConfig& other : config.datasets) {
    const auto landing = find_entry(nodes.at(other.name).value, "landing");
    if (&other == &fetched || !landing || !other.landing.match(example)) continue;
    document.problem(landing->value.Mark(),
                     fmt::format("\"{}\" matches what is fetched for {} too, landing/{}/…; a file "
                                 "can belong to one dataset only",
                                 other.landing.text(), fetched.name.str(), fetched.name.str()));
  }
}

// What two datasets cannot have in common.
void check_pairs(const Config& config, const std::map<DatasetName, YamlEntry>& nodes,
                 YamlDocument& document) {
  std::map<std::string, std::string> tables, patterns;  // and the dataset that has it
  for (const DatasetConfig& dataset : config.datasets) {
    const YamlEntry& node = nodes.at(dataset.name);
    const auto [pattern, new_pattern] =
        patterns.try_emplace(dataset.landing.text(), dataset.name.str());
    const auto landing = find_entry(node.value, "landing");
    if (!new_pattern)
      document.problem(landing ? landing->value.Mark() : node.mark,
                       fmt::format("{} and {} have the same landing pattern; a file can belong to "
                                   "one dataset only",
                                   pattern->second, dataset.name.str()));
    else if (dataset.source)
      check_fetched(dataset, config, nodes, document);
    if (!dataset.serve) continue;
    std::string table = dataset.serve->to + "\n";  // SQLite's names have no case
    for (char c : dataset.serve->table.str())
      table += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    const auto [same, new_table] = tables.try_emplace(table, dataset.name.str());
    if (new_table) continue;
    const auto serve = find_entry(node.value, "serve");
    document.problem(find_entry(serve->value, "table")->value.Mark(),
                     fmt::format("{} and {} have the same table, {}; give each its own",
                                 same->second, dataset.name.str(), dataset.serve->table.str()));
  }
}

void read_datasets(const YAML::Node& root, Config& config, YamlDocument& document) {
  const auto datasets = find_entry(root, "datasets");
  if (!datasets || !datasets->value.IsMap()) return;
  std::map<DatasetName, YamlEntry> nodes;
  for (const YamlEntry& entry : entries(datasets->value)) {
    // What is unsound in one dataset does not hide what is wrong in the others.
    YamlDocument probe = document.fresh();
    if (!check_structure(entry.value, dataset_shape(), entry.name, entry.mark, probe)) continue;
    DatasetConfig dataset = read_dataset(entry, config.table_prefix, probe);
    document.take_problems(probe);
    if (probe.sound() && nodes.try_emplace(dataset.name, entry).second)
      config.datasets.push_back(std::move(dataset));
  }
  check_pairs(config, nodes, document);
  check_catalog_names(config, nodes, document);
}

}  // namespace

std::vector<Field> DatasetConfig::capture_fields() const {
  std::vector<Field> fields;
  for (const std::string& column : capture_columns)
    fields.push_back({.name = column, .type = {type_of(*landing.capture_kind(column))}});
  return fields;
}

const DatasetConfig* Config::find(const DatasetName& name) const {
  for (const DatasetConfig& dataset : datasets)
    if (dataset.name == name) return &dataset;
  return nullptr;
}

Result<Config> parse_config(const ConfigSource& source) {
  YamlDocument document(source.file, source.variables);
  LAKEGATE_TRY(YAML::Node root, document.load(source.text));
  try {
    Config config;
    config.file = source.file;
    if (root.IsNull())
      return invalid_input(
          "is empty; add \"datasets:\", or delete the file to have each folder under landing/ as a "
          "dataset",
          {.file = source.file});
    if (root.IsMap()) {
      read_catalog(root, config, document);
      read_environment(root, source.env, config, document);
    }
    check_structure(root, config_shape(), "lake.yaml", root.Mark(), document);
    if (root.IsMap()) read_datasets(root, config, document);
    if (!document.sound()) return Failure(document.error());
    return config;
  } catch (const YAML::Exception& e) {
    return invalid_input(fmt::format("cannot be read as YAML: {}", e.msg),
                         where_of(source.file, e.mark));
  }
}

Result<Config> config_from_folders(const std::vector<std::string>& folders) {
  Config config;
  std::map<std::string, std::string> folder_of;
  for (const std::string& folder : folders) {
    if (layout::is_ignored_landing_key(ObjectKey(fmt::format("landing/{}/x", folder)))) continue;
    const std::string name = clean_name(folder);
    const auto [other, is_new] = folder_of.try_emplace(name, folder);
    if (!is_new)
      return invalid_input(
          fmt::format("the folders landing/{} and landing/{} would both be the dataset {}; rename "
                      "one of them, or write a lake.yaml",
                      other->second, folder, name));
    DatasetConfig dataset;
    dataset.name = DatasetName(name);
    dataset.landing = LandingPattern::everything_under(folder);
    config.datasets.push_back(std::move(dataset));
  }
  return config;
}

Result<std::optional<Match>> match_dataset(const Config& config, const ObjectKey& key) {
  std::string_view landed = key.str();
  if (!landed.starts_with(layout::kLanding)) return std::optional<Match>();
  landed.remove_prefix(layout::kLanding.size());
  std::optional<Match> match;
  for (const DatasetConfig& dataset : config.datasets) {
    auto captures = dataset.landing.match(landed);
    if (!captures) continue;
    if (match)
      return invalid_input(
          fmt::format("{} belongs to two datasets, {} (landing: {}) and {} (landing: {}); make "
                      "their patterns exclude each other",
                      key.str(), match->dataset->name.str(), match->dataset->landing.text(),
                      dataset.name.str(), dataset.landing.text()),
          {.file = config.file});
    match = Match{&dataset, std::move(*captures)};
  }
  return match;
}

}  // namespace lakegate
