// `source:` as it arrives; tests/cases/config has what is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <stdexcept>

#include "config/config.h"
#include "config/range_values.h"

namespace lakegate {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

Result<Config> parse_source(const std::string& text) {
  return parse_config({.text = text,
                       .file = "lake.yaml",
                       .env = {},
                       .variables = {{"HOST", "api.example.com"}, {"DEVICE", "{device}"}}});
}

// The source of the one dataset, d.
SourceConfig source_of(const std::string& source) {
  const auto config = parse_source("datasets:\n  d:\n    source: {" + source + "}\n");
  if (!config) throw std::runtime_error(config.error().to_string());
  return *config->datasets.at(0).source;
}

DatasetConfig dataset_of(const std::string& source) {
  return parse_source("datasets:\n  d:\n    source: {" + source + "}\n").value().datasets.at(0);
}

const std::string kUrl = "url: 'https://api.example.com/x'";
const std::string kEach = "url: 'https://api.example.com/{v}', for_each: {v: ";

TEST(Source, DefaultsOfTheSmallest) {
  const DatasetConfig dataset = dataset_of(kUrl);
  const SourceConfig& source = *dataset.source;
  EXPECT_EQ(dataset.landing.text(), "d/*");
  EXPECT_EQ(source.method, "GET");
  EXPECT_EQ(source.url.text(), "https://api.example.com/x");
  EXPECT_TRUE(source.for_each.empty());
  EXPECT_EQ(source.records, "");
  EXPECT_EQ(source.paginate.by, PaginateConfig::By::kNone);
  EXPECT_EQ(source.auth, AuthConfig{});
  EXPECT_EQ(source.limits.concurrency, 256U);
  EXPECT_EQ(source.limits.requests_per_second, 0);
  EXPECT_EQ(source.limits.timeout, 5min);
  EXPECT_EQ(source.limits.max_reply, 64ULL << 20);
  EXPECT_EQ(source.limits.retries, 5);
  EXPECT_TRUE(source.keep_raw);
  EXPECT_FALSE(source.allow_http);
  EXPECT_FALSE(source.allow_proxy);
  EXPECT_THAT(source.allow_hosts, ElementsAre());
  EXPECT_EQ(source.slice_requests(), 2000U);
}

TEST(Source, LimitsHaveUnits) {
  const FetchLimits limits =
      source_of(
          kUrl +
          ", limits: {concurrency: 7, requests_per_second: 0.5, connect_timeout: 500ms, "
          "first_byte_timeout: 20, timeout: 2m, max_reply: 1MB, retries: 0, retry_budget: 5%}")
          .limits;
  EXPECT_EQ(limits.concurrency, 7U);
  EXPECT_EQ(limits.requests_per_second, 0.5);
  EXPECT_EQ(limits.connect_timeout, 500ms);
  EXPECT_EQ(limits.first_byte_timeout, 20s);
  EXPECT_EQ(limits.timeout, 2min);
  EXPECT_EQ(limits.max_reply, 1'000'000U);
  EXPECT_EQ(limits.retries, 0);
  EXPECT_EQ(limits.retry_budget, 0.05);
}

TEST(Source, ASliceIsSeveralRoundsAndNoMoreThanAMinutesRequests) {
  const auto slice = [](const std::string& more) {
    return source_of(kUrl + more).slice_requests();
  };
  EXPECT_EQ(slice(", limits: {concurrency: 1}"), 250U);
  EXPECT_EQ(slice(", limits: {concurrency: 50}"), 800U);
  EXPECT_EQ(slice(", limits: {concurrency: 900}"), 2000U);
  EXPECT_EQ(slice(", limits: {concurrency: 50, requests_per_second: 12}"), 720U);
  EXPECT_EQ(slice(", limits: {requests_per_second: 2}"), 120U);
  EXPECT_EQ(slice(", limits: {requests_per_second: 20, requests_per_second_per_host: 2}"), 120U);
  EXPECT_EQ(slice(", limits: {requests_per_second: 0.001}"), 1U);
  EXPECT_EQ(slice(", limits: {requests_per_second: 50}"), 2000U);
  EXPECT_EQ(slice(", slice: 7, limits: {requests_per_second: 50}"), 7U);
}

TEST(Source, ListsKnowNumbersFromTexts) {
  const SourceConfig source = source_of(kEach + "[1, two, '3', 1.50, 007]}");
  const auto& list = std::get<ForEach::List>(source.for_each.at(0).values);
  EXPECT_THAT(list.values, ElementsAre(TemplateValue{"1", true}, TemplateValue{"two", false},
                                       TemplateValue{"3", false}, TemplateValue{"1.50", true},
                                       TemplateValue{"007", false}));
}

TEST(Source, RangesAreOfNumbersOrDates) {
  const auto range = [](const std::string& text) {
    return std::get<ForEach::Range>(source_of(kEach + text + "}").for_each.at(0).values);
  };
  EXPECT_EQ(range("{from: 1, to: 3}"), (ForEach::Range{false, "1", "3", "1"}));
  EXPECT_EQ(range("{from: 2024-01-31, to: '{until}', step: 7}"),
            (ForEach::Range{true, "2024-01-31", "{until}", "7"}));
}

TEST(Source, EnvironmentVariablesComeBeforeTemplates) {
  const SourceConfig source =
      source_of("url: 'https://${HOST}/${DEVICE}', for_each: {device: [a]}");
  EXPECT_EQ(source.url.text(), "https://api.example.com/{device}");
  EXPECT_TRUE(source.url.uses("device"));
}

TEST(Source, ABodyThatIsAMappingIsJson) {
  const SourceConfig source = source_of(
      "url: 'https://api.example.com/x', for_each: {id: [1]}, "
      "body: {id: '{id}', size: 100, big: 12345678901234567890, all: true, none: null, f: 1.5}");
  EXPECT_EQ(source.method, "POST");
  EXPECT_EQ(source.body.kind, BodyConfig::Kind::kJson);
  EXPECT_EQ(
      source.body.json,
      R"({"id":"{id}","size":100,"big":12345678901234567890,"all":true,"none":null,"f":1.5})");
  EXPECT_TRUE(source.uses("id"));
  EXPECT_FALSE(source.uses("i"));
}

TEST(Source, ABodyThatIsATextHasTheFormOfItsContentType) {
  const auto kind = [](const std::string& type) {
    return source_of(kUrl + ", headers: {Content-Type: " + type + "}, body: '\"{until}\"'")
        .body.kind;
  };
  EXPECT_EQ(kind("application/vnd.api+json"), BodyConfig::Kind::kJsonText);
  EXPECT_EQ(kind("application/x-www-form-urlencoded"), BodyConfig::Kind::kForm);
  EXPECT_EQ(kind("text/XML"), BodyConfig::Kind::kXml);
  EXPECT_EQ(source_of(kUrl + ", body: plain").body.kind, BodyConfig::Kind::kPlain);
}

TEST(Source, PagesGoIntoAParameterUnlessATemplateHasThem) {
  EXPECT_EQ(source_of(kUrl + ", paginate: {by: offset}").paginate.parameter, "offset");
  EXPECT_EQ(
      source_of(kUrl + ", paginate: {by: cursor, at: /c, parameter: after}").paginate.parameter,
      "after");
  EXPECT_EQ(source_of(kUrl + ", query: {p: '{page}'}, paginate: {by: page}").paginate.parameter,
            "");
  EXPECT_EQ(source_of(kUrl + ", paginate: {by: link}").paginate.parameter, "");
}

TEST(Source, SecretsAreReferences) {
  const AuthConfig auth =
      source_of(kUrl +
                ", auth: {header: {X-Key: {secretsmanager: prod/api, key: token, prefix: 'K '}}, "
                "basic: {user: {env: USER}, password: {file: /run/p}}}")
          .auth;
  EXPECT_THAT(auth.headers,
              ElementsAre(NamedSecret{
                  "X-Key", {SecretRef::From::kSecretsManager, "prod/api", "token", "K "}}));
  ASSERT_TRUE(auth.basic);
  EXPECT_EQ(auth.basic->user.secret->name, "USER");
  EXPECT_EQ(auth.basic->password.from, SecretRef::From::kFile);
}

TEST(SourceHash, OfADatasetCoversWhatShapesRows) {
  const std::string base = dataset_of(kUrl).hash();
  EXPECT_NE(dataset_of(kUrl + ", records: /data").hash(), base);
  EXPECT_NE(dataset_of(kUrl + ", add: {a: x}").hash(), base);
  EXPECT_NE(dataset_of(kUrl + ", add: {a: x}").hash(), dataset_of(kUrl + ", add: {b: x}").hash());
  for (const char* more : {", limits: {concurrency: 3}", ", auth: {bearer: {env: A}}", ", slice: 3",
                           ", headers: {X-A: b}", ", keep_raw: false", ", paginate: {by: link}"})
    EXPECT_EQ(dataset_of(kUrl + more).hash(), base) << more;
}

TEST(SourceHash, OfTheRequestsCoversWhatIsAsked) {
  const std::string base = source_of(kUrl).request_hash();
  std::set<std::string> hashes = {base};
  for (const char* more :
       {", headers: {X-A: b}", ", query: {a: b}", ", body: {a: b}", ", method: POST",
        ", query: {a: '{until}'}", ", query: {s: '{since}'}, since: {start: 2024-01-01}",
        ", query: {s: '{since}'}, since: {start: 2024-01-01, overlap: 1h}",
        ", paginate: {by: link}", ", query: {v: '{v}'}, for_each: {v: [1]}",
        ", query: {v: '{v}'}, for_each: {v: ['1']}",
        ", query: {v: '{v}'}, for_each: {v: {from: 1, to: 1}}",
        ", query: {v: '{v}'}, for_each: {v: {file: a.csv, column: b}}"})
    EXPECT_TRUE(hashes.insert(source_of(kUrl + more).request_hash()).second) << more;
  for (const char* more : {", limits: {concurrency: 3}", ", auth: {bearer: {env: A}}",
                           ", records: /data", ", add: {a: x}", ", slice: 3"})
    EXPECT_EQ(source_of(kUrl + more).request_hash(), base) << more;
}

std::vector<std::string> texts(const Result<std::vector<TemplateValue>>& values) {
  std::vector<std::string> found;
  if (!values) return {"! " + values.error().message};
  for (const TemplateValue& value : *values) found.push_back(value.text);
  return found;
}

TEST(Ranges, IncludeBothEnds) {
  EXPECT_THAT(texts(number_range("1", "3", "1")), ElementsAre("1", "2", "3"));
  EXPECT_THAT(texts(number_range("1", "4", "2")), ElementsAre("1", "3"));
  EXPECT_THAT(texts(number_range("-0.5", "0.5", "0.25")),
              ElementsAre("-0.50", "-0.25", "0.00", "0.25", "0.50"));
  EXPECT_THAT(texts(number_range("0", "0", "5")), ElementsAre("0"));
  EXPECT_THAT(texts(date_range("2024-02-28", "2024-03-01", "1")),
              ElementsAre("2024-02-28", "2024-02-29", "2024-03-01"));
  EXPECT_THAT(texts(date_range("2023-12-25", "2024-01-08", "7")),
              ElementsAre("2023-12-25", "2024-01-01", "2024-01-08"));
  EXPECT_EQ(number_range("1", "1000000", "1")->size(), 1'000'000U);
}

TEST(Ranges, RefuseWhatIsNone) {
  for (const auto& [from, to, step] :
       {std::tuple{"1", "0", "1"}, std::tuple{"1", "2", "-1"}, std::tuple{"a", "2", "1"},
        std::tuple{"1", "2", "1e3"}, std::tuple{"1", "1000001", "1"},
        std::tuple{"-999999999999999999", "999999999999999999", "1"},
        std::tuple{"1", "999999999999999999", "0.000000001"}, std::tuple{"01", "2", "1"}})
    EXPECT_FALSE(number_range(from, to, step)) << from << " " << to << " " << step;
  EXPECT_FALSE(date_range("2023-02-29", "2023-03-01", "1"));
  EXPECT_FALSE(date_range("2023-02-01", "2023-01-01", "1"));
  EXPECT_FALSE(date_range("2023-02-01", "2023-03-01", "0"));
}

}  // namespace
}  // namespace lakegate
