#include "cli/function.h"

#include <fmt/format.h>

#include <map>

#include "catalog/register.h"
#include "cli/fetching.h"
#include "cli/lake_session.h"
#include "cli/source_access.h"
#include "cli/wiring.h"
#include "lambda/event_bus.h"
#include "lambda/function_size.h"
#include "lambda/invoke_again.h"

namespace lakegate::cli {
namespace {

// No call of AWS goes on when this much is left: the answer must get through.
constexpr auto kToAnswer = std::chrono::milliseconds(1'000);

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
  tools.open_tables = [location = lake.location](const std::string& to,
                                                 const std::string& table_prefix) {
    return open_tables(location, to, {.prefix = table_prefix, .create = false});
  };
  // What a catalog knows of Glue outlives an invocation.
  tools.register_run =
      [location = lake.location, catalogs = std::map<std::string, std::shared_ptr<Catalog>>()](
          const ObjectStore& store, const Config& config, const DatasetConfig& dataset,
          const RunRecord& run) mutable -> Result<void> {
    if (!config.catalog) return {};
    auto& catalog = catalogs[config.catalog->glue_database];
    if (!catalog) {
      LAKEGATE_TRY(catalog, open_catalog(location, config));
    }
    if (catalog) LAKEGATE_CHECK(register_run(*catalog, store, location, dataset, run));
    return {};
  };
  const std::string bus = variable(context, "LAKEGATE_EVENT_BUS");
  if (tools.name && !options.as) {
    LAKEGATE_TRY(const auto session, aws_session());
    tools.set_deadline = [session](auto deadline) {
      session->set_deadline(deadline ? std::optional(*deadline - kToAnswer) : std::nullopt);
    };
  }
  if (!bus.empty()) {
    LAKEGATE_TRY(const auto session, aws_session());
    LAKEGATE_TRY(auto events, session->service("events"));
    tools.announce = [events = std::move(events), bus, lake = lake.location](const RunRecord& run) {
      return announce(*events, bus, lake, run);
    };
  }
  tools.fetch = {.secrets = open_secrets(), .signer = open_signer()};
  tools.holder = own_name();
  const std::string function = variable(context, "AWS_LAMBDA_FUNCTION_NAME");
  if (!function.empty() && !variable(context, "AWS_LAMBDA_RUNTIME_API").empty()) {
    // Most functions never go on in another invocation: no AWS session only for that.
    tools.invoke_again = [function](const std::string& event) -> Result<void> {
      LAKEGATE_TRY(const auto session, aws_session());
      LAKEGATE_TRY(const auto lambda, session->service("lambda"));
      return invoke_again(*lambda, function, event);
    };
  }
  return std::make_unique<Handler>(std::move(lake.store), std::move(tools),
                                   HandlerOptions{.function = function,
                                                  .margins = {},
                                                  .secrets = Secrets(context.variables),
                                                  .log = std::move(options.log)});
}

}  // namespace lakegate::cli
