// The routes of one listener, indexed by hostname and path. The answer is the first match in
// Gateway API precedence (spec.rules[].matches of HTTPRoute): hostname, path (Exact,
// RegularExpression, longest PathPrefix), method, number of headers, number of query parameters,
// age, namespace/name, order. Immutable; lookup allocates nothing.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/pattern.h"
#include "http/head.h"
#include "snapshot/backend.h"
#include "snapshot/filter.h"
#include "upstream/retry.h"

namespace gatehouse::snapshot {

struct WeightedBackend {
  BackendHandle backend;
  std::uint32_t weight = 1;
  FiltersHandle filters = nullptr;  // the rule's, then its own; null: none
};

/// What a rule of a route does once one of its matches is chosen.
struct Rule {
  telemetry::Name route;  // "namespace/name"
  telemetry::Name name;   // the rule's name, else its index
  std::vector<WeightedBackend> backends;
  std::uint64_t total_weight = 0;  // zero: no valid backend, 500
  FiltersHandle filters;           // of the rule alone; null: none
  // Zero is off. Both cover the reply's body too, but of an event stream only the head.
  Nanos request_timeout{0};          // the exchange from its head on, all tries
  Nanos backend_request_timeout{0};  // each try
  upstream::RetryHandle retry;       // null: one try

  /// No request of the rule is for a model.
  bool isPlain() const {
    return std::ranges::all_of(backends, [](const WeightedBackend& choice) {
      return choice.backend->isPlain();
    });
  }
};

enum class PathKind : std::uint8_t { kExact, kRegularExpression, kPrefix };

/// One condition on a header or query parameter: equal to `value`, or matched whole by `pattern`.
struct ValueMatch {
  std::string name;
  std::string value;
  std::optional<Pattern> pattern;
};

/// One match of one rule for one effective hostname, as compile hands it over.
struct RouteEntry {
  std::string hostname;  // lower case; "*.x" for a wildcard; empty for any
  PathKind path_kind = PathKind::kPrefix;
  std::string path = "/";
  std::optional<Pattern> path_pattern;
  std::string method;  // empty: any
  std::vector<ValueMatch> headers;
  std::vector<ValueMatch> query;
  std::shared_ptr<const Rule> rule;
  // Ties, in this order; smaller is first.
  std::int64_t created = 0;
  std::string route_key;  // namespace/name
  std::uint32_t rule_index = 0;
  std::uint32_t match_index = 0;
};

/// The outcome of a lookup. `matched_prefix` is the part of the path that the match consumed
/// ("/openai"), empty unless the match is by prefix.
struct RouteMatch {
  const Rule* rule = nullptr;
  std::string_view matched_prefix;
};

class RouteTable {
 public:
  RouteTable() = default;
  explicit RouteTable(std::vector<RouteEntry> entries);
  /// `host` is lower case, without port.
  std::optional<RouteMatch> match(std::string_view host, const http::RequestHead& head) const
      [[clang::lifetimebound]];
  std::size_t size() const { return entries_.size(); }
  /// In order of precedence; for tests and explanations.
  const std::vector<RouteEntry>& entries() const { return entries_; }

 private:
  struct Index;
  std::vector<RouteEntry> entries_;
  std::shared_ptr<const Index> index_;
};

}  // namespace gatehouse::snapshot
