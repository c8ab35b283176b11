// lakegate package: what AWS Lambda is given, made of an installed folder.
#include <fmt/format.h>

#include <filesystem>

#include "build_info.h"
#include "cli/amounts.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/package_zip.h"
#include "cli/pending_file.h"
#include "cli/report_json.h"
#include "lake/digest.h"

namespace lakegate::cli {
namespace package_impl {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kDetails =
    "The zip of a function: its bootstrap, this program, and the libraries and the loader that it\n"
    "needs, so that it runs on any of Lambda's provided.* runtimes. Same version, same bytes.\n"
    "It is made of the folder that this program is installed in, as a release's tarball unpacks.\n"
    "For the other architecture unpack that one's tarball, and name its folder with --from.\n"
    "\nExamples:\n"
    "  lakegate package -o lakegate.zip\n"
    "  lakegate package --arch arm64 --from lakegate-0.1.0-linux-arm64 -o lakegate-arm64.zip\n";

struct Options {
  std::optional<std::string> architecture;
  std::optional<std::string> from;
  std::string output;
};

std::string own_architecture() {
  return kTarget.starts_with("aarch64") ? "arm64" : "x86_64";
}

// An installed program is started by the loader of its own folder (src/launch), and that is what
// the system says is running.
std::optional<fs::path> own_folder() {
  std::error_code error;
  const fs::path loader = fs::read_symlink("/proc/self/exe", error);
  if (error || loader.parent_path().filename() != "lib") return std::nullopt;
  fs::path folder = loader.parent_path().parent_path();
  if (!fs::exists(folder / "lib" / "lakegate", error)) return std::nullopt;
  return folder;
}

Result<fs::path> choose_folder(const Options& options) {
  if (options.from) return fs::path(*options.from);
  const std::string other = options.architecture.value_or(own_architecture());
  if (other != own_architecture())
    return invalid_input(fmt::format(
        "this program is for {}; unpack the release for {} and name its folder with --from",
        own_architecture(), other));
  if (auto folder = own_folder()) return *folder;
  return invalid_input(
      "this program does not stand in an installed folder; unpack a release and name its folder "
      "with --from, or make one from the sources: make package");
}

Result<int> package(const Options& options, Context& context) {
  LAKEGATE_TRY(const fs::path folder, choose_folder(options));
  LAKEGATE_TRY(const auto files, packaged_files(folder));
  LAKEGATE_TRY(const std::string architecture, architecture_of(folder));
  if (options.architecture && *options.architecture != architecture)
    return invalid_input(fmt::format("the program in this folder is for {}, not for {}",
                                     architecture, *options.architecture),
                         {.file = folder.string()});
  LAKEGATE_TRY(const Zip zip, make_zip(files));
  LAKEGATE_TRY(const auto target, PendingFile::create(options.output));
  LAKEGATE_CHECK(target->write_text(zip.bytes));
  LAKEGATE_CHECK(target->publish());

  const std::string digest = sha256_hex(zip.bytes);
  if (context.json())
    print_json(context.out, {{"ok", true},
                             {"output", options.output},
                             {"architecture", architecture},
                             {"files", files.size()},
                             {"bytes", zip.bytes.size()},
                             {"unpacked_bytes", zip.unpacked},
                             {"sha256", digest}});
  else if (!context.quiet() && options.output != "-")
    context.out.write(fmt::format("{}: {}, {}, unpacked {} in {}\nsha256 {}\n", options.output,
                                  architecture, bytes_text(zip.bytes.size()),
                                  bytes_text(zip.unpacked), counted(files.size(), "file"), digest));
  return 0;
}

Action define(CLI::App& app) {
  auto options = std::make_shared<Options>();
  add_choice(app, "--arch", options->architecture,
             {{"x86_64", std::optional<std::string>("x86_64")},
              {"arm64", std::optional<std::string>("arm64")}},
             "What the function runs on (default: what the folder is for)");
  app.add_option("--from", options->from, "An installed folder (default: this program's own)")
      ->type_name("DIR");
  app.add_option("-o,--output", options->output, "The zip")->type_name("FILE")->required();
  return [options](Context& context) { return package(*options, context); };
}

}  // namespace
}  // namespace package_impl

Command package_command() {
  return {.name = "package",
          .arguments = "",
          .summary = "A package for AWS Lambda, from an installed folder",
          .details = package_impl::kDetails,
          .define = package_impl::define};
}

}  // namespace lakegate::cli
