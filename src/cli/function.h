// The function of `lakegate lambda` and `lakegate invoke`: a handler on the lake that is chosen.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "cli/command.h"
#include "convert/progress.h"
#include "lambda/handler.h"

namespace lakegate::cli {

struct FunctionOptions {
  Resources resources;
  std::optional<std::string> as;  // the lake that events name, for a directory
  std::function<void(std::string_view)> log;
};

// Opens the lake's store, and its configuration only where --env may name another lake.
Result<std::unique_ptr<Handler>> make_handler(const Context& context, FunctionOptions options);

}  // namespace lakegate::cli
