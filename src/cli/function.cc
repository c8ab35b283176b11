#include "cli/function.h"

#include <fmt/format.h>

#include "cli/lake_session.h"
#include "cli/wiring.h"
#include "lambda/function_size.h"

namespace lakegate::cli {
namespace {

std::string variable(const Context& context, const std::string& name) {
  const auto found = context.variables.find(name);
  return found == context.variables.end() ? "" : found->second;
}

Result<std::optional<LakeName>> name_of(const std::string& location,
                                        const std::optional<std::string>& as) {
  if (!as) return lake_name_from(location);
  auto name = lake_name_from(*as);
  if (!name || name->bucket.empty())
    return invalid_input(fmt::format("--as {} is no lake on S3; write s3://BUCKET/PREFIX", *as));
  return name;
}

}  // namespace

Result<std::unique_ptr<Handler>> make_handler(const Context& context, FunctionOptions options) {
  LAKEGATE_TRY(OpenedLake lake, open_lake_store(context));
  LakeTools tools;
  LAKEGATE_TRY(tools.name, name_of(lake.location, options.as));
  tools.config = {.env = context.env, .variables = context.variables};
  tools.resources = function_resources(context.variables, options.resources);
  tools.open_tables = [location = lake.location](const std::string& to) {
    return open_tables(location, to);
  };
  return std::make_unique<Handler>(
      std::move(lake.store), std::move(tools),
      HandlerOptions{.function = variable(context, "AWS_LAMBDA_FUNCTION_NAME"),
                     .margins = {},
                     .secrets = Secrets(context.variables),
                     .log = std::move(options.log)});
}

}  // namespace lakegate::cli
