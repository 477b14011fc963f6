#include "snapshot/route_table.h"

#include <cstdlib>
#include <new>
#include <random>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "snapshot/route_match.h"

namespace {
std::size_t allocations = 0;  // counted by the replaced operator new of this test program
}  // namespace

// ThreadSanitizer brings an operator new of its own; the count is held by every other build.
#if __has_feature(thread_sanitizer)
constexpr bool kCounted = false;
#else
constexpr bool kCounted = true;

void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) {
    return memory;
  }
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
#endif

namespace gatehouse::snapshot {
namespace {

std::shared_ptr<const Rule> ruleNamed(std::string name) {
  auto rule = std::make_shared<Rule>();
  rule->name = telemetry::Name(std::move(name));
  return rule;
}

RouteEntry entry(std::string name, std::string path, PathKind kind = PathKind::kPrefix) {
  RouteEntry made;
  made.path_kind = kind;
  made.path = std::move(path);
  if (kind == PathKind::kRegularExpression) {
    made.path_pattern = Pattern::compile(made.path).value();
  }
  made.route_key = "ns/" + name;
  made.rule = ruleNamed(std::move(name));
  return made;
}

RouteEntry hosted(std::string hostname, RouteEntry made) {
  made.hostname = std::move(hostname);
  return made;
}

http::RequestHead get(std::string target) {
  http::RequestHead head;
  head.target = std::move(target);
  return head;
}

/// Name of the rule chosen, "-" for none.
std::string choose(const RouteTable& table, std::string_view host, const http::RequestHead& head) {
  const auto match = table.match(host, head);
  return match ? std::string(match->rule->name.view()) : "-";
}

std::string choose(const RouteTable& table, std::string_view host, std::string target) {
  return choose(table, host, get(std::move(target)));
}

TEST(RouteTable, EmptyMatchesNothing) {
  EXPECT_EQ(choose(RouteTable(), "a", "/"), "-");
  EXPECT_EQ(choose(RouteTable(std::vector<RouteEntry>{}), "a", "/"), "-");
}

TEST(RouteTable, PrefixMatchesWholeSegments) {
  const RouteTable table({entry("abc", "/abc")});
  EXPECT_EQ(choose(table, "", "/abc"), "abc");
  EXPECT_EQ(choose(table, "", "/abc/"), "abc");
  EXPECT_EQ(choose(table, "", "/abc/def"), "abc");
  EXPECT_EQ(choose(table, "", "/abc?x=1"), "abc");
  EXPECT_EQ(choose(table, "", "/abcd"), "-");
  EXPECT_EQ(choose(table, "", "/ABC"), "-");
  EXPECT_EQ(choose(table, "", "/"), "-");
}

TEST(RouteTable, TrailingSlashOfThePrefixDoesNotCount) {
  const RouteTable table({entry("abc", "/abc/")});
  EXPECT_EQ(choose(table, "", "/abc"), "abc");
  EXPECT_EQ(choose(table, "", "/abc/def"), "abc");
}

TEST(RouteTable, SaysWhichPrefixMatched) {
  const RouteTable table(
      {entry("abc", "/abc/"), entry("root", "/"), entry("x", "/x", PathKind::kExact)}
  );
  EXPECT_EQ(table.match("", get("/abc/def"))->matched_prefix, "/abc");
  EXPECT_EQ(table.match("", get("/other"))->matched_prefix, "");
  EXPECT_EQ(table.match("", get("/x"))->matched_prefix, "");
}

TEST(RouteTable, ExactThenExpressionThenLongestPrefix) {
  const RouteTable table({
      entry("root", "/"),
      entry("short", "/a"),
      entry("long", "/a/b"),
      entry("expression", "/a/b/[0-9]+", PathKind::kRegularExpression),
      entry("exact", "/a/b/1", PathKind::kExact),
  });
  EXPECT_EQ(choose(table, "", "/a/b/1"), "exact");
  EXPECT_EQ(choose(table, "", "/a/b/22"), "expression");
  EXPECT_EQ(choose(table, "", "/a/b/x"), "long");
  EXPECT_EQ(choose(table, "", "/a/x"), "short");
  EXPECT_EQ(choose(table, "", "/z"), "root");
  EXPECT_EQ(choose(table, "", "*"), "root");
}

TEST(RouteTable, ExpressionMatchesTheWholePath) {
  const RouteTable table({entry("e", "/v[12]", PathKind::kRegularExpression)});
  EXPECT_EQ(choose(table, "", "/v1"), "e");
  EXPECT_EQ(choose(table, "", "/v1/x"), "-");
}

TEST(RouteTable, HostnameComesFirst) {
  const RouteTable table({
      entry("any", "/a/long/path", PathKind::kExact),
      hosted("*.example.com", entry("wide", "/a/long", PathKind::kPrefix)),
      hosted("*.b.example.com", entry("narrow", "/a", PathKind::kPrefix)),
      hosted("a.b.example.com", entry("exact", "/", PathKind::kPrefix)),
  });
  EXPECT_EQ(choose(table, "a.b.example.com", "/a/long/path"), "exact");
  EXPECT_EQ(choose(table, "x.b.example.com", "/a/long/path"), "narrow");
  EXPECT_EQ(choose(table, "x.y.b.example.com", "/a/long/path"), "narrow");
  EXPECT_EQ(choose(table, "b.example.com", "/a/long/path"), "wide");
  EXPECT_EQ(choose(table, "example.com", "/a/long/path"), "any");
  EXPECT_EQ(choose(table, "", "/a/long/path"), "any");
}

TEST(RouteTable, GoesOnWhereTheMoreSpecificDoesNotMatch) {
  RouteEntry post = hosted("a.example.com", entry("post", "/a", PathKind::kExact));
  post.method = "POST";
  const RouteTable table({post, hosted("*.example.com", entry("wild", "/a")), entry("any", "/")});
  EXPECT_EQ(choose(table, "a.example.com", "/a"), "wild");
  EXPECT_EQ(choose(table, "a.example.com", "/b"), "any");
}

TEST(RouteTable, MethodThenHeadersThenQueryThenAgeThenName) {
  RouteEntry plain = entry("plain", "/");
  RouteEntry with_query = entry("query", "/");
  with_query.query = {{"q", "1", std::nullopt}};
  RouteEntry with_header = entry("header", "/");
  with_header.headers = {{"X-A", "1", std::nullopt}};
  RouteEntry with_method = entry("method", "/");
  with_method.method = "POST";
  const RouteTable table({plain, with_query, with_header, with_method});
  http::RequestHead head = get("/?q=1");
  EXPECT_EQ(choose(table, "", head), "query");
  head.fields.add("x-a", "1");
  EXPECT_EQ(choose(table, "", head), "header");
  head.method = http::Method::kPost;
  EXPECT_EQ(choose(table, "", head), "method");

  RouteEntry old = entry("z", "/");
  old.created = 1;
  RouteEntry young = entry("a", "/");
  young.created = 2;
  EXPECT_EQ(choose(RouteTable({young, old}), "", "/"), "z");
  EXPECT_EQ(choose(RouteTable({entry("b", "/"), entry("a", "/")}), "", "/"), "a");
}

TEST(RouteTable, HeadersAndQueryParameters) {
  RouteEntry strict = entry("strict", "/");
  strict.headers = {{"X-Model", "", Pattern::compile("gpt-.*").value()}};
  strict.query = {{"api version", "2024 10", std::nullopt}};
  const RouteTable table({strict});
  http::RequestHead head = get("/?api%20version=2024+10&api%20version=other");
  EXPECT_EQ(choose(table, "", head), "-");
  head.fields.add("x-model", "llama");
  head.fields.add("x-model", "gpt-4o");
  EXPECT_EQ(choose(table, "", head), "strict");
  head.target = "/?api%20version=other&api%20version=2024%2010";
  EXPECT_EQ(choose(table, "", head), "-");
}

TEST(RouteTable, LookupAllocatesNothing) {
  std::vector<RouteEntry> entries;
  for (int i = 0; i < 200; ++i) {
    entries.push_back(hosted("*.example.com", entry(fmt::format("r{}", i), fmt::format("/a/{}", i)))
    );
  }
  const RouteTable table(std::move(entries));
  const http::RequestHead head = get("/a/77/v1/chat/completions?beta=true");
  const std::size_t before = allocations;
  ASSERT_EQ(before > 0, kCounted);
  const auto match = table.match("api.team.example.com", head);
  EXPECT_EQ(allocations, before);
  ASSERT_TRUE(match);
  EXPECT_EQ(match->rule->name.view(), "r77");
}

/// The definition: the first entry, in order of precedence, that matches.
const Rule* firstMatch(
    const RouteTable& table, std::string_view host, const http::RequestHead& head
) {
  for (const RouteEntry& candidate : table.entries()) {
    if (hostMatches(candidate.hostname, host) && pathMatches(candidate, head.path()) &&
        conditionsMatch(candidate, head)) {
      return candidate.rule.get();
    }
  }
  return nullptr;
}

TEST(RouteTable, AgreesWithTheFirstMatchInOrder) {
  std::mt19937 random(20240607);
  const auto pick = [&](const auto& options) { return options[random() % options.size()]; };
  const std::vector<std::string> hosts{"", "a.x", "*.x", "*.b.x", "c.b.x", "x"};
  const std::vector<std::string> paths{"/", "/a", "/a/", "/a/b", "/a/b/c", "/b", "/a//b", "//"};
  const std::vector<std::string> targets{
      "/", "/a", "/a/", "/a/b", "/a/b/c/d", "/b/c", "/a//b", "//", "/ab", "*"
  };
  const std::vector<std::string> asked{"", "a.x", "x", "b.x", "c.b.x", "d.c.b.x", ".x", "*.x"};
  for (int round = 0; round < 300; ++round) {
    std::vector<RouteEntry> entries;
    for (std::size_t i = random() % 24; i > 0; --i) {
      const auto kind = static_cast<PathKind>(random() % 3);
      RouteEntry made = hosted(pick(hosts), entry(fmt::format("r{}", i), pick(paths), kind));
      made.method = random() % 3 == 0 ? "POST" : "";
      entries.push_back(std::move(made));
    }
    const RouteTable table(std::move(entries));
    for (const std::string& host : asked) {
      for (const std::string& target : targets) {
        http::RequestHead head = get(target);
        head.method = random() % 2 == 0 ? http::Method::kPost : http::Method::kGet;
        const auto match = table.match(host, head);
        EXPECT_EQ(match ? match->rule : nullptr, firstMatch(table, host, head))
            << host << " " << target;
      }
    }
  }
}

TEST(RouteTable, CopiesOutliveTheOriginal) {
  auto original = std::make_unique<RouteTable>(std::vector<RouteEntry>{entry("abc", "/abc")});
  const RouteTable copy = *original;
  original.reset();
  EXPECT_EQ(choose(copy, "", "/abc/d"), "abc");
}

}  // namespace
}  // namespace gatehouse::snapshot
