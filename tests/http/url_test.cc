#include "http/url.h"

#include <gtest/gtest.h>

#include <ostream>

#include "base/error.h"

namespace medimirror {
namespace {

struct Resolved {
  const char* reference;
  const char* expected;
};

// With the fragment, which text() leaves out.
std::string whole(const Url& url) {
  return url.fragment ? url.text() + "#" + *url.fragment : url.text();
}

TEST(ResolveUrl, TakesTheNormalExamplesOfRfc3986) {
  const Url base = *parse_url("http://a/b/c/d;p?q");
  const Resolved rows[] = {
      {"g:h", "g:h"},
      {"g", "http://a/b/c/g"},
      {"./g", "http://a/b/c/g"},
      {"g/", "http://a/b/c/g/"},
      {"/g", "http://a/g"},
      {"//g", "http://g/"},  // the RFC leaves the path empty; an http URL with a host has at least "/"
      {"?y", "http://a/b/c/d;p?y"},
      {"g?y", "http://a/b/c/g?y"},
      {"#s", "http://a/b/c/d;p?q#s"},
      {"g#s", "http://a/b/c/g#s"},
      {"g?y#s", "http://a/b/c/g?y#s"},
      {";x", "http://a/b/c/;x"},
      {"g;x", "http://a/b/c/g;x"},
      {"g;x?y#s", "http://a/b/c/g;x?y#s"},
      {"", "http://a/b/c/d;p?q"},
      {".", "http://a/b/c/"},
      {"./", "http://a/b/c/"},
      {"..", "http://a/b/"},
      {"../", "http://a/b/"},
      {"../g", "http://a/b/g"},
      {"../..", "http://a/"},
      {"../../", "http://a/"},
      {"../../g", "http://a/g"},
  };
  for (const Resolved& row : rows) {
    const auto url = resolve_url(base, row.reference);
    ASSERT_TRUE(url) << row.reference;
    EXPECT_EQ(whole(*url), row.expected) << row.reference;
  }
}

TEST(ResolveUrl, TakesTheAbnormalExamplesOfRfc3986) {
  const Url base = *parse_url("http://a/b/c/d;p?q");
  const Resolved rows[] = {
      {"../../../g", "http://a/g"},
      {"../../../../g", "http://a/g"},
      {"/./g", "http://a/g"},
      {"/../g", "http://a/g"},
      {"g.", "http://a/b/c/g."},
      {".g", "http://a/b/c/.g"},
      {"g..", "http://a/b/c/g.."},
      {"..g", "http://a/b/c/..g"},
      {"./../g", "http://a/b/g"},
      {"./g/.", "http://a/b/c/g/"},
      {"g/./h", "http://a/b/c/g/h"},
      {"g/../h", "http://a/b/c/h"},
      {"g;x=1/./y", "http://a/b/c/g;x=1/y"},
      {"g;x=1/../y", "http://a/b/c/y"},
      {"g?y/./x", "http://a/b/c/g?y/./x"},
      {"g?y/../x", "http://a/b/c/g?y/../x"},
      {"g#s/./x", "http://a/b/c/g#s/./x"},
      {"g#s/../x", "http://a/b/c/g#s/../x"},
  };
  for (const Resolved& row : rows) {
    const auto url = resolve_url(base, row.reference);
    ASSERT_TRUE(url) << row.reference;
    EXPECT_EQ(whole(*url), row.expected) << row.reference;
  }
  // §5.4.2: the strict reading. The lenient one ("http://a/b/c/g") is for old browsers; here it has no host:
  // no URL.
  EXPECT_FALSE(resolve_url(base, "http:g"));
}

TEST(ResolveUrl, TakesWhatListingsHold) {
  const Url base = *parse_url("https://media.medipim.be");
  const Resolved rows[] = {
      {"media/huge/1.jpeg", "https://media.medipim.be/media/huge/1.jpeg"},
      {"/media/huge/1.jpeg?v=2", "https://media.medipim.be/media/huge/1.jpeg?v=2"},
      {"//assets.medipim.be/1.jpg", "https://assets.medipim.be/1.jpg"},
      {"HTTPS://Assets.Medipim.BE/A.jpg", "https://assets.medipim.be/A.jpg"},
      {" /spaces around.jpg\n", "https://media.medipim.be/spaces%20around.jpg"},
      {"/crème.jpg", "https://media.medipim.be/cr%C3%A8me.jpg"},
      {"/already%20there%2Fkept", "https://media.medipim.be/already%20there%2Fkept"},
      {"/100%.jpg", "https://media.medipim.be/100%25.jpg"},
      {"/100%2", "https://media.medipim.be/100%252"},
      {"/a\"b<c>d\\e^f`g{h|i}", "https://media.medipim.be/a%22b%3Cc%3Ed%5Ce%5Ef%60g%7Bh%7Ci%7D"},
      {"/x?filter[a]=1&b= 2", "https://media.medipim.be/x?filter[a]=1&b=%202"},
      {"https://media.medipim.be:443/x", "https://media.medipim.be:443/x"},
      {"https://a.b?q", "https://a.b/?q"},
      {"https://[2001:DB8::1]:8443/x", "https://[2001:db8::1]:8443/x"},
      {"/a//b", "https://media.medipim.be/a//b"},
  };
  for (const Resolved& row : rows) {
    const auto url = resolve_url(base, row.reference);
    ASSERT_TRUE(url) << row.reference;
    EXPECT_EQ(url->text(), row.expected) << row.reference;
  }
}

TEST(ParseUrl, RefusesWhatIsNoUrl) {
  const std::string rows[] = {"",
                              "  ",
                              "media/1.jpg",
                              "//host/x",
                              "http:",
                              "http://",
                              "http:///x",
                              "https://?x",
                              "http://a b/",
                              "http://a\\b/",
                              "http://good.example\\@evil.example/",
                              "http://a:0/",
                              "http://a:65536/",
                              "http://a:8x/",
                              "http://a:-1/",
                              "http://[::1/",
                              "http://[::g]/",
                              "http://[fe80::1%25eth0]/",
                              "http://%65vil.example/",
                              "http://crème.be/",
                              "http://a/\x01",
                              "http://a/x\ny",
                              std::string("http://a/\0x", 11),
                              "http://" + std::string(254, 'a') + "/",
                              "http://a/" + std::string(8192, 'x'),
                              "1http://a/",
                              "http//a/"};
  for (const std::string& text : rows) EXPECT_FALSE(parse_url(text)) << text;
}

TEST(ParseUrl, TellsUserAndHostApart) {
  const auto url = parse_url("https://user:p@ss@Host.example:8443/p?q#f");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->userinfo, "user:p@ss");
  EXPECT_EQ(url->host, "host.example");
  EXPECT_EQ(url->port, 8443);
  EXPECT_EQ(url->text(), "https://host.example:8443/p?q");
  EXPECT_EQ(url->origin(), "https://host.example:8443");
}

TEST(ParseUrl, NamesTheSameOriginAlike) {
  EXPECT_EQ(parse_url("https://A.example:443/x")->origin(), "https://a.example");
  EXPECT_EQ(parse_url("http://a.example:80")->origin(), "http://a.example");
  EXPECT_EQ(parse_url("http://a.example:443")->origin(), "http://a.example:443");
  EXPECT_EQ(parse_url("http://a.example:/x")->origin(), "http://a.example");
}

TEST(DisplayUrl, HidesSecretsAndKeepsTheRest) {
  const Resolved rows[] = {
      {"https://user:password@host/x", "https://host/x"},
      {"https://h/x?v=2&size=huge", "https://h/x?v=2&size=huge"},
      {"https://h/x?api_key=abc&v=2", "https://h/x?api_key=…&v=2"},
      {"https://h/x?X-Amz-Signature=ab&X-Amz-Date=20260101",
       "https://h/x?X-Amz-Signature=…&X-Amz-Date=20260101"},
      {"https://h/x?sv=1;sig=ab", "https://h/x?sv=1;sig=…"},
      {"https://h/x?t=0123456789abcdef0123456789abcdef", "https://h/x?t=…"},
      {"https://h/x?0123456789abcdef0123456789abcdef", "https://h/x?…"},
      {"https://h/x?name=a-long-name-without-any-figure", "https://h/x?name=a-long-name-without-any-figure"},
      {"https://h/x?", "https://h/x?"},
  };
  for (const Resolved& row : rows)
    EXPECT_EQ(parse_url(row.reference)->display(), row.expected) << row.reference;
}

TEST(HostAllowList, AllowsWhatIsOnIt) {
  const HostAllowList list(
      {"media.medipim.be", "Assets.example:8443", "*.cdn.example", "plain.example:80", "[::1]:8080"});
  const char* allowed[] = {"https://media.medipim.be/x", "http://media.medipim.be:8080/x",
                           "https://MEDIA.medipim.be/x", "https://assets.example:8443",
                           "https://a.cdn.example/x",    "https://a.b.cdn.example/x",
                           "http://plain.example/x",     "http://[::1]:8080/x"};
  for (const char* url : allowed) EXPECT_EQ(list.refusal(*parse_url(url)), std::nullopt) << url;

  const char* refused[] = {"https://media.medipim.be.evil.example/x",
                           "https://evilmedia.medipim.be/x",
                           "https://medipim.be/x",
                           "https://assets.example/x",
                           "https://cdn.example/x",
                           "https://evilcdn.example/x",
                           "https://plain.example/x",
                           "http://[::1]/x",
                           "ftp://media.medipim.be/x",
                           "https://user@media.medipim.be/x",
                           "https://media.medipim.be@evil.example/x",
                           "https://media.medipim.be./x"};
  for (const char* url : refused) EXPECT_TRUE(list.refusal(*parse_url(url))) << url;
}

TEST(HostAllowList, RefusesEntriesThatCannotBeMeant) {
  for (const char* entry :
       {"", "*", "*.", "https://media.medipim.be", "media.medipim.be/x", "a*.example", "a b", "a:x"})
    EXPECT_THROW(HostAllowList({entry}), Error) << entry;
}

TEST(DiffersInQueryOnly, LooksAtTheQueryAlone) {
  EXPECT_TRUE(differs_in_query_only("https://h/x?v=1", "https://h/x?v=2"));
  EXPECT_TRUE(differs_in_query_only("https://h/x", "https://H:443/x?v=2"));
  EXPECT_FALSE(differs_in_query_only("https://h/x?v=1", "https://h/x?v=1"));
  EXPECT_FALSE(differs_in_query_only("https://h/x?v=1", "https://h/y?v=2"));
  EXPECT_FALSE(differs_in_query_only("https://h/x?v=1", "http://h/x?v=2"));
  EXPECT_FALSE(differs_in_query_only("x?v=1", "x?v=2"));
}

TEST(PrivateAddress, KnowsTheRangesAndTheirEdges) {
  const char* hidden[] = {"0.0.0.0",
                          "0.1.2.3",
                          "10.0.0.0",
                          "10.255.255.255",
                          "100.64.0.0",
                          "100.127.1.1",
                          "127.0.0.1",
                          "127.255.255.255",
                          "169.254.169.254",
                          "172.16.0.0",
                          "172.31.255.255",
                          "192.0.0.8",
                          "192.168.0.1",
                          "198.18.0.1",
                          "198.19.255.255",
                          "224.0.0.1",
                          "239.1.1.1",
                          "240.0.0.1",
                          "255.255.255.255",
                          "::",
                          "::1",
                          "[::1]",
                          "fc00::1",
                          "fdff::1",
                          "fe80::1",
                          "fe80::1%eth0",
                          "fec0::1",
                          "ff02::1",
                          "::ffff:10.0.0.1",
                          "::ffff:127.0.0.1",
                          "::ffff:7f00:1",
                          "::127.0.0.1",
                          "64:ff9b::10.0.0.1",
                          "64:ff9b:1::1",
                          "2002:7f00:1::",
                          "2001:0:4136:e378:8000:63bf:3fff:fdd2",
                          "2001:db8::1"};
  for (const char* ip : hidden) EXPECT_TRUE(is_private_address(ip)) << ip;
  const char* open[] = {"1.1.1.1",
                        "9.255.255.255",
                        "11.0.0.0",
                        "100.63.255.255",
                        "100.128.0.0",
                        "126.255.255.255",
                        "128.0.0.1",
                        "169.253.1.1",
                        "172.15.255.255",
                        "172.32.0.0",
                        "192.0.1.0",
                        "192.167.1.1",
                        "192.169.0.0",
                        "198.17.255.255",
                        "198.20.0.0",
                        "223.255.255.255",
                        "2001:4860:4860::8888",
                        "::ffff:8.8.8.8",
                        "64:ff9b::8.8.8.8",
                        "2a00::1",
                        "media.medipim.be",
                        ""};
  for (const char* ip : open) EXPECT_FALSE(is_private_address(ip)) << ip;
}

TEST(PrivateHost, SeesThroughNotation) {
  for (const char* host : {"localhost", "localhost.", "a.localhost", "2130706433", "0x7f.1", "0x7f000001",
                           "0177.0.0.1", "127.1", "[::ffff:127.0.0.1]", "10.0.0.1", "10.0.0.1."})
    EXPECT_TRUE(is_private_host(host)) << host;
  for (const char* host : {"media.medipim.be", "8.8.8.8", "134744072", "[2a00::1]", "localhost.example"})
    EXPECT_FALSE(is_private_host(host)) << host;
}

TEST(LoopbackHost, TakesThePlainFormsOnly) {
  for (const char* host : {"localhost", "127.0.0.1", "127.8.9.10", "[::1]", "::1"})
    EXPECT_TRUE(is_loopback_host(host)) << host;
  for (const char* host : {"localhost.evil.example", "a.localhost", "localhost.", "127.0.0.1.evil.example",
                           "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "127.0.0.01", "128.0.0.1", "[::2]",
                           "[::ffff:127.0.0.1]", "[127.0.0.1]", "0.0.0.0", ""})
    EXPECT_FALSE(is_loopback_host(host)) << host;
}

}  // namespace
}  // namespace medimirror
