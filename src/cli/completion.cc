// lakegate completion SHELL: what a shell needs to complete commands and options.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/commands.h"
#include "cli/options.h"

namespace lakegate::cli {
namespace completion_impl {
namespace {

constexpr std::string_view kDetails =
    "Prints a script for the shell to read.\n"
    "\nExamples:\n"
    "  source <(lakegate completion bash)        # or in ~/.bashrc\n"
    "  lakegate completion zsh > ~/.zfunc/_lakegate\n"
    "  lakegate completion fish > ~/.config/fish/completions/lakegate.fish\n";

enum class Shell { kBash, kZsh, kFish };

struct Options {
  Shell shell = Shell::kBash;
};

struct Entry {
  std::string name, summary;
  std::vector<std::pair<std::string, std::string>> options;  // "--watch", what it does
};

std::vector<Entry> entries() {
  std::vector<Entry> all;
  for (const Command& command : commands()) {
    CLI::App app;
    app.set_help_flag();
    command.define(app);
    Entry entry{std::string(command.name), std::string(command.summary), {}};
    for (const CLI::Option* option : app.get_options())
      for (const std::string& name : option->get_lnames())
        entry.options.emplace_back("--" + name, option->get_description());
    entry.options.insert(entry.options.end(), {{"--lake", "The lake"},
                                               {"--env", "An environment of lake.yaml"},
                                               {"--help", "Options and examples"}});
    if (command.prints_format) entry.options.emplace_back("--format", "table or json");
    all.push_back(std::move(entry));
  }
  return all;
}

std::vector<std::string> names_of(const Entry& entry) {
  std::vector<std::string> names;
  for (const auto& option : entry.options) names.push_back(option.first);
  return names;
}

std::string bash_script() {
  std::vector<std::string> commands;
  std::string cases;
  for (const Entry& entry : entries()) {
    commands.push_back(entry.name);
    cases += fmt::format("    {}) words=\"{}\" ;;\n", entry.name, fmt::join(names_of(entry), " "));
  }
  return fmt::format(
      "_lakegate() {{\n"
      "  local words current=\"${{COMP_WORDS[COMP_CWORD]}}\"\n"
      "  case \"${{COMP_WORDS[1]}}\" in\n{}"
      "  esac\n"
      "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
      "    COMPREPLY=($(compgen -W \"{}\" -- \"$current\"))\n"
      "  elif [[ \"$current\" == -* ]]; then\n"
      "    COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
      "  else\n"
      "    COMPREPLY=($(compgen -f -- \"$current\"))\n"
      "  fi\n"
      "}}\n"
      "complete -o filenames -F _lakegate lakegate\n",
      cases, fmt::join(commands, " "));
}

std::string zsh_script() {
  return "#compdef lakegate\nautoload -U +X bashcompinit && bashcompinit\n" + bash_script();
}

std::string fish_script() {
  const auto quoted = [](const std::string& text) {
    std::string escaped;
    for (const char c : text) {
      if (c == '\'' || c == '\\') escaped += '\\';
      escaped += c;
    }
    return "'" + escaped + "'";
  };
  std::string script;
  for (const Entry& entry : entries()) {
    script += fmt::format("complete -c lakegate -n __fish_use_subcommand -a {} -d {}\n", entry.name,
                          quoted(entry.summary));
    for (const auto& [name, help] : entry.options)
      script +=
          fmt::format("complete -c lakegate -n '__fish_seen_subcommand_from {}' -l {} -d {}\n",
                      entry.name, name.substr(2), quoted(help));
  }
  return script;
}

Result<int> completion(const Options& options, Context& context) {
  switch (options.shell) {
    case Shell::kBash:
      context.out.write(bash_script());
      break;
    case Shell::kZsh:
      context.out.write(zsh_script());
      break;
    case Shell::kFish:
      context.out.write(fish_script());
      break;
  }
  return 0;
}

Action define(CLI::App& app) {
  auto options = std::make_shared<Options>();
  add_choice(app, "SHELL", options->shell,
             {{"bash", Shell::kBash}, {"zsh", Shell::kZsh}, {"fish", Shell::kFish}},
             "bash, zsh or fish")
      ->required();
  return [options](Context& context) { return completion(*options, context); };
}

}  // namespace
}  // namespace completion_impl

Command completion_command() {
  return {.name = "completion",
          .arguments = "SHELL",
          .summary = "What a shell needs to complete commands and options",
          .details = completion_impl::kDetails,
          .define = completion_impl::define};
}

}  // namespace lakegate::cli
