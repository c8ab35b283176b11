// lake.yaml of any bytes: refused with a place, or accepted with all that follows from it, and an
// edit of an accepted one is accepted again.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "config/config.h"

namespace {

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lakegate;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const Environment variables = {{"A", "a"}, {"EMPTY", ""}};

  const auto fields = parse_field_list(text, "schema.yaml");
  if (fields) require(!fields->fields.empty(), "a field list has fields");

  const auto config =
      parse_config({.text = text, .file = "lake.yaml", .env = {}, .variables = variables});
  const auto prod =
      parse_config({.text = text, .file = "lake.yaml", .env = "prod", .variables = variables});
  if (!config) {
    require(config.error().kind == ErrorKind::kInvalidInput, "a wrong file is invalid input");
    require(!config.error().message.empty(), "an error says something");
    require(!prod.has_value(), "an environment repairs nothing");
    return 0;
  }
  for (const DatasetConfig& dataset : config->datasets) {
    require(dataset.hash().size() == 64, "a dataset has a hash");
    require(config->find(dataset.name) == &dataset, "a dataset is found by its name");
    (void)match_dataset(*config, ObjectKey("landing/" + dataset.landing.text()));
    const Schema schema{.fields = {{.name = "zz", .type = LogicalType{LogicalType::Kind::kText}}}};
    (void)with_schema(text, dataset.name, schema);
  }
  const DatasetName added("zz_added_by_the_fuzzer");
  const auto edited = with_dataset(text, "landing: zz_added/*.csv\n", added);
  if (!edited) return 0;
  const auto again =
      parse_config({.text = *edited, .file = "lake.yaml", .env = {}, .variables = variables});
  require(again && again->find(added) != nullptr, "an edited file is accepted");
  require(again->datasets.size() == config->datasets.size() + 1, "an edit keeps what was there");
  return 0;
}
