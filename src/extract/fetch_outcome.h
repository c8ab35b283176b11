// How a fetch stands, as the lake tells of it.
#pragma once

#include "config/config.h"
#include "extract/fetch.h"
#include "extract/fetch_plans.h"
#include "extract/fetch_records.h"
#include "lake/error.h"
#include "stores/object_store.h"

namespace lakegate {

// What has been asked and run so far. Puts the fetch's record where that is every slice.
Result<FetchOutcome> sum_up(ObjectStore& store, const DatasetConfig& dataset, const Plan& plan);

// Of a fetch whose record was there before.
Result<FetchOutcome> finished_before(const ObjectStore& store, const ChosenPlan& chosen,
                                     FetchRecord record);

}  // namespace lakegate
