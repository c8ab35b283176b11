#include "aws/xml.h"

#include <aws/common/xml_parser.h>
#include <fmt/format.h>

#include "net/crt_handle.h"

namespace lakegate {
namespace {

constexpr std::size_t kDepth = 16;

Result<std::string> unescaped(aws_byte_cursor text) {
  aws_byte_buf buffer = {};
  if (aws_byte_buf_init(&buffer, aws_default_allocator(), text.len + 1) != AWS_OP_SUCCESS)
    return fail(ErrorKind::kRetryable, "out of memory");
  const std::unique_ptr<aws_byte_buf, CrtRelease<aws_byte_buf_clean_up>> clean(&buffer);
  if (aws_byte_buf_append_unescaped_xml(aws_default_allocator(), text, &buffer) != AWS_OP_SUCCESS)
    return fail(ErrorKind::kPermanent, "an entity that XML does not know");
  return std::string(reinterpret_cast<const char*>(buffer.buffer), buffer.len);
}

struct Reading {
  XmlNode* parent;
  std::string_view document;
};

int read_node(aws_xml_node* node, void* user_data) {
  const Reading& reading = *static_cast<Reading*>(user_data);
  XmlNode& made = reading.parent->children.emplace_back();
  std::string_view name = to_view(aws_xml_node_get_name(node));
  // The parser descends into a node or gives its text, not both, and does not say which it has. But
  // names are views into the document, so the text of a leaf can be found behind its name.
  const auto after_name =
      static_cast<std::size_t>(name.data() + name.size() - reading.document.data());
  const std::size_t tag_end =
      reading.document.find('>', after_name - (name.ends_with('/') ? 1 : 0));
  if (tag_end == std::string_view::npos) return aws_raise_error(AWS_ERROR_INVALID_XML);
  const bool empty = reading.document[tag_end - 1] == '/';
  if (name.ends_with('/')) name.remove_suffix(1);
  made.name = name;
  if (empty) return AWS_OP_SUCCESS;
  const std::size_t text_end = reading.document.find('<', tag_end);
  if (text_end == std::string_view::npos) return aws_raise_error(AWS_ERROR_INVALID_XML);
  Reading inner{&made, reading.document};
  if (aws_xml_node_traverse(node, read_node, &inner) != AWS_OP_SUCCESS) return AWS_OP_ERR;
  if (!made.children.empty()) return AWS_OP_SUCCESS;
  auto text = unescaped(to_cursor(reading.document.substr(tag_end + 1, text_end - tag_end - 1)));
  if (!text) return aws_raise_error(AWS_ERROR_INVALID_XML);
  made.text = std::move(*text);
  return AWS_OP_SUCCESS;
}

}  // namespace

const XmlNode* XmlNode::child(std::string_view child_name) const {
  for (const XmlNode& node : children)
    if (node.name == child_name) return &node;
  return nullptr;
}

std::string_view XmlNode::text_of(std::string_view child_name) const {
  const XmlNode* node = child(child_name);
  return node != nullptr ? std::string_view(node->text) : std::string_view();
}

Result<XmlNode> parse_xml(std::string_view document) {
  XmlNode above;
  Reading reading{&above, document};
  const aws_xml_parser_options options = {.doc = to_cursor(document),
                                          .max_depth = kDepth,
                                          .on_root_encountered = read_node,
                                          .user_data = &reading};
  if (aws_xml_parse(aws_default_allocator(), &options) != AWS_OP_SUCCESS || above.children.empty())
    return fail(ErrorKind::kPermanent,
                fmt::format("a reply that is no XML: {}", document.substr(0, 200)));
  return std::move(above.children.front());
}

std::string xml_escape(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

}  // namespace lakegate
