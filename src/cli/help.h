// Help texts, made from the commands' own descriptions.
#pragma once

#include <CLI/App.hpp>

#include "cli/command.h"

namespace lakegate::cli {

enum class HelpLength { kShort, kAll };
void print_help(Output& out, HelpLength length);
void print_command_help(Output& out, const Command& command, const CLI::App& app);
void print_version(Output& out);

}  // namespace lakegate::cli
