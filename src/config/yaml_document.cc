#include "config/yaml_document.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>

#include <algorithm>
#include <sstream>

#include "config/environment.h"
#include "lake/utf8.h"

namespace lakegate {
namespace {

constexpr std::size_t kLongestFile = 4 * 1024 * 1024;
constexpr std::size_t kMostProblems = 50;    // told
constexpr std::size_t kProblemsKept = 1000;  // a file of nothing but errors must not take forever

bool is_any_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

std::size_t skip_digits(std::string_view text, std::size_t pos) {
  while (pos < text.size() && text[pos] >= '0' && text[pos] <= '9') ++pos;
  return pos;
}

// [-+]digits, or a number with a fraction or an exponent.
ScalarType number_type(std::string_view text) {
  std::size_t pos = text.starts_with('-') || text.starts_with('+') ? 1 : 0;
  const std::size_t first = pos;
  pos = skip_digits(text, pos);
  std::size_t digits = pos - first;
  if (digits > 0 && pos == text.size()) return ScalarType::kInteger;
  if (pos < text.size() && text[pos] == '.') {
    const std::size_t fraction = pos + 1;
    pos = skip_digits(text, fraction);
    digits += pos - fraction;
  }
  if (digits == 0) return ScalarType::kText;
  if (pos < text.size() && (text[pos] == 'e' || text[pos] == 'E')) {
    ++pos;
    if (pos < text.size() && (text[pos] == '-' || text[pos] == '+')) ++pos;
    const std::size_t exponent = pos;
    pos = skip_digits(text, pos);
    if (pos == exponent) return ScalarType::kText;
  }
  return pos == text.size() ? ScalarType::kNumber : ScalarType::kText;
}

// Knows where the last document began and nothing else.
class DocumentStarts : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& mark) override { last_ = mark; }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t,
                const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}
  const YAML::Mark& last() const { return last_; }

 private:
  YAML::Mark last_;
};

// Where something begins after the first document. yaml-cpp's Load would pass it over in silence,
// and its LoadAll does not come to an end on some stray characters.
std::optional<YAML::Mark> find_second_document(const std::string& text) {
  std::istringstream stream(text);
  YAML::Parser parser(stream);
  DocumentStarts starts;
  if (!parser.HandleNextDocument(starts) || !parser) return std::nullopt;
  parser.HandleNextDocument(starts);
  return starts.last();
}

}  // namespace

bool is_quoted(const YAML::Node& node) {
  return node.Tag() == "!" || node.Tag() == "tag:yaml.org,2002:str";
}

ScalarType scalar_type(const YAML::Node& node) {
  if (node.IsNull()) return ScalarType::kNull;
  if (!node.IsScalar() || is_quoted(node)) return ScalarType::kText;
  const std::string& text = node.Scalar();
  if (is_any_of(text, {"", "~", "null", "Null", "NULL"})) return ScalarType::kNull;
  if (is_any_of(text, {"true", "True", "TRUE", "false", "False", "FALSE"}))
    return ScalarType::kFlag;
  if (is_any_of(text, {".inf", "-.inf", "+.inf", ".nan", ".NaN"})) return ScalarType::kNumber;
  return number_type(text);
}

std::string_view describe(const YAML::Node& node) {
  if (node.IsMap()) return "a mapping";
  if (node.IsSequence()) return "a list";
  switch (scalar_type(node)) {
    case ScalarType::kNull:
      return "empty";
    case ScalarType::kFlag:
      return "true or false";
    case ScalarType::kInteger:
    case ScalarType::kNumber:
      return "a number";
    default:
      return "a text";
  }
}

std::vector<YamlEntry> entries(const YAML::Node& map) {
  std::vector<YamlEntry> found;
  for (const auto& entry : map)
    if (entry.first.IsScalar())
      found.push_back({entry.first.Scalar(), entry.first.Mark(), entry.second});
  return found;
}

std::optional<YamlEntry> find_entry(const YAML::Node& map, std::string_view name) {
  for (const auto& entry : map)
    if (entry.first.IsScalar() && entry.first.Scalar() == name)
      return YamlEntry{std::string(name), entry.first.Mark(), entry.second};
  return std::nullopt;
}

Where where_of(const std::string& file, const YAML::Mark& mark) {
  if (mark.is_null()) return {.file = file};
  return {.file = file,
          .line = static_cast<std::uint64_t>(mark.line) + 1,
          .column = static_cast<std::uint64_t>(mark.column) + 1};
}

Result<YAML::Node> YamlDocument::load(std::string_view text) const {
  const auto refuse = [&](std::string message, const YAML::Mark& mark = YAML::Mark::null_mark()) {
    return invalid_input(std::move(message), where_of(file_, mark));
  };
  if (text.size() > kLongestFile)
    return refuse(fmt::format("is larger than {} MiB", kLongestFile / 1024 / 1024));
  if (!is_utf8(text)) return refuse("is not UTF-8; save it as UTF-8");
  if (text.find('\0') != std::string_view::npos) return refuse("contains a NUL byte");
  try {
    const std::string copy(text);
    if (const auto second = find_second_document(copy))
      return refuse("holds something after its first YAML document; remove it", *second);
    return YAML::Load(copy);
  } catch (const YAML::ParserException& e) {
    return refuse(fmt::format("is not YAML: {}; check indentation, quotes and brackets", e.msg),
                  e.mark);
  } catch (const YAML::Exception& e) {
    return refuse(fmt::format("cannot be read as YAML: {}", e.msg), e.mark);
  }
}

void YamlDocument::problem(const YAML::Mark& mark, std::string message) {
  add({where_of(file_, mark), std::move(message)});
}

void YamlDocument::add(Problem problem) {
  if (problems_.size() >= kProblemsKept) return;
  if (std::find(problems_.begin(), problems_.end(), problem) != problems_.end()) return;
  const auto later = [](const Problem& a, const Problem& b) {
    return std::pair(a.where.line, a.where.column) < std::pair(b.where.line, b.where.column);
  };
  const auto at = std::upper_bound(problems_.begin(), problems_.end(), problem, later);
  problems_.insert(at, std::move(problem));
}

Error YamlDocument::error() const {
  Error error{ErrorKind::kInvalidInput, problems_.front().message, problems_.front().where};
  for (std::size_t i = 1; i < problems_.size() && i < kMostProblems; ++i)
    error.message +=
        "\n" +
        Error{ErrorKind::kInvalidInput, problems_[i].message, problems_[i].where}.to_string();
  if (problems_.size() > kMostProblems)
    error.message += fmt::format("\nand {} more", problems_.size() - kMostProblems);
  return error;
}

YamlDocument YamlDocument::fresh() const {
  YamlDocument document(file_, *variables_);
  document.expands_ = expands_;
  return document;
}

void YamlDocument::take_problems(const YamlDocument& other) {
  for (const Problem& problem : other.problems_) add(problem);
}

std::optional<std::string> YamlDocument::text(const YAML::Node& node, const YAML::Mark& mark) {
  if (!expands_) return node.Scalar();
  auto expanded = expand_variables(node.Scalar(), *variables_);
  if (expanded) return *expanded;
  problem(mark, expanded.error().message);
  return std::nullopt;
}

}  // namespace lakegate
