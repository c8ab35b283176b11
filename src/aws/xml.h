// The small XML documents that AWS answers with, as a tree. No attributes, no mixed content.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lake/error.h"

namespace lakegate {

struct XmlNode {
  std::string name;
  std::string text;  // where it has no children; entities resolved
  std::vector<XmlNode> children;

  const XmlNode* child(std::string_view child_name) const;      // the first, or null
  std::string_view text_of(std::string_view child_name) const;  // empty where there is none
};

// The root element. kPermanent for what is not XML.
Result<XmlNode> parse_xml(std::string_view document);

// `text` as the content of an element.
std::string xml_escape(std::string_view text);

}  // namespace lakegate
