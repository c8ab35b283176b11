// Options that several commands share, and how values are read.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cli/command.h"
#include "config/config.h"
#include "convert/progress.h"
#include "formats/open.h"

namespace lakegate::cli {

// An option whose value is one of some words; anything else names the nearest one.
template <class T>
CLI::Option* add_choice(CLI::App& app, const std::string& names, T& target,
                        std::vector<std::pair<std::string, T>> choices, const std::string& help);

// Reads a value by a function that gives an Error; `read` keeps what it read.
CLI::Option* add_parsed(CLI::App& app, const std::string& names, const std::string& value_name,
                        std::function<Result<void>(const std::string&)> read,
                        const std::string& help);

void add_resources(CLI::App& app, Resources& resources);  // --threads, --memory
void add_csv_options(CLI::App& app, CsvOptions& csv);     // --delimiter … --null
void add_limit(CLI::App& app, std::optional<std::uint64_t>& limit, const std::string& help);  // -n
CLI::Option* add_dataset(CLI::App& app, std::string& dataset, const std::string& help);

// The index of `word`, or an Error that lists the words and suggests the nearest.
Result<std::size_t> choose(const std::string& word, const std::vector<std::string>& words);

template <class T>
CLI::Option* add_choice(CLI::App& app, const std::string& names, T& target,
                        std::vector<std::pair<std::string, T>> choices, const std::string& help) {
  std::vector<std::string> words;
  std::string value_name;
  for (const auto& [word, value] : choices) {
    words.push_back(word);
    value_name += (value_name.empty() ? "" : "|") + word;
  }
  const auto read = [&target, choices = std::move(choices),
                     words](const std::string& word) -> Result<void> {
    LAKEGATE_TRY(const std::size_t index, choose(word, words));
    target = choices[index].second;
    return {};
  };
  return add_parsed(app, names, value_name, read, help);
}

}  // namespace lakegate::cli
