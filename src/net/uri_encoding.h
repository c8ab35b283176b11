// URI encoding: everything but A-Z a-z 0-9 - . _ ~ as %XX with upper-case digits (RFC 3986, 2.3),
// which is also what SigV4 wants
// (https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html, UriEncode).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "net/http.h"

namespace lakegate {

std::string uri_encode(std::string_view text);       // "/" becomes %2F
std::string uri_encode_path(std::string_view path);  // "/" stays
// "a=1&b=%20", without a leading "?"; in the order given.
std::string query_string(const std::vector<HttpHeader>& query);
// %XX as the byte it stands for, and "+" as itself; what is no escape stays as it is.
std::string uri_decode(std::string_view text);

}  // namespace lakegate
