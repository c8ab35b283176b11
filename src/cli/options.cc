#include "cli/options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>

#include "lake/amounts.h"
#include "lake/names.h"

namespace lakegate::cli {
namespace {

Result<void> read_delimiter(const std::string& text, std::optional<char>& target) {
  if (text == "\\t" || text == "tab") {
    target = '\t';
    return {};
  }
  if (text.size() != 1)
    return invalid_input(fmt::format("\"{}\" is not one character (tab is \\t)", text));
  target = text[0];
  return {};
}

Result<void> read_quote(const std::string& text, std::optional<char>& target) {
  if (text.empty() || text == "none") {
    target = '\0';
    return {};
  }
  if (text.size() != 1)
    return invalid_input(fmt::format("\"{}\" is not one character, nor \"none\"", text));
  target = text[0];
  return {};
}

Result<void> read_threads(const std::string& text, int& target) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), target);
  if (error != std::errc() || end != text.data() + text.size() || target < 1 || target > 1024)
    return invalid_input(fmt::format("\"{}\" is no number of threads; write 1 to 1024", text));
  return {};
}

}  // namespace

CLI::Option* add_parsed(CLI::App& app, const std::string& names, const std::string& value_name,
                        std::function<Result<void>(const std::string&)> read,
                        const std::string& help) {
  const std::string flag = names.substr(names.rfind(',') + 1);
  const CLI::callback_t parse = [read = std::move(read), flag](const CLI::results_t& values) {
    if (auto done = read(values.back()); !done)
      throw CLI::ValidationError(flag, done.error().message);
    return true;
  };
  return app.add_option(names, parse, help)->type_name(value_name)->expected(1);
}

Result<std::size_t> choose(const std::string& word, const std::vector<std::string>& words) {
  for (std::size_t i = 0; i < words.size(); ++i)
    if (words[i] == word) return i;
  const std::string near = nearest_name(word, words);
  return invalid_input(fmt::format("\"{}\" is none of {}{}", word, fmt::join(words, ", "),
                                   near.empty() ? "" : fmt::format("; did you mean {}?", near)));
}

void add_resources(CLI::App& app, Resources& resources) {
  add_parsed(
      app, "--threads", "N",
      [&](const std::string& text) { return read_threads(text, resources.threads); },
      "Threads to work with (default: as many as the machine has)");
  add_parsed(
      app, "--memory", "SIZE",
      [&](const std::string& text) -> Result<void> {
        LAKEGATE_TRY(resources.memory, parse_bytes(text));
        return {};
      },
      "Working memory on top of the program (default: 64MiB)");
}

void add_csv_options(CLI::App& app, CsvOptions& csv) {
  add_parsed(
      app, "--delimiter", "CHAR",
      [&](const std::string& text) { return read_delimiter(text, csv.delimiter); },
      "What separates cells of a CSV file (default: recognised)");
  add_parsed(
      app, "--quote", "CHAR", [&](const std::string& text) { return read_quote(text, csv.quote); },
      "What quotes cells, or none (default: recognised)");
  CLI::Option* const header = app.add_flag_callback(
      "--header", [&] { csv.header = true; },
      "The first record names the columns (default: recognised)");
  app.add_flag_callback(
         "--no-header", [&] { csv.header = false; }, "It does not")
      ->excludes(header);
  app.add_option("--null", csv.nulls, "A further text that means null; may be repeated")
      ->type_name("TEXT")
      ->allow_extra_args(false);
}

void add_limit(CLI::App& app, std::optional<std::uint64_t>& limit, const std::string& help) {
  const auto read = [&](const std::string& text) -> Result<void> {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size())
      return invalid_input(fmt::format("\"{}\" is no number of rows", text));
    limit = number;
    return {};
  };
  add_parsed(app, "-n", "N", read, help);
}

CLI::Option* add_dataset(CLI::App& app, std::string& dataset, const std::string& help) {
  return app.add_option("DATASET", dataset, help)->type_name("");
}

}  // namespace lakegate::cli
