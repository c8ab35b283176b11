#include "cli/help.h"

#include <arrow/config.h>
#include <fmt/format.h>

#include <algorithm>

#include "build_info.h"
#include "cli/commands.h"

namespace lakegate::cli {
namespace {

using Lines = std::vector<std::pair<std::string, std::string>>;

void print_columns(Output& out, const Lines& lines) {
  std::size_t width = 0;
  for (const auto& line : lines) width = std::max(width, line.first.size());
  for (const auto& [left, right] : lines)
    out.write(fmt::format("  {:<{}}  {}\n", left, width, right));
}

std::string names_of(const CLI::Option& option) {
  std::string names;
  for (const std::string& name : option.get_snames()) names += "-" + name + ", ";
  if (names.empty()) names = "    ";
  for (const std::string& name : option.get_lnames()) names += "--" + name + ", ";
  if (names.ends_with(", ")) names.resize(names.size() - 2);
  if (option.get_expected_min() > 0 && !option.get_type_name().empty())
    names += " " + option.get_type_name();
  return names;
}

}  // namespace

void print_help(Output& out, HelpLength length) {
  out.write(Style::kBold, "lakegate");
  out.write(": files that land become typed Parquet, and rows in tables.\n\n");
  out.write("Usage: lakegate COMMAND [ARGUMENTS] [OPTIONS]\n\n");
  Lines lines;
  for (const Command& command : commands())
    if (command.everyday || length == HelpLength::kAll)
      lines.emplace_back(command.name, command.summary);
  print_columns(out, lines);
  out.write("\nEverywhere:\n");
  print_columns(out,
                {{"--lake DIR", "The lake (default: $LAKEGATE_LAKE, or the current directory)"},
                 {"--env NAME", "An environment of lake.yaml"},
                 {"--format table|json", "How results are printed"},
                 {"-v, -q", "Say more, or only warnings and errors"},
                 {"--help, --version", "`lakegate COMMAND --help` has options and examples"}});
  if (length == HelpLength::kShort)
    out.write(
        "\nA first lake in two commands:\n"
        "  lakegate init my-lake\n"
        "  lakegate run --lake my-lake\n"
        "\nOne file, no lake:\n"
        "  lakegate convert sales.csv sales.parquet\n"
        "\nMore commands (convert, schema, cat, load, replay, verify …): lakegate --help-all\n");
  else
    out.write(
        "\nExit codes: 0 done, 1 something failed and was said, 2 wrong usage or "
        "configuration, 130 interrupted.\n");
}

void print_command_help(Output& out, const Command& command, const CLI::App& app) {
  out.write(Style::kBold, fmt::format("lakegate {}", command.name));
  out.write(fmt::format(": {}\n\nUsage: lakegate {} {}[OPTIONS]\n", command.summary, command.name,
                        command.arguments.empty() ? "" : std::string(command.arguments) + " "));
  Lines arguments, options, everywhere;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional())
      arguments.emplace_back(option->get_name(true), option->get_description());
    else
      (option->get_group() == "Everywhere" ? everywhere : options)
          .emplace_back(names_of(*option), option->get_description());
  }
  if (!arguments.empty()) {
    out.write("\n");
    print_columns(out, arguments);
  }
  if (!options.empty()) {
    out.write("\nOptions:\n");
    print_columns(out, options);
  }
  out.write("\nEverywhere:\n");
  print_columns(out, everywhere);
  out.write(fmt::format("\n{}", command.details));
}

void print_version(Output& out) {
  out.write(fmt::format("lakegate {} (Arrow {}, {}, {})\n", kVersion,
                        arrow::GetBuildInfo().version_string, kTarget, kCompiler));
}

}  // namespace lakegate::cli
