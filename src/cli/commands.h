// One function a command, each in a file of its own.
#pragma once

#include <vector>

#include "cli/command.h"

namespace lakegate::cli {

Command init_command();
Command add_command();
Command run_command();
Command fetch_command();
Command status_command();
Command rejects_command();
Command check_command();
Command replay_command();
Command verify_command();
Command widen_command();
Command convert_command();
Command schema_command();
Command cat_command();
Command load_command();
Command push_command();
Command invoke_command();
Command lambda_command();
Command catalog_command();
Command ddl_command();
Command completion_command();

const std::vector<Command>& commands();  // in the order of the help

}  // namespace lakegate::cli
