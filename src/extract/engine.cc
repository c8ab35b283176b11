#include "extract/engine.h"

namespace lakegate {

Result<EngineStats> run_engine(HttpClient& /*client*/, const EngineOptions& /*options*/,
                               const std::vector<std::size_t>& /*sets*/, Asking& /*asking*/) {
  return fail(ErrorKind::kPermanent, "not there yet");
}

}  // namespace lakegate
