// report-0001.parquet: what became of each parameter set of a slice, a row each, in order. Columns:
// n, the parameters (a column of another name than its own where that is one of these: then
// parameter_<name>), attempts, status, bytes, latency_ms, pages, rows, failure. docs/fetch.md.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "extract/plan.h"
#include "formats/byte_sink.h"
#include "formats/input.h"
#include "lake/error.h"

namespace lakegate {

struct ReportRow {
  std::size_t n = 0;
  int attempts = 0;
  int status = 0;  // 0: never a reply
  std::uint64_t bytes = 0;
  std::chrono::milliseconds latency{};
  std::uint32_t pages = 0;
  std::uint64_t rows = 0;
  std::string failure;  // empty: answered
};

// `rows` are of `plan`.
Result<void> write_report(const Plan& plan, const std::vector<ReportRow>& rows, ByteSink& sink);

// The sets that failed, by index in the plan, ascending within the report.
Result<std::vector<std::size_t>> failed_sets(std::shared_ptr<const Input> report);

}  // namespace lakegate
