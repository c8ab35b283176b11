#include "cli/cli.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <CLI/CLI.hpp>
#include <cstdlib>
#include <exception>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/help.h"
#include "cli/interrupts.h"
#include "cli/options.h"
#include "lake/names.h"

namespace lakegate::cli {

const std::vector<Command>& commands() {
  static const std::vector<Command> kAll = {
      init_command(),      add_command(),    run_command(),     fetch_command(),   status_command(),
      rejects_command(),   check_command(),  replay_command(),  verify_command(),  widen_command(),
      convert_command(),   schema_command(), cat_command(),     load_command(),    push_command(),
      invoke_command(),    lambda_command(), package_command(), catalog_command(), ddl_command(),
      completion_command()};
  return kAll;
}

namespace {

constexpr int kFailedCode = 1;
constexpr int kUsageCode = 2;

// The command's name among the words, wherever options stand, and the words without it.
struct CommandLine {
  std::string command;
  std::vector<std::string> rest;
  bool wants_help = false, wants_help_all = false, wants_version = false;
};

CommandLine split(int argc, char** argv) {
  CommandLine line;
  bool is_value = false;  // of the global option before it
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    line.wants_help_all = line.wants_help_all || word == "--help-all";
    if (line.command.empty()) {
      if (!is_value && !word.starts_with('-')) {
        line.command = word;
        continue;
      }
      is_value = !is_value && (word == "--lake" || word == "--env" || word == "--format");
      line.wants_help = line.wants_help || word == "--help" || word == "-h";
      line.wants_version = line.wants_version || word == "--version";
    }
    line.rest.push_back(word);
  }
  return line;
}

void add_global_options(CLI::App& app, const Command& command, Context& context) {
  app.set_help_flag();
  app.add_option("--lake", context.lake, "The lake (default: $LAKEGATE_LAKE, or here)")
      ->type_name("DIR")
      ->group("Everywhere");
  app.add_option("--env", context.env, "An environment of lake.yaml (default: $LAKEGATE_ENV)")
      ->type_name("NAME")
      ->group("Everywhere");
  if (command.prints_format)
    add_choice(app, "--format", context.format,
               {{"table", PrintFormat::kTable}, {"json", PrintFormat::kJson}},
               "How results are printed (default: table)")
        ->group("Everywhere");
  app.add_flag_callback(
         "-v,--verbose", [&] { context.verbosity = Verbosity::kVerbose; }, "Say more")
      ->group("Everywhere");
  app.add_flag_callback(
         "-q,--quiet", [&] { context.verbosity = Verbosity::kQuiet; }, "Only warnings and errors")
      ->group("Everywhere");
  app.set_help_flag("-h,--help", "This help")->group("Everywhere");
}

Error usage_error(const Command& command, std::string message) {
  return {ErrorKind::kInvalidInput,
          fmt::format("{}; see `lakegate {} --help`", message, command.name)};
}

// What the parser did not know: an option, or one argument too many.
Error unexpected_words(const Command& command, const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options())
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  const std::vector<std::string> words = app.remaining();
  for (const std::string& word : words) {
    if (!word.starts_with('-')) continue;
    const std::string near = nearest_name(word.substr(0, word.find('=')), names);
    return usage_error(command, fmt::format("unknown option {}{}", word,
                                            near.empty() ? "" : "; did you mean " + near + "?"));
  }
  return usage_error(command, fmt::format("unexpected argument \"{}\"", words.front()));
}

// Parses and does it. The exit code, or the Error that decides it.
Result<int> dispatch(const Command& command, std::vector<std::string> words, Context& context) {
  CLI::App app(std::string(command.summary), "lakegate " + std::string(command.name));
  app.allow_extras();
  Action action = command.define(app);
  add_global_options(app, command, context);
  try {
    std::reverse(words.begin(), words.end());  // as CLI11 takes them
    app.parse(std::move(words));
  } catch (const CLI::CallForHelp&) {
    print_command_help(context.out, command, app);
    return 0;
  } catch (const CLI::ParseError& error) {
    const std::vector<std::string> extra = app.remaining();
    const bool is_misspelt = std::any_of(
        extra.begin(), extra.end(), [](const std::string& word) { return word.starts_with("--"); });
    if (is_misspelt) return Failure(unexpected_words(command, app));
    return Failure(usage_error(command, error.what()));
  }
  if (!app.remaining().empty()) return Failure(unexpected_words(command, app));
  if (const auto env = context.variables.find("LAKEGATE_ENV");
      !context.env && env != context.variables.end() && !env->second.empty())
    context.env = env->second;
  return action(context);
}

Result<int> run_line(const CommandLine& line, Context& context) {
  if (line.wants_version) {
    print_version(context.out);
    return 0;
  }
  const bool is_bootstrap = line.command.empty() && line.rest.empty() &&
                            context.variables.contains("AWS_LAMBDA_RUNTIME_API");
  if (is_bootstrap) return dispatch(lambda_command(), {}, context);
  if (line.wants_help_all || line.command.empty() || line.command == "help") {
    const bool asked = line.wants_help || line.wants_help_all || line.command == "help";
    print_help(asked ? context.out : context.err,
               line.wants_help_all ? HelpLength::kAll : HelpLength::kShort);
    return asked ? 0 : kUsageCode;
  }
  std::vector<std::string> names;
  for (const Command& command : commands()) {
    if (command.name == line.command) return dispatch(command, line.rest, context);
    names.emplace_back(command.name);
  }
  const std::string near = nearest_name(line.command, names);
  return invalid_input(fmt::format(
      "there is no command \"{}\"; {}", line.command,
      near.empty() ? "`lakegate --help-all` lists them" : "did you mean `lakegate " + near + "`?"));
}

// Memory that cannot be had in a thread of a library: there is nothing to unwind to, and nothing
// unfinished has a name.
void on_terminate() {
  try {
    if (const auto exception = std::current_exception()) std::rethrow_exception(exception);
  } catch (const std::bad_alloc&) {
    constexpr std::string_view kMessage = "error: there is not enough memory\n";
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, kMessage.data(), kMessage.size());
    ::_exit(kFailedCode);
  } catch (...) {
    std::abort();
  }
  std::abort();
}

int exit_code_of(const Error& error) {
  return error.kind == ErrorKind::kInvalidInput ? kUsageCode : kFailedCode;
}

}  // namespace

void Context::error(std::string_view text) {
  (void)out.flush();  // in the order of writing, where both are a terminal
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    err.write(Style::kRed, "error: ");
    err.write(text.substr(0, end));
    err.write("\n");
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  (void)err.flush();
}

void Context::warning(std::string_view text) {
  (void)out.flush();
  err.write(Style::kYellow, "warning: ");
  err.write(text);
  err.write("\n");
  (void)err.flush();
}

void Context::note(std::string_view text) {
  if (quiet()) return;
  (void)out.flush();
  err.write(text);
  err.write("\n");
  (void)err.flush();
}

void Context::detail(std::string_view text) {
  if (verbose()) note(text);
}

int Context::failed(const Error& failure) {
  if (interrupted()) return kInterruptedCode;
  error(failure.to_string());
  return kFailedCode;
}

int run(int argc, char** argv) {
  handle_interrupts();
  std::set_terminate(on_terminate);
  Context context;
  context.variables = process_environment();
  int code = kFailedCode;
  try {
    const Result<int> done = run_line(split(argc, argv), context);
    if (done) {
      code = *done;
    } else {
      code = exit_code_of(done.error());
      if (!interrupted()) context.error(done.error().to_string());
    }
  } catch (const std::bad_alloc&) {
    context.error("there is not enough memory; give --memory a smaller size, or the program more");
  } catch (const std::exception& exception) {
    // Exceptions of libraries are caught where they arise; one that gets here is a defect.
    context.error(fmt::format("unexpected: {}; please report this", exception.what()));
  }
  if (auto flushed = context.out.flush(); !flushed) {
    context.error(flushed.error().to_string());
    code = std::max(code, kFailedCode);
  }
  if (interrupted()) {
    context.error("interrupted; nothing is half-written, and running again goes on");
    return kInterruptedCode;
  }
  return code;
}

}  // namespace lakegate::cli
