// Rules -> entries of route tables: matches with their patterns, time limits, and what of a rule
// cannot be served as written (resources.md 3.4, 3.5).
#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "compile/passes.h"
#include "compile/retry.h"

namespace gatehouse::compile {
namespace {

using resource::Severity;

snapshot::PathKind kindOf(resource::PathMatchType type) {
  switch (type) {
    case resource::PathMatchType::kExact:
      return snapshot::PathKind::kExact;
    case resource::PathMatchType::kRegularExpression:
      return snapshot::PathKind::kRegularExpression;
    case resource::PathMatchType::kPathPrefix:
      break;
  }
  return snapshot::PathKind::kPrefix;
}

/// 2025-11-22T12:40:00Z as 20251122124000: enough to compare. Without a time 0, which is oldest.
std::int64_t sortableTime(const std::optional<std::string>& timestamp) {
  constexpr std::size_t kDigits = 14;
  std::string digits;
  for (const char c : timestamp.value_or("")) {
    if (isDigit(c) && digits.size() < kDigits) {
      digits += c;
    }
  }
  return static_cast<std::int64_t>(parseUnsigned(digits).value_or(0));
}

/// Conditions with the names told apart as `same` does; a name that comes again does not count.
template <typename Same>
Result<std::vector<snapshot::ValueMatch>> compileValues(
    const std::vector<resource::ValueMatch>& values, Same same
) {
  std::vector<snapshot::ValueMatch> compiled;
  for (const resource::ValueMatch& value : values) {
    const auto repeats = [&](const snapshot::ValueMatch& other) {
      return same(other.name, value.name);
    };
    if (std::ranges::any_of(compiled, repeats)) {
      continue;
    }
    snapshot::ValueMatch& next = compiled.emplace_back();
    next.name = value.name;
    next.value = value.value;
    if (value.type == resource::ValueMatchType::kRegularExpression) {
      GATEHOUSE_TRY(next.pattern, Pattern::compile(value.value));
    }
  }
  return compiled;
}

/// The entry of a match, but for its hostname and place.
Result<snapshot::RouteEntry> compileMatch(const resource::HttpRouteMatch& match) {
  snapshot::RouteEntry entry;
  entry.path_kind = kindOf(match.path.type);
  entry.path = match.path.value;
  if (entry.path_kind == snapshot::PathKind::kRegularExpression) {
    GATEHOUSE_TRY(entry.path_pattern, Pattern::compile(match.path.value));
  }
  entry.method = match.method.value_or("");
  GATEHOUSE_TRY(entry.headers, compileValues(match.headers, iequals));
  GATEHOUSE_TRY(entry.query, compileValues(match.query_params, std::equal_to<>()));
  return entry;
}

class RouteCompiler {
 public:
  RouteCompiler(Draft& draft, RouteDraft& route) : draft_(draft), route_(route) {}

  void run() {
    const auto& rules = route_.resource->rules;
    for (std::size_t i = 0; i < rules.size(); ++i) {
      RuleDraft& rule = route_.rules[i];
      const std::string field = fmt::format("spec.rules[{}]", i);
      setTimeouts(rules[i], *rule.rule);
      if (rules[i].retry) {
        const resource::HttpRouteRetry& spec = *rules[i].retry;
        rule.rule->retry = makeRetry(
            draft_,
            route_.resource->meta,
            field + ".retry",
            {.codes = spec.codes, .attempts = spec.attempts, .backoff = spec.backoff}
        );
      }
      addMatches(rules[i], rule, i, field);
    }
    const auto served = [](const RuleDraft& rule) { return rule.served; };
    if (!route_.rules.empty() && std::ranges::none_of(route_.rules, served)) {
      refuseRoute();
    }
  }

 private:
  static void setTimeouts(const resource::HttpRouteRule& spec, snapshot::Rule& rule) {
    rule.request_timeout = spec.timeouts.request.value_or(Millis(0));
    rule.backend_request_timeout = spec.timeouts.backend_request.value_or(Millis(0));
  }

  void addMatches(
      const resource::HttpRouteRule& spec,
      RuleDraft& rule,
      std::size_t rule_index,
      const std::string& field
  ) {
    bool any = false;
    for (std::size_t i = 0; i < spec.matches.size(); ++i) {
      auto entry = compileMatch(spec.matches[i]);
      if (!entry) {
        draft_.find(
            Severity::kError,
            route_.resource->meta,
            fmt::format("{}.matches[{}]", field, i),
            entry.error().detail()
        );
        rule.problems.push_back(fmt::format("match {}: {}", i, entry.error().detail()));
        continue;
      }
      any = true;
      entry->rule = rule.rule;
      entry->created = sortableTime(route_.resource->meta.creation_timestamp);
      entry->route_key = resource::qualifiedName(route_.resource->meta.key);
      entry->rule_index = static_cast<std::uint32_t>(rule_index);
      entry->match_index = static_cast<std::uint32_t>(i);
      addEntry(*entry);
    }
    rule.served = rule.served && any;
  }

  /// Once for each listener and hostname, however many parentRefs lead there.
  void addEntry(const snapshot::RouteEntry& entry) {
    std::set<const ListenerDraft*> done;
    for (const ParentDraft& parent : route_.parents) {
      for (const Attachment& attachment : parent.attachments) {
        if (!done.insert(attachment.listener).second) {
          continue;
        }
        for (const std::string& hostname : attachment.hostnames) {
          attachment.listener->entries.push_back(entry);
          attachment.listener->entries.back().hostname = hostname;
        }
      }
    }
  }

  /// Nothing of the route is served as written. Its entries stay, so that no other route takes its
  /// requests.
  void refuseRoute() {
    std::vector<std::string> all;
    std::string_view reason = resource::reason::kUnsupportedValue;
    for (const RuleDraft& rule : route_.rules) {
      all.insert(all.end(), rule.problems.begin(), rule.problems.end());
      reason = rule.incompatible ? resource::reason::kIncompatibleFilters : reason;
    }
    for (ParentDraft& parent : route_.parents) {
      if (!parent.not_accepted) {
        parent.not_accepted = Problem{std::string(reason), join(all)};
      }
    }
  }

  Draft& draft_;
  RouteDraft& route_;
};

}  // namespace

void passRules(Draft& draft) {
  for (RouteDraft& route : draft.routes) {
    RouteCompiler(draft, route).run();
  }
}

}  // namespace gatehouse::compile
