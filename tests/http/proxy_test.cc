#include "http/proxy.h"

#include <gtest/gtest.h>

namespace medimirror {
namespace {

TEST(ProxySettings, ChoosesBySchemeAndFallsBackToAll) {
  const ProxySettings settings{"http://plain:1", "", "http://all:3", {}};
  EXPECT_EQ(settings.proxy_for(*parse_url("http://a/")), "http://plain:1");
  EXPECT_EQ(settings.proxy_for(*parse_url("https://a/")), "http://all:3");
  EXPECT_EQ(ProxySettings{}.proxy_for(*parse_url("https://a/")), "");
}

TEST(ProxySettings, LeavesOutWhatNoProxyNames) {
  struct Row {
    const char* no_proxy;
    const char* url;
    bool direct;
  };
  const Row rows[] = {
      {"*", "https://a.example/", true},
      {"", "https://a.example/", false},
      {"b.example, A.Example", "https://a.example/", true},
      {"b.example a.example", "https://a.example:8443/", true},
      {"example", "https://a.example/", true},
      {".example", "https://a.example/", true},
      {".a.example", "https://a.example/", true},
      {"a.example", "https://ba.example/", false},
      {"a.example", "https://a.example.org/", false},
      {"10.0.0.0/8", "http://10.1.2.3/", true},
      {"10.0.0.0/8", "http://11.1.2.3/", false},
      {"10.0.0.0/33", "http://10.1.2.3/", false},
      {"10.0.0.0/x", "http://10.0.0.0/", false},
      {"127.0.0.1", "http://127.0.0.1:8080/", true},
      {"127.0.0.1", "http://127.0.0.2/", false},
      {"2001:db8::/32", "http://[2001:db8:1::1]/", true},
      {"2001:db8::/32", "http://[2001:db9::1]/", false},
      {"::1", "http://[::1]:80/", true},
  };
  for (const Row& row : rows) {
    const ProxySettings settings{"http://p:1", "http://p:1", "", ProxySettings::parse_no_proxy(row.no_proxy)};
    EXPECT_EQ(settings.proxy_for(*parse_url(row.url)).empty(), row.direct) << row.no_proxy << " " << row.url;
  }
}

}  // namespace
}  // namespace medimirror
