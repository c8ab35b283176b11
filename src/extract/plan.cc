#include "extract/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "lake/digest.h"
#include "lake/json_text.h"

namespace lakegate {
namespace {

using Values = std::vector<std::vector<TemplateValue>>;  // by variable

Instant whole_seconds(Instant instant) {
  return std::chrono::floor<std::chrono::seconds>(instant);
}

Failure too_many(std::string_view what) {
  return invalid_input(
      fmt::format("the plan would have more than {} requests ({}); fetch less at a "
                  "time",
                  kMostSets, what));
}

Result<void> add_product(const Values& values, const std::vector<TemplateValue>& times,
                         ParameterSets& sets) {
  std::size_t count = 1;
  for (const auto& of_variable : values) {
    if (of_variable.size() > kMostSets / count) return too_many("for_each multiplied");
    count *= of_variable.size();
  }
  std::vector<std::size_t> at(values.size());
  for (std::size_t n = 0; n < count; ++n) {
    std::vector<TemplateValue> set;
    for (std::size_t i = 0; i < values.size(); ++i) set.push_back(values[i][at[i]]);
    set.insert(set.end(), times.begin(), times.end());
    sets.add(set);
    // Like a counter whose last digit turns fastest.
    for (std::size_t i = values.size(); i > 0 && ++at[i - 1] == values[i - 1].size(); --i)
      at[i - 1] = 0;
  }
  return {};
}

Result<void> add_zipped(const Values& values, const SourceConfig& source,
                        const std::vector<TemplateValue>& times, ParameterSets& sets) {
  for (std::size_t i = 1; i < values.size(); ++i)
    if (values[i].size() != values[0].size())
      return invalid_input(fmt::format(
          "combine: zip takes the values of {} and {} together, and there are {} and {}; make them "
          "as many",
          source.for_each[0].name, source.for_each[i].name, values[0].size(), values[i].size()));
  std::set<std::string> seen;
  for (std::size_t n = 0; n < values[0].size(); ++n) {
    std::vector<TemplateValue> set;
    std::string all;
    for (const auto& of_variable : values) {
      set.push_back(of_variable[n]);
      all += fmt::format("{}:{},", set.back().text.size(), set.back().text);
    }
    if (!seen.insert(std::move(all)).second) continue;  // nothing is asked for twice
    set.insert(set.end(), times.begin(), times.end());
    sets.add(set);
  }
  return {};
}

// A request for what lies between a time and an earlier one gets nothing, or an error, or
// everything.
Result<void> check_times(Instant since, Instant until, std::optional<Instant> last_finished) {
  if (since <= until) return {};
  const std::string at = time_value(until).text, from = time_value(since).text;
  if (!last_finished)
    return invalid_input(
        fmt::format("a fetch of {} would ask for what is new since {}, the `start` of `since:`, "
                    "which is later; "
                    "fetch with a later --time, or write an earlier `start`",
                    at, from));
  return invalid_input(fmt::format(
      "a fetch of {} would ask for what is new since {}, which is later: the last finished fetch "
      "was that of {}, and what came before it is fetched; fetch with a later --time, and to have "
      "that stretch again write an `overlap:` into `since:` that reaches back to it",
      at, from, time_value(*last_finished).text));
}

Result<void> check_slices(const Plan& plan) {
  if (plan.slices() <= kMostSlices) return {};
  return invalid_input(
      fmt::format("the plan would have {} slices of {} requests, and {} are the "
                  "most; write slice: {} or more under source",
                  plan.slices(), plan.slice_requests, kMostSlices,
                  (plan.sets.size() + kMostSlices - 1) / kMostSlices));
}

}  // namespace

std::string Plan::parameters_json(std::size_t set) const {
  std::string json = "{";
  for (std::size_t i = 0; i < sets.names().size(); ++i) {
    if (i > 0) json += ',';
    append_json_string(sets.names()[i], json);
    json += ':';
    const TemplateValue& value = sets.value(set, i);
    if (value.is_number)
      json += value.text;
    else
      append_json_string(value.text, json);
  }
  return json + "}";
}

std::string plan_id(const DatasetName& dataset, Instant scheduled_at, std::string_view failed_of) {
  constexpr std::size_t kDigits = 12;
  return sha256_hex(fmt::format("{}\n{}\n{}\n", dataset.str(), to_iso(whole_seconds(scheduled_at)),
                                failed_of))
      .substr(0, kDigits);
}

Result<Plan> make_plan(const DatasetConfig& dataset, Instant scheduled_at,
                       std::optional<Instant> last_finished, const ObjectStore& store) {
  const SourceConfig& source = *dataset.source;
  Plan plan{.dataset = dataset.name,
            .id = plan_id(dataset.name, scheduled_at, ""),
            .scheduled_at = whole_seconds(scheduled_at),
            .since = {},
            .source_hash = source.request_hash(),
            .slice_requests = source.slice_requests(),
            .failed_of = {},
            .sets = ParameterSets()};
  if (source.since)
    plan.since = last_finished ? *last_finished - source.since->overlap : source.since->start;
  if (plan.since) LAKEGATE_CHECK(check_times(*plan.since, plan.scheduled_at, last_finished));
  std::vector<std::string> names;
  std::vector<TemplateValue> times;
  Values values;
  for (const ForEach& variable : source.for_each) {
    LAKEGATE_TRY(auto of_variable,
                 values_of(variable, source.combine, {plan.since, plan.scheduled_at}, store));
    names.push_back(variable.name);
    values.push_back(std::move(of_variable));
  }
  if (plan.since && source.uses("since")) {
    names.emplace_back("since");
    times.push_back(time_value(*plan.since));
  }
  if (source.uses("until")) {
    names.emplace_back("until");
    times.push_back(time_value(plan.scheduled_at));
  }
  plan.sets = ParameterSets(std::move(names));
  if (source.combine == Combine::kZip && !values.empty()) {
    LAKEGATE_CHECK(add_zipped(values, source, times, plan.sets));
  } else {
    LAKEGATE_CHECK(add_product(values, times, plan.sets));
  }
  LAKEGATE_CHECK(check_slices(plan));
  plan.sets.shrink();
  return plan;
}

Result<Plan> make_failed_plan(const DatasetConfig& dataset, const Plan& of, Instant scheduled_at,
                              std::span<const std::size_t> indexes) {
  Plan plan{.dataset = dataset.name,
            .id = plan_id(dataset.name, scheduled_at, of.id),
            .scheduled_at = whole_seconds(scheduled_at),
            .since = of.since,
            .source_hash = dataset.source->request_hash(),
            .slice_requests = dataset.source->slice_requests(),
            .failed_of = of.id,
            .sets = ParameterSets(of.sets.names())};
  for (const std::size_t index : indexes) {
    if (index >= of.sets.size())
      return invalid_input(fmt::format("the plan {} has no parameter set {}", of.id, index));
    std::vector<TemplateValue> set;
    for (std::size_t i = 0; i < of.sets.names().size(); ++i) set.push_back(of.sets.value(index, i));
    plan.sets.add(set);
  }
  if (plan.sets.size() == 0)
    return invalid_input(
        fmt::format("nothing failed in {}, so there is nothing to ask again", of.id));
  LAKEGATE_CHECK(check_slices(plan));
  plan.sets.shrink();
  return plan;
}

}  // namespace lakegate
