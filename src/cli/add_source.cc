#include "cli/add_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/amounts.h"
#include "cli/lake_session.h"
#include "cli/report_json.h"
#include "cli/source_access.h"
#include "cli/wiring.h"
#include "convert/typed_read.h"
#include "extract/auth.h"
#include "extract/fetch.h"
#include "extract/plan.h"
#include "extract/request.h"
#include "formats/json/landed_reply.h"
#include "formats/json/replies.h"
#include "formats/json/syntax.h"
#include "lake/names.h"
#include "net/url.h"

namespace lakegate::cli {
namespace {

constexpr int kFirstOfErrors = 400;

// "https://api.example.com/v1/devices/{device}/readings?day=1" -> "readings".
std::string name_from(const std::string& url) {
  const std::size_t scheme = url.find("://");
  const std::string path = url.substr(scheme + 3, url.find('?') - scheme - 3);
  std::string name;
  for (std::size_t begin = path.find('/'); begin != std::string::npos;) {
    const std::size_t end = path.find('/', begin + 1);
    const std::string part = path.substr(begin + 1, end - begin - 1);
    if (!part.empty() && !part.starts_with('{')) name = part;
    begin = end;
  }
  return clean_name(name.empty() ? path.substr(0, path.find_first_of("/:")) : name);
}

struct Each {
  std::string name;
  std::vector<std::string> values;
};
Result<Each> each_from(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == text.size())
    return invalid_input(
        fmt::format("--each {} is not NAME=VALUE,VALUE…: what {{NAME}} stands for", text));
  Each each{.name = text.substr(0, equals), .values = {}};
  for (std::size_t begin = equals + 1; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    each.values.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return each;
}

// The secret stays where it is; lake.yaml says where that is.
Result<std::string> reference_yaml(const std::string& text) {
  const std::size_t colon = text.find(':');
  const std::string from = text.substr(0, colon);
  if (colon == std::string::npos ||
      (from != "env" && from != "file" && from != "secretsmanager" && from != "ssm"))
    return invalid_input(
        "--bearer takes where the token is kept, never the token itself: env:NAME, file:PATH, "
        "secretsmanager:NAME or ssm:NAME");
  return fmt::format("{{{}: {}}}", from, in_yaml_quotes(text.substr(colon + 1)));
}

Result<std::string> source_yaml(const SourceSample& sample, const std::vector<Each>& each,
                                const std::string& records, const std::vector<std::string>& add) {
  std::string yaml = "source:\n  url: " + in_yaml_quotes(sample.url) + "\n";
  if (!each.empty()) yaml += "  for_each:\n";
  for (const Each& variable : each) {
    yaml += fmt::format("    {}: [", variable.name);
    for (const std::string& value : variable.values)
      yaml += (yaml.ends_with('[') ? "" : ", ") + in_yaml_quotes(value);
    yaml += "]\n";
  }
  if (!records.empty()) yaml += "  records: " + in_yaml_quotes(records) + "\n";
  if (!add.empty()) yaml += "  add:\n";
  for (const std::string& name : add) yaml += fmt::format("    {0}: '{{{0}}}'\n", name);
  if (!sample.bearer.empty()) {
    LAKEGATE_TRY(const std::string reference, reference_yaml(sample.bearer));
    yaml += "  auth:\n    bearer: " + reference + "\n";
  }
  if (sample.allow_http) yaml += "  allow_http: true\n";
  if (!sample.allow_hosts.empty()) yaml += "  allow_hosts:\n";
  for (const std::string& host : sample.allow_hosts) yaml += "    - " + in_yaml_quotes(host) + "\n";
  return yaml;
}

// The dataset as lake.yaml would have it.
Result<DatasetConfig> parse_dataset(const std::string& yaml, const DatasetName& name,
                                    const Environment& variables) {
  LAKEGATE_TRY(const std::string text, with_dataset("", yaml, name));
  LAKEGATE_TRY(
      Config config,
      parse_config({.text = text, .file = "the new dataset", .env = {}, .variables = variables}));
  return std::move(config.datasets.front());
}

// Where messages name a key of lake.yaml that cures them, here it is an option.
Error with_options(Error error) {
  using Cure = std::pair<std::string_view, std::string_view>;
  for (const auto& [key, option] :
       {Cure{"allow_http", "--allow-http"}, Cure{"allow_hosts", "--allow-host HOST"},
        Cure{"for_each", "--each NAME=VALUE,VALUE"}})
    if (error.message.find(key) != std::string::npos)
      error.message += fmt::format(" (with `lakegate add`: {})", option);
  return error;
}

Error no_sample(const std::string& url, std::string_view why, std::string_view body) {
  return {ErrorKind::kInvalidInput,
          fmt::format("{}: {}, so that no row can be made of it; it begins with {}", url, why,
                      json::shown(body, 60)),
          {}};
}

// What a sample is a reject for, if it gives rejects and no row: the fetch would give no others.
Result<std::string> why_no_row(std::shared_ptr<const Input> reply, const FileSchema& found,
                               const FileRowsOptions& options) {
  struct FirstReject : RowSink {
    Result<void> begin(const Schema&) override { return {}; }
    Result<void> take(const arrow::RecordBatch&, const std::vector<std::int64_t>& rows,
                      const std::vector<Reject>& rejects) override {
      has_rows |= !rows.empty();
      if (message.empty() && !rejects.empty()) message = rejects.front().message;
      return {};
    }
    bool has_rows = false;
    std::string message;
  } first;
  LAKEGATE_TRY(const auto file, open_records(std::move(reply), options.open));
  const Typing typing{
      .known = found.schema, .exact = true, .closed = true, .clean_names = options.clean_names};
  LAKEGATE_CHECK(read_typed(*file, typing, first, options.resources));
  return first.has_rows ? std::string() : first.message;
}

// The first request of the dataset, made.
Result<HttpReply> ask_once(const DatasetConfig& dataset, const Plan& plan) {
  const SourceConfig& source = *dataset.source;
  const FetchServices services{.secrets = open_secrets(), .signer = open_signer()};
  LAKEGATE_TRY(const HttpOptions options, source_http_options(source, 1));
  LAKEGATE_TRY(const auto client, HttpClient::create(options));
  LAKEGATE_TRY(const RequestBuilder requests, RequestBuilder::create(source));
  const auto redactor = std::make_shared<Redactor>();
  LAKEGATE_TRY(const auto authorizer, Authorizer::create(source.auth, requests.origin(),
                                                         {.secrets = services.secrets.get(),
                                                          .client = client.get(),
                                                          .signer = services.signer.get()},
                                                         redactor));
  LAKEGATE_TRY(HttpRequest request, requests.build(plan.sets, 0, {}));
  const std::string shown = redactor->redact(describe(request));
  LAKEGATE_TRY(AuthorizedRequest authorized, authorizer->authorize(std::move(request)));
  auto reply = client->send(std::move(authorized.request));
  if (!reply) {
    reply.error().message = redactor->redact(reply.error().message);
    return reply;
  }
  if (reply->status >= kFirstOfErrors)
    return fail(ErrorKind::kPermanent,
                fmt::format("{} was answered with status {}; the sample must be an answer", shown,
                            reply->status));
  if (reply->status >= 300)
    return invalid_input(fmt::format("{} leads to {}; give that address", shown,
                                     redactor->redact(std::string(reply->header("Location")))));
  return reply;
}

// The only member that is a list of objects, if the reply is an object with one.
std::string records_of(const nlohmann::ordered_json& body) {
  if (!body.is_object()) return "";
  std::string found;
  for (const auto& [name, value] : body.items()) {
    if (!value.is_array() || value.empty() || !value.front().is_object()) continue;
    if (!found.empty()) return "";
    found = name;
  }
  if (found.empty()) return "";
  std::string pointer = "/";
  for (const char c : found) pointer += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  return pointer;
}

// Whether rows have no such member by themselves.
bool rows_lack(const nlohmann::ordered_json& body, const std::string& records,
               const std::string& name) {
  const nlohmann::ordered_json* rows = &body;
  if (!records.empty()) {
    const nlohmann::ordered_json::json_pointer pointer(records);
    if (!body.contains(pointer)) return true;
    rows = &body.at(pointer);
  }
  if (rows->is_array() && !rows->empty()) rows = &rows->front();
  return !rows->is_object() || !rows->contains(name);
}

}  // namespace

bool is_url(const std::string& text) {
  return text.starts_with("http://") || text.starts_with("https://");
}

Result<int> add_source(SourceSample sample, Context& context) {
  if (sample.name.empty()) sample.name = name_from(sample.url);
  const DatasetName name(sample.name);
  std::vector<Each> each;
  for (const std::string& text : sample.each) {
    LAKEGATE_TRY(each.emplace_back(), each_from(text));
  }
  LAKEGATE_CHECK(check_lake_file_is_used(context));
  LAKEGATE_TRY(LakeSession lake, open_lake(context));
  LAKEGATE_TRY(std::string yaml, source_yaml(sample, each, sample.records, {}));
  auto parsed = parse_dataset(yaml, name, context.variables);
  if (!parsed) return Failure(with_options(std::move(parsed).error()));
  DatasetConfig dataset = *std::move(parsed);
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  LAKEGATE_TRY(const Plan plan, make_plan(dataset, now, std::nullopt, *lake.store));
  const auto reply = ask_once(dataset, plan);
  if (!reply) return context.failed(with_options(reply.error()));
  if (const auto problem = json::find_problem(reply->body); problem && !problem->is_soft())
    return context.failed(no_sample(sample.url, why_not_json(reply->body), reply->body));
  // (JSON it is; numbers that are no doubles are more than this parser takes.)
  const auto body = nlohmann::ordered_json::parse(reply->body, nullptr, false);
  if (sample.records.empty()) sample.records = records_of(body);
  std::vector<std::string> add;
  for (const Each& variable : each)
    if (rows_lack(body, sample.records, variable.name)) add.push_back(variable.name);
  LAKEGATE_TRY(yaml, source_yaml(sample, each, sample.records, add));
  LAKEGATE_TRY(dataset, parse_dataset(yaml, name, context.variables));

  LandedReply landed{.parameters = plan.parameters_json(0), .request = sample.url};
  landed.status = reply->status;
  landed.body = reply->body;
  auto& replies = sample.rows.open.replies.emplace();
  replies.records = sample.records;
  for (const NamedTemplate& column : dataset.source->add)
    replies.add.emplace_back(column.name, column.value);
  sample.rows.clean_names = true;
  std::string line;
  append_landed_line(landed, sample.records, line);
  const std::shared_ptr<const Input> input = memory_input(sample.url, std::move(line));
  const auto found = schema_of_file(input, sample.rows, context);
  if (!found) return context.failed(found.error());
  LAKEGATE_TRY(const std::string why, why_no_row(input, *found, sample.rows));
  if (!why.empty()) return context.failed(no_sample(sample.url, why, reply->body));
  Schema schema = found->schema;
  std::erase_if(schema.fields, [&](const Field& field) {
    return std::ranges::find(found->columns_without_value, field.name) !=
           found->columns_without_value.end();
  });
  if (!schema.fields.empty()) yaml += "schema:\n" + to_yaml(schema, 2);

  LAKEGATE_TRY(const LakeFile file, read_lake_file(*lake.store));
  LAKEGATE_TRY(const std::string text, with_folders(file.text, lake, name));
  LAKEGATE_TRY(const std::string edited, with_dataset(text, yaml, name));
  if (!sample.dry_run) LAKEGATE_CHECK(write_lake_file(*lake.store, file, edited));
  if (context.json()) {
    print_json(context.out, {{"dataset", name.str()},
                             {"url", sample.url},
                             {"records", sample.records},
                             {"dry_run", sample.dry_run},
                             {"schema", json_of(schema)}});
    return 0;
  }
  LAKEGATE_TRY(const std::string shown, with_dataset("", yaml, name));
  context.out.write(shown);
  if (sample.dry_run) {
    context.note("nothing was written");
    return 0;
  }
  context.note(fmt::format("dataset {} is in lake.yaml, with {}. Next:\n  lakegate fetch {}{}",
                           name.str(), counted(schema.fields.size(), "column"), name.str(),
                           lake.location == "." ? "" : " --lake " + lake.location));
  return 0;
}

}  // namespace lakegate::cli
