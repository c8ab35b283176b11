// tests/cases/source/*.case: what requests follow from a source. The README there says how to read
// them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "extract/paginate.h"
#include "extract/plan.h"
#include "extract/request.h"
#include "stores/memory_store.h"

namespace lakegate {
namespace {

namespace fs = std::filesystem;
using testing::StartsWith;
using Lines = std::vector<std::string>;

const Instant kScheduled = *instant_from_iso("2026-11-23T04:22:44Z");

std::map<std::string, Lines> sections_of(const fs::path& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file) << path << " cannot be read";
  std::map<std::string, Lines> sections;
  std::string name;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("--- "))
      name = line.substr(4);
    else if (!name.empty())
      sections[name].push_back(line);
    if (!name.empty()) sections[name];
  }
  return sections;
}

std::string joined(const Lines& lines, const std::string& indent = "") {
  std::string text;
  for (const std::string& line : lines) text += indent + line + "\n";
  return text;
}

// The request as the cases write it.
Lines in_words(const Result<HttpRequest>& request) {
  if (!request) return {"error: " + request.error().to_string()};
  Lines lines = {describe(*request)};
  for (const HttpHeader& header : request->headers) {
    const std::string line = header.name + ": " + header.value;
    if (line != "Accept: application/json" && line != "User-Agent: lakegate")
      lines.push_back("  " + line);
  }
  if (request->body) lines.push_back("  > " + *request->body);
  return lines;
}

struct Source {
  explicit Source(const std::map<std::string, Lines>& sections) {
    const auto config = parse_config(
        {.text = "datasets:\n  d:\n    source:\n" + joined(sections.at("source"), "      "),
         .file = "lake.yaml",
         .env = {},
         .variables = {}});
    if (!config) throw std::runtime_error(config.error().to_string());
    dataset = config->datasets.at(0);
    for (const auto& [name, lines] : sections)
      if (name.starts_with("file ")) put(name.substr(5), joined(lines));
    if (const auto last = sections.find("last"); last != sections.end())
      last_finished = *instant_from_iso(last->second.at(0));
  }

  void put(const std::string& key, const std::string& content) const {
    EXPECT_TRUE(store->put(ObjectKey(key), content));
  }
  Result<Plan> plan() const { return make_plan(dataset, kScheduled, last_finished, *store); }

  DatasetConfig dataset;
  std::unique_ptr<ObjectStore> store = make_memory_store();
  std::optional<Instant> last_finished;
};

Lines requests_of(const Source& source) {
  const auto plan = source.plan();
  if (!plan) return {"error: " + plan.error().to_string()};
  const RequestBuilder builder = RequestBuilder::create(*source.dataset.source).value();
  Lines lines;
  for (std::size_t n = 0; n < plan->sets.size(); ++n) {
    lines.push_back(plan->parameters_json(n));
    const Lines request = in_words(builder.build(plan->sets, n, Page()));
    lines.insert(lines.end(), request.begin(), request.end());
  }
  return lines;
}

// Plays the replies of the section; what is found between them.
Lines pages_of(const Source& source, const Lines& played) {
  const SourceConfig& config = *source.dataset.source;
  const Plan plan = source.plan().value();
  const RequestBuilder builder = RequestBuilder::create(config).value();
  Paginator paginator(config.paginate, config.records, config.allow_http);
  Page page;
  HttpReply reply{.status = 200, .headers = {}, .body = {}};
  Lines lines;
  for (const std::string& line : played) {
    if (line.starts_with("link: ")) {
      reply.headers.push_back({"Link", line.substr(6)});
      lines.push_back(line);
    }
    if (!line.starts_with("reply: ")) continue;
    lines.push_back(line);
    reply.body = line.substr(7);
    const auto next = paginator.next(builder.build(plan.sets, 0, page).value(), page, reply);
    reply.headers.clear();
    if (!next) {
      lines.push_back("error: " + next.error().to_string());
    } else if (!*next) {
      lines.push_back("end");
    } else {
      page = **next;
      const Lines request = in_words(builder.build(plan.sets, 0, page));
      lines.insert(lines.end(), request.begin(), request.end());
    }
  }
  return lines;
}

// Errors may go on after what is expected of them.
void expect_lines(const Lines& lines, const Lines& expected) {
  for (std::size_t i = 0; i < expected.size(); ++i) {
    ASSERT_LT(i, lines.size()) << "missing: " << expected[i];
    if (expected[i].starts_with("error: "))
      EXPECT_THAT(lines[i], StartsWith(expected[i]));
    else
      EXPECT_EQ(lines[i], expected[i]);
  }
  ASSERT_EQ(lines.size(), expected.size()) << "too much: " << lines.back();
}

TEST(SourceCases, AskWhatTheySay) {
  int count = 0;
  for (const auto& entry : fs::directory_iterator(LAKEGATE_CASES_DIR "/source")) {
    if (entry.path().extension() != ".case") continue;
    SCOPED_TRACE(entry.path().filename().string());
    const auto sections = sections_of(entry.path());
    const Source source(sections);
    expect_lines(requests_of(source), sections.at("requests"));
    if (const auto pages = sections.find("pages"); pages != sections.end())
      expect_lines(pages_of(source, pages->second), pages->second);
    ++count;
  }
  EXPECT_GE(count, 30);
}

}  // namespace
}  // namespace lakegate
