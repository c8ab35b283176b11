// What a command is made of, and what it gets to work with.
#pragma once

#include <CLI/App.hpp>
#include <CLI/Option.hpp>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/output.h"
#include "config/config.h"
#include "lake/error.h"

namespace lakegate::cli {

enum class Verbosity { kQuiet, kNormal, kVerbose };
enum class PrintFormat { kTable, kJson };

// The same for every command.
struct Context {
  Output out{1};
  Output err{2};
  Verbosity verbosity = Verbosity::kNormal;
  PrintFormat format = PrintFormat::kTable;
  std::optional<std::string> lake;  // --lake
  std::optional<std::string> env;   // --env
  Environment variables;

  bool json() const { return format == PrintFormat::kJson; }
  bool quiet() const { return verbosity == Verbosity::kQuiet; }
  bool verbose() const { return verbosity == Verbosity::kVerbose; }

  // One line on stderr each; errors and warnings also under -q. A message of several lines is
  // several errors.
  void error(std::string_view text);
  void warning(std::string_view text);
  void note(std::string_view text);    // not under -q
  void detail(std::string_view text);  // only under -v

  // Says the error; 1, or the code of an interruption. For what went wrong with a file: an Error
  // that a command returns instead ends with 2 if it is kInvalidInput (wrong usage or
  // configuration).
  int failed(const Error& error);
};

using Action = std::function<Result<int>(Context&)>;

struct Command {
  std::string_view name;
  std::string_view arguments;  // of the usage line: "INPUT OUTPUT"
  std::string_view summary;    // one line, of the list of commands
  std::string_view details;    // paragraphs and examples, after the options
  bool everyday = false;       // in the short help
  bool prints_format = true;   // takes --format table|json; else it has one of its own
  // Adds the command's options, and returns what is done with them after parsing.
  Action (*define)(CLI::App& app);
};

}  // namespace lakegate::cli
