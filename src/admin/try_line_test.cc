#include "admin/try_line.h"

#include <gtest/gtest.h>

namespace gatehouse::admin {
namespace {

/// One listener with one route to `target`.
class TryLineTest : public testing::Test {
 protected:
  std::string line(snapshot::RouteEntry entry) {
    auto backend = std::make_shared<snapshot::Backend>();
    backend->target = target_;
    auto rule = std::make_shared<snapshot::Rule>();
    rule->backends.push_back({.backend = std::move(backend)});
    entry.rule = std::move(rule);
    snapshot_.ports.clear();
    snapshot::Port& port = snapshot_.ports.emplace_back();
    port.tls = tls_;
    port.clients = clients_;
    port.proxy_protocol = proxy_protocol_;
    port.listeners.emplace_back().routes = snapshot::RouteTable({std::move(entry)});
    const std::vector<RouteOverview> rows = overview(snapshot_);
    const std::vector<Offer> offers{{rows.data(), "127.0.0.1:1"}};
    return tryLine(offers);
  }

  /// The simulated model's line up to what is sent.
  std::string start(snapshot::RouteEntry entry) {
    const std::string text = line(std::move(entry));
    return text.substr(0, text.find(" -H 'content-type"));
  }

  static snapshot::RouteEntry entry(snapshot::PathKind kind, const std::string& path) {
    snapshot::RouteEntry made;
    made.path_kind = kind;
    made.path = path;
    if (kind == snapshot::PathKind::kRegularExpression) {
      made.path_pattern = *Pattern::compile(path);
    }
    return made;
  }
  static snapshot::RouteEntry prefix(const std::string& path) {
    return entry(snapshot::PathKind::kPrefix, path);
  }

  decltype(snapshot::Backend::target) target_ = snapshot::SimulatedBackend{};
  bool tls_ = false;
  snapshot::ClientValidation clients_;
  std::optional<snapshot::ProxyProtocol> proxy_protocol_;
  snapshot::Snapshot snapshot_;
};

TEST_F(TryLineTest, IsAWholeCommand) {
  EXPECT_EQ(
      line(prefix("/sim")),
      "curl http://127.0.0.1:1/sim/v1/chat/completions -H 'content-type: application/json' -d "
      "'{\"model\":\"sim/echo\",\"messages\":[{\"role\":\"user\",\"content\":\"Hello!\"}]}'"
  );
}

TEST_F(TryLineTest, ThePathIsOneThatTheRouteTakes) {
  using enum snapshot::PathKind;
  const std::string base = "curl http://127.0.0.1:1";
  const std::string chat = "/v1/chat/completions";
  EXPECT_EQ(start(prefix("/")), base + chat);
  EXPECT_EQ(start(prefix("/x/")), base + "/x" + chat);
  EXPECT_EQ(start(prefix("/v1")), base + chat);
  EXPECT_EQ(start(entry(kExact, "/ask")), base + "/ask");
  EXPECT_EQ(start(entry(kRegularExpression, "/api/.*")), base + "/api" + chat);
  EXPECT_EQ(start(entry(kRegularExpression, "/a(b|c)d")), "");
  EXPECT_EQ(start(entry(kExact, "/v1/embeddings")), "") << "that is no chat";
  EXPECT_EQ(start(prefix("/a b")), "") << "that is no URL";
}

TEST_F(TryLineTest, ConditionsAreMet) {
  snapshot::RouteEntry wanted = prefix("/x");
  wanted.headers.push_back({.name = "x-case", .value = "it's", .pattern = {}});
  wanted.query.push_back({.name = "q", .value = "a b", .pattern = {}});
  EXPECT_EQ(
      start(wanted), "curl 'http://127.0.0.1:1/x/v1/chat/completions?q=a%20b' -H 'x-case: it'\\''s'"
  );
  wanted.headers.front().pattern = *Pattern::compile("[0-9]+");
  EXPECT_EQ(start(wanted), "");
  wanted = prefix("/x");
  wanted.method = "GET";
  EXPECT_EQ(start(wanted), "") << "a chat is a POST";
}

TEST_F(TryLineTest, NamesAreSent) {
  snapshot::RouteEntry named = prefix("/");
  named.hostname = "*.example.com";
  EXPECT_EQ(start(named), "curl http://127.0.0.1:1/v1/chat/completions -H 'host: try.example.com'");
  tls_ = true;
  EXPECT_EQ(
      start(named),
      "curl -k https://try.example.com:1/v1/chat/completions --resolve try.example.com:1:127.0.0.1"
  );
}

TEST_F(TryLineTest, TheDoorIsOpened) {
  tls_ = true;
  clients_ = {.ca_pem = "ca", .required = true};
  EXPECT_EQ(
      start(prefix("/")),
      "curl -k --cert CERTIFICATE.pem --key KEY.pem https://127.0.0.1:1/v1/chat/completions"
  );
  tls_ = false;
  clients_ = {};
  proxy_protocol_ = {.v1 = true};
  EXPECT_EQ(start(prefix("/")), "curl --haproxy-protocol http://127.0.0.1:1/v1/chat/completions");
  proxy_protocol_ = {.v1 = false};
  EXPECT_EQ(start(prefix("/")), "") << "curl knows version 1 alone";
}

TEST_F(TryLineTest, APlainBackendIsAskedPlainly) {
  snapshot::HttpBackend backend;
  backend.endpoints.push_back(std::make_shared<upstream::Endpoint>());
  target_ = backend;
  EXPECT_EQ(line(prefix("/x/")), "curl http://127.0.0.1:1/x/");
  target_ = snapshot::HttpBackend{};
  EXPECT_EQ(line(prefix("/x/")), "") << "no endpoint is ready";
}

TEST(TryLine, AllAddressesAreDialedAsLoopback) {
  EXPECT_EQ(dialable("0.0.0.0:80"), "127.0.0.1:80");
  EXPECT_EQ(dialable("[::]:80"), "[::1]:80");
  EXPECT_EQ(dialable("10.0.0.1:80"), "10.0.0.1:80");
}

TEST(TryLine, WordsAreQuotedWhereAShellWouldReadMore) {
  EXPECT_EQ(shellWord("http://a:1/b"), "http://a:1/b");
  EXPECT_EQ(shellWord("a'$b"), "'a'\\''$b'");
  EXPECT_EQ(shellWord(""), "''");
}

}  // namespace
}  // namespace gatehouse::admin
