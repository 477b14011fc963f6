// The index of a route table agrees with the loop over its entries in order of precedence. The
// input is a table and a request in a small alphabet, so that collisions are common.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "snapshot/route_match.h"
#include "snapshot/route_table.h"

namespace gatehouse {
namespace {

/// Numbers and texts out of the input; zeros after its end.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : rest_(data, data + size) {}

  std::size_t number(std::size_t below) {
    if (rest_.empty()) {
      return 0;
    }
    const std::size_t value = rest_.back() % below;
    rest_.pop_back();
    return value;
  }

  std::string text(std::string_view alphabet, std::size_t max) {
    std::string made;
    for (std::size_t i = number(max + 1); i > 0; --i) {
      made += alphabet[number(alphabet.size())];
    }
    return made;
  }

 private:
  std::vector<std::uint8_t> rest_;
};

std::string hostname(Input& input) {
  const std::string name = input.text("ab.", 6);
  if (input.number(2) == 0) {
    return name.starts_with('.') ? "a" + name : name;  // no name begins with a dot
  }
  return "*." + name;
}

snapshot::RouteEntry entry(Input& input, std::uint32_t number) {
  snapshot::RouteEntry made;
  made.hostname = hostname(input);
  made.path_kind = static_cast<snapshot::PathKind>(input.number(3));
  made.path = "/" + input.text("ab/", 6);
  if (made.path_kind == snapshot::PathKind::kRegularExpression) {
    auto pattern = Pattern::compile("/" + input.text("ab/.*", 4));
    made.path_pattern = pattern ? std::optional(*std::move(pattern)) : std::nullopt;
  }
  made.method = input.number(3) == 0 ? "POST" : "";
  if (input.number(3) == 0) {
    made.headers.push_back({"x-" + input.text("ab", 1), input.text("ab", 1), std::nullopt});
  }
  if (input.number(3) == 0) {
    made.query.push_back({input.text("ab", 1), input.text("ab ", 2), std::nullopt});
  }
  made.rule = std::make_shared<snapshot::Rule>();
  made.created = static_cast<std::int64_t>(input.number(3));
  made.rule_index = number;
  return made;
}

http::RequestHead request(Input& input) {
  http::RequestHead head;
  head.method = input.number(2) == 0 ? http::Method::kPost : http::Method::kGet;
  head.target = (input.number(8) == 0 ? "" : "/") + input.text("ab/", 8);
  if (input.number(2) == 0) {
    head.target += "?" + input.text("ab=&+%20", 8);
  }
  for (std::size_t i = input.number(3); i > 0; --i) {
    head.fields.add("X-" + input.text("ab", 1), input.text("ab", 1));
  }
  return head;
}

const snapshot::RouteEntry* firstMatch(
    const snapshot::RouteTable& table, std::string_view host, const http::RequestHead& head
) {
  for (const snapshot::RouteEntry& candidate : table.entries()) {
    if (snapshot::hostMatches(candidate.hostname, host) &&
        snapshot::pathMatches(candidate, head.path()) &&
        snapshot::conditionsMatch(candidate, head)) {
      return &candidate;
    }
  }
  return nullptr;
}

void check(bool holds) {
  if (!holds) {
    std::abort();
  }
}

}  // namespace
}  // namespace gatehouse

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gatehouse;
  Input input(data, size);
  const std::string host = input.text("ab.*", 8);
  const http::RequestHead head = request(input);
  std::vector<snapshot::RouteEntry> entries;
  for (std::size_t i = input.number(16); i > 0; --i) {
    entries.push_back(entry(input, static_cast<std::uint32_t>(i)));
  }
  const snapshot::RouteTable table(std::move(entries));
  const auto found = table.match(host, head);
  const snapshot::RouteEntry* expected = firstMatch(table, host, head);
  check(found.has_value() == (expected != nullptr));
  if (expected != nullptr) {
    check(found->rule == expected->rule.get());
    const bool prefix = expected->path_kind == snapshot::PathKind::kPrefix;
    check(found->matched_prefix == (prefix ? snapshot::normalPrefix(expected->path) : ""));
  }
  return 0;
}
