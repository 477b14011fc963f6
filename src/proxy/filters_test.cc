#include "proxy/filters.h"

#include <string>

#include <gtest/gtest.h>

namespace gatehouse::proxy {
namespace {

using Kind = snapshot::FieldChange::Kind;

std::string linesOf(const http::Fields& fields) {
  std::string text;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    text += std::string(fields.at(i).name) + ": " + std::string(fields.at(i).value) + "\n";
  }
  return text;
}

http::RequestHead head() {
  http::RequestHead head;
  head.target = "/p?key=k1&a=b";
  head.fields.add("X-Old", "1");
  head.fields.add("x-many", "1");
  head.fields.add("X-Many", "2");
  head.fields.add("Authorization", "Bearer client");
  return head;
}

upstream::BackendAuth ownKey() {
  upstream::BackendAuth auth;
  auth.credentials.emplace_back();
  return auth;
}

TEST(FieldChanges, CompareNamesWithoutCaseAndKeepTheirOrder) {
  http::Fields fields = head().fields;
  change(
      fields,
      {{Kind::kRemove, "x-old", ""},
       {Kind::kSet, "x-MANY", "3"},
       {Kind::kAdd, "X-Many", "4"},
       {Kind::kAdd, "X-New", "5"},
       {Kind::kRemove, "x-absent", ""}}
  );
  EXPECT_EQ(linesOf(fields), "Authorization: Bearer client\nx-MANY: 3\nX-Many: 4\nX-New: 5\n");
}

TEST(FilterRequest, TheClientsCredentialIsChangedLikeAnyOtherField) {
  http::RequestHead request = head();
  auto client = http::ClientCredential::lift(request);
  snapshot::Filters filters;
  filters.request = {{Kind::kSet, "authorization", "Bearer filter"}};
  filterRequest(filters, request, client, {});
  EXPECT_EQ(request.fields.count("authorization"), 1u);
  EXPECT_EQ(request.fields.get("authorization"), "Bearer filter");
  EXPECT_EQ(request.target, "/p?key=k1&a=b");
  EXPECT_TRUE(client.empty());
}

TEST(FilterRequest, TheClientsCredentialCanBeRemoved) {
  http::RequestHead request = head();
  auto client = http::ClientCredential::lift(request);
  snapshot::Filters filters;
  filters.request = {{Kind::kRemove, "Authorization", ""}};
  filterRequest(filters, request, client, {});
  EXPECT_FALSE(request.fields.has("authorization"));
}

TEST(FilterRequest, NoCredentialOfAFilterStandsBesideTheBackends) {
  http::RequestHead request = head();
  http::ClientCredential::discard(request);
  http::ClientCredential client;
  snapshot::Filters filters;
  filters.request = {
      {Kind::kSet, "Authorization", "Bearer filter"},
      {Kind::kAdd, "x-api-key", "filter"},
      {Kind::kSet, "X-Team", "a"}
  };
  filterRequest(filters, request, client, ownKey());
  EXPECT_FALSE(request.fields.has("authorization"));
  EXPECT_FALSE(request.fields.has("x-api-key"));
  EXPECT_EQ(request.fields.get("x-team"), "a");
}

// The table of the Gateway API, HTTPPathModifier.replacePrefixMatch.
TEST(ChangedPath, OfAPrefixKeepsWhatFollowsAndOneSlash) {
  struct Row {
    const char* path;
    const char* value;
    const char* expected;
  };
  for (const Row& row : {
           Row{"/foo", "/xyz", "/xyz"},
           Row{"/foo", "/xyz/", "/xyz/"},
           Row{"/foo", "/", "/"},
           Row{"/foo/", "/xyz", "/xyz/"},
           Row{"/foo/", "/xyz/", "/xyz/"},
           Row{"/foo/", "/", "/"},
           Row{"/foo/bar", "/xyz", "/xyz/bar"},
           Row{"/foo/bar", "/xyz/", "/xyz/bar"},
           Row{"/foo/bar", "/", "/bar"},
       }) {
    const snapshot::PathChange change{
        .part = snapshot::PathChange::Part::kPrefix, .value = row.value
    };
    EXPECT_EQ(changedPath(change, row.path, "/foo"), row.expected) << row.path << row.value;
  }
}

TEST(ChangedPath, OfTheRootPrefixGoesInFrontOfAll) {
  const snapshot::PathChange change{.part = snapshot::PathChange::Part::kPrefix, .value = "/xyz"};
  EXPECT_EQ(changedPath(change, "/bar", ""), "/xyz/bar");
}

TEST(ChangedPath, OfTheWholeIsTheValue) {
  EXPECT_EQ(changedPath({.value = "/xyz"}, "/foo/bar", "/foo"), "/xyz");
}

http::RequestHead asked(std::string authority, std::string target) {
  http::RequestHead head;
  head.authority = std::move(authority);
  head.target = std::move(target);
  return head;
}

TEST(Location, KeepsWhatTheFilterDoesNotSay) {
  const auto head = asked("example.org:8080", "/a%20b?c=d");
  EXPECT_EQ(
      locationOf({}, head, "", {.secure = false, .port = 80}), "http://example.org/a%20b?c=d"
  );
}

TEST(Location, ThePortIsTheFiltersElseTheSchemesElseTheListeners) {
  struct Row {
    const char* scheme;
    std::optional<std::uint16_t> port;
    ListenerPlace place;
    const char* expected;
  };
  for (const Row& row : {
           Row{"", {}, {false, 80}, "http://h/"},
           Row{"", {}, {false, 8080}, "http://h:8080/"},
           Row{"", {}, {true, 443}, "https://h/"},
           Row{"", {}, {true, 8443}, "https://h:8443/"},
           Row{"https", {}, {false, 8080}, "https://h/"},
           Row{"http", {}, {true, 8443}, "http://h/"},
           Row{"http", 80, {true, 8443}, "http://h/"},
           Row{"https", 443, {false, 80}, "https://h/"},
           Row{"http", 443, {false, 80}, "http://h:443/"},
           Row{"", 8080, {false, 80}, "http://h:8080/"},
           Row{"", 80, {true, 443}, "https://h:80/"},
       }) {
    snapshot::Redirect redirect;
    redirect.scheme = row.scheme;
    redirect.port = row.port;
    EXPECT_EQ(locationOf(redirect, asked("h", "/"), "", row.place), row.expected);
  }
}

TEST(Location, HostAndPathAreReplaced) {
  snapshot::Redirect redirect;
  redirect.hostname = "example.net";
  redirect.path = {.part = snapshot::PathChange::Part::kPrefix, .value = "/new"};
  const auto head = asked("h", "/old/a?b");
  EXPECT_EQ(locationOf(redirect, head, "/old", {.port = 80}), "http://example.net/new/a?b");
}

TEST(Location, WithoutAnyHostIsAPathThatIsNoHost) {
  EXPECT_EQ(locationOf({}, asked("", "//evil.example/a"), "", {.port = 80}), "/evil.example/a");
}

snapshot::Cors twoOrigins() {
  snapshot::Cors cors;
  cors.origins = {
      {.begin = "https://example.com", .end = "", .below = false},
      {.begin = "https://", .end = ".example.org:8443", .below = true},
      {.begin = "http://", .end = "", .below = true},
  };
  cors.methods = "GET, PUT";
  cors.headers = "X-A";
  cors.exposed = "X-B";
  cors.max_age = "5";
  return cors;
}

TEST(Cors, OriginsAreWholeOrBelowAName) {
  const snapshot::Cors cors = twoOrigins();
  for (const char* origin :
       {"https://example.com",
        "HTTPS://Example.com:443",
        "https://a.b.example.org:8443",
        "http://anything",
        "http://anything:80"}) {
    EXPECT_TRUE(allows(cors, origin)) << origin;
  }
  for (const char* origin :
       {"http://example.com.evil:81",
        "https://example.com:444",
        "https://example.com.evil",
        "https://example.org:8443",
        "https://.example.org:8443",
        "https://a.example.org",
        "https://a:1.example.org:8443",
        "null",
        "",
        "http://"}) {
    EXPECT_FALSE(allows(cors, origin)) << origin;
  }
}

http::RequestHead fromOrigin(const char* origin, bool preflight) {
  http::RequestHead head;
  head.fields.add("Origin", std::string_view(origin));
  if (preflight) {
    head.method = http::Method::kOptions;
    head.fields.add("Access-Control-Request-Method", "DELETE");
    head.fields.add("Access-Control-Request-Headers", "x-one, x-two");
  }
  return head;
}

TEST(Cors, AReplyNamesTheOriginAndWhatScriptsMayRead) {
  EXPECT_EQ(
      linesOf(corsFields(twoOrigins(), fromOrigin("https://example.com", false))),
      "Vary: Origin\nAccess-Control-Allow-Origin: https://example.com\n"
      "Access-Control-Expose-Headers: X-B\n"
  );
}

TEST(Cors, AnOriginThatIsNotAllowedIsToldNothing) {
  EXPECT_EQ(
      linesOf(corsFields(twoOrigins(), fromOrigin("https://evil.example", true))), "Vary: Origin\n"
  );
}

TEST(Cors, APreflightIsToldMethodsHeadersAndAge) {
  EXPECT_EQ(
      linesOf(corsFields(twoOrigins(), fromOrigin("https://example.com", true))),
      "Vary: Origin\nAccess-Control-Allow-Origin: https://example.com\n"
      "Access-Control-Allow-Methods: GET, PUT\nAccess-Control-Allow-Headers: X-A\n"
      "Access-Control-Max-Age: 5\n"
  );
}

TEST(Cors, StarsAreSentAsTheyAreWithoutCredentialsAndReplacedWithThem) {
  snapshot::Cors cors;
  cors.any_origin = true;
  cors.methods = "*";
  cors.headers = "*";
  const http::RequestHead head = fromOrigin("https://a.example", true);
  EXPECT_EQ(
      linesOf(corsFields(cors, head)),
      "Access-Control-Allow-Origin: *\nAccess-Control-Allow-Methods: *\n"
      "Access-Control-Allow-Headers: *\n"
  );
  cors.credentials = true;
  EXPECT_EQ(
      linesOf(corsFields(cors, head)),
      "Vary: Origin\nAccess-Control-Allow-Origin: https://a.example\n"
      "Access-Control-Allow-Credentials: true\nAccess-Control-Allow-Methods: DELETE\n"
      "Access-Control-Allow-Headers: x-one, x-two\n"
  );
}

}  // namespace
}  // namespace gatehouse::proxy
