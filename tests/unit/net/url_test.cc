#include "net/url.h"

#include <gtest/gtest.h>

namespace lakegate {
namespace {

std::string read(std::string_view text) {
  const auto url = parse_url(text);
  return url ? to_string(*url) : "refused";
}

TEST(Url, IsTakenApart) {
  const Url url = parse_url("HTTPS://API.Example.com:8443/a/b?c=d#e").value();
  EXPECT_EQ(url.origin, (HttpOrigin{.host = "api.example.com", .port = 8443, .tls = true}));
  EXPECT_EQ(url.target, "/a/b?c=d");
  EXPECT_EQ(parse_url("http://[2001:DB8::1]/")->origin,
            (HttpOrigin{.host = "2001:db8::1", .port = 80, .tls = false}));
}

TEST(Url, IsWrittenTheSameWay) {
  EXPECT_EQ(read("https://example.com"), "https://example.com/");
  EXPECT_EQ(read("https://example.com:443?a"), "https://example.com/?a");
  EXPECT_EQ(read("http://example.com:/x"), "http://example.com/x");
  EXPECT_EQ(read("http://[::1]:8080/x"), "http://[::1]:8080/x");
  EXPECT_EQ(read("https://example.com/ü \"<>"), "https://example.com/%C3%BC%20%22%3C%3E");
  EXPECT_EQ(read("https://example.com/%2F%zz"), "https://example.com/%2F%zz");
}

TEST(Url, IsRefusedWhereItCouldMeanSomethingElse) {
  for (const char* text : {"",
                           "example.com",
                           "/x",
                           "ftp://example.com",
                           "file:///etc/passwd",
                           "https:/example.com",
                           "https://",
                           "https:///x",
                           "https://a@example.com",
                           "https://a:b@example.com/",
                           "https://good.example.com\\@evil.example.com/",
                           "https://example.com\\x",
                           "https://example.com/a\\b",
                           "https://example.com/a\r\nHost: x",
                           "https://example.com/\t",
                           "https://exa mple.com/",
                           "https://ex%61mple.com/",
                           "https://exämple.com/",
                           "https://example..com/",
                           "https://.example.com/",
                           "https://example.com:0/",
                           "https://example.com:65536/",
                           "https://example.com:80a/",
                           "https://[::1/",
                           "https://[::1]x/",
                           "https://[example.com]/",
                           "https://[fe80::1%25eth0]/",
                           "https://::1/"})
    EXPECT_EQ(read(text), "refused") << text;
}

// RFC 3986, 5.4, as far as it has to do with http.
TEST(Url, ReferencesAreResolved) {
  const Url base = parse_url("http://a/b/c/d;p?q").value();
  const std::pair<const char*, const char*> cases[] = {
      {"http://h/g", "http://h/g"}, {"g", "http://a/b/c/g"},
      {"./g", "http://a/b/c/g"},    {"g/", "http://a/b/c/g/"},
      {"/g", "http://a/g"},         {"//g", "http://g/"},
      {"?y", "http://a/b/c/d;p?y"}, {"g?y", "http://a/b/c/g?y"},
      {"#s", "http://a/b/c/d;p?q"}, {"g#s", "http://a/b/c/g"},
      {";x", "http://a/b/c/;x"},    {"", "http://a/b/c/d;p?q"},
      {".", "http://a/b/c/"},       {"./", "http://a/b/c/"},
      {"..", "http://a/b/"},        {"../", "http://a/b/"},
      {"../g", "http://a/b/g"},     {"../..", "http://a/"},
      {"../../g", "http://a/g"},    {"../../../g", "http://a/g"},
      {"/./g", "http://a/g"},       {"/../g", "http://a/g"},
      {"g.", "http://a/b/c/g."},    {"..g", "http://a/b/c/..g"},
      {"./../g", "http://a/b/g"},   {"g/./h", "http://a/b/c/g/h"},
      {"g/../h", "http://a/b/c/h"}, {"g?y/../x", "http://a/b/c/g?y/../x"},
      {" g ", "http://a/b/c/g"},    {"g:h/x", "refused"},
      {"javascript:x", "refused"},  {"//a:b@g", "refused"}};
  for (const auto& [reference, meant] : cases) {
    const auto url = resolve_url(base, reference);
    EXPECT_EQ(url ? to_string(*url) : "refused", meant) << reference;
  }
}

}  // namespace
}  // namespace lakegate
