// Filters of rules and of their backendRefs (resources.md 3.5). A filter is never skipped: a rule
// with one that cannot run as written answers 500, and so does the share of such a backendRef.
#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "compile/filter.h"
#include "compile/passes.h"

namespace gatehouse::compile {
namespace {

using resource::Severity;

snapshot::BackendHandle refusal(telemetry::Name name, std::string why, bool plain) {
  auto backend = std::make_shared<snapshot::Backend>();
  backend->name = std::move(name);
  backend->target = snapshot::InvalidBackend{ErrorKind::kNoBackend, std::move(why), plain};
  return backend;
}

/// Has a credential of its own, which is sent in the place of any other.
bool hasCredential(const snapshot::Backend& backend) {
  if (const auto* ai = std::get_if<snapshot::AiBackend>(&backend.target)) {
    return std::ranges::any_of(ai->providers, [](const snapshot::AiProvider& provider) {
      return !provider.auth.credentials.empty();
    });
  }
  const auto* http = std::get_if<snapshot::HttpBackend>(&backend.target);
  return http != nullptr && !http->auth.credentials.empty();
}

bool isRepeatable(resource::HttpFilterType type) {
  return type == resource::HttpFilterType::kRequestMirror ||
         type == resource::HttpFilterType::kExtensionRef;
}

bool replacesPrefix(const resource::HttpFilter& filter) {
  const auto* redirect = std::get_if<resource::RequestRedirect>(&filter.settings);
  const auto* rewrite = std::get_if<resource::UrlRewrite>(&filter.settings);
  std::optional<resource::PathModifier> path;
  if (redirect != nullptr) {
    path = redirect->path;
  } else if (rewrite != nullptr) {
    path = rewrite->path;
  }
  return path && path->type == resource::PathModifierType::kReplacePrefixMatch;
}

bool hasPrefixMatch(const resource::HttpRouteRule& spec) {
  return spec.matches.size() == 1 &&
         spec.matches.front().path.type == resource::PathMatchType::kPathPrefix;
}

class FilterCompiler {
 public:
  FilterCompiler(Draft& draft, RouteDraft& route) : draft_(draft), route_(route) {}

  void run() {
    const auto& rules = route_.resource->rules;
    for (std::size_t i = 0; i < rules.size(); ++i) {
      compileRule(rules[i], route_.rules[i], fmt::format("spec.rules[{}]", i));
    }
  }

 private:
  void compileRule(
      const resource::HttpRouteRule& spec, RuleDraft& draft, const std::string& field
  ) {
    snapshot::Rule& rule = *draft.rule;
    snapshot::Filters filters;
    auto why = addAll(spec.filters, filters, field);
    if (!why) {
      why = findConflict(spec.filters, spec, draft, field);
    }
    if (why) {
      draft.problems.push_back(*why);
      draft.served = false;
      rule.backends = {{refusal({}, join(draft.problems), rule.isPlain()), 1}};
      rule.total_weight = 1;
      return;
    }
    if (!spec.filters.empty()) {
      rule.filters = std::make_shared<const snapshot::Filters>(filters);
    }
    for (std::size_t i = 0; i < spec.backend_refs.size(); ++i) {
      compileBackend(spec, i, draft, fmt::format("{}.backendRefs[{}]", field, i));
    }
  }

  void compileBackend(
      const resource::HttpRouteRule& spec,
      std::size_t index,
      RuleDraft& draft,
      const std::string& field
  ) {
    const resource::HttpBackendRef& ref = spec.backend_refs[index];
    snapshot::WeightedBackend& choice = draft.rule->backends[index];
    choice.filters = draft.rule->filters;
    if (!ref.filters.empty()) {
      snapshot::Filters filters = choice.filters == nullptr ? snapshot::Filters() : *choice.filters;
      auto why = addAll(ref.filters, filters, field);
      if (!why) {
        why = findConflict(ref.filters, spec, draft, field);
      }
      if (why) {
        draft.problems.push_back(*why);
        choice.backend = refusal(choice.backend->name, *why, choice.backend->isPlain());
        return;
      }
      choice.filters = std::make_shared<const snapshot::Filters>(std::move(filters));
    }
    warnOfCredentials(choice, field);
  }

  /// Filters that cannot stand together, or not in this rule. A file with them is not read; an
  /// older definition in a cluster may let them through.
  std::optional<std::string> findConflict(
      const std::vector<resource::HttpFilter>& filters,
      const resource::HttpRouteRule& spec,
      RuleDraft& draft,
      const std::string& field
  ) {
    std::set<resource::HttpFilterType> seen;
    for (std::size_t i = 0; i < filters.size(); ++i) {
      const std::string where = fmt::format("{}.filters[{}]", field, i);
      if (!isRepeatable(filters[i].type) && !seen.insert(filters[i].type).second) {
        draft.incompatible = true;
        return refuse(where, fmt::format("{} may be used only once", nameOf(filters[i].type)));
      }
      if (replacesPrefix(filters[i]) && !hasPrefixMatch(spec)) {
        return refuse(where, "ReplacePrefixMatch needs exactly one match, of type PathPrefix");
      }
    }
    if (!seen.contains(resource::HttpFilterType::kRequestRedirect)) {
      return std::nullopt;
    }
    if (seen.contains(resource::HttpFilterType::kUrlRewrite)) {
      draft.incompatible = true;
      return refuse(field + ".filters", "RequestRedirect and URLRewrite may not be used together");
    }
    if (&filters == &spec.filters && !spec.backend_refs.empty()) {
      return refuse(
          field + ".backendRefs", "may not be set together with a RequestRedirect filter"
      );
    }
    return std::nullopt;
  }

  /// Tells it and gives it back.
  std::string refuse(const std::string& field, std::string why) {
    draft_.find(
        Severity::kError, route_.resource->meta, field, why + "; its requests are answered with 500"
    );
    return why;
  }

  /// What the rule cannot be served for, told as a finding; nothing if all can run.
  std::optional<std::string> addAll(
      const std::vector<resource::HttpFilter>& specs,
      snapshot::Filters& filters,
      const std::string& field
  ) {
    std::vector<std::string> faults;
    for (std::size_t i = 0; i < specs.size(); ++i) {
      if (const auto problem = addFilter(draft_, specs[i], filters)) {
        draft_.find(
            Severity::kError,
            route_.resource->meta,
            fmt::format("{}.filters[{}]{}", field, i, problem->field),
            problem->message + "; its requests are answered with 500"
        );
        faults.push_back(problem->message);
        if (problem->reason == resource::reason::kInvalidKind && !route_.unresolved) {
          route_.unresolved = problem;
        }
      }
    }
    return faults.empty() ? std::nullopt : std::optional(join(faults));
  }

  void warnOfCredentials(const snapshot::WeightedBackend& choice, const std::string& field) {
    if (choice.filters == nullptr || !hasCredential(*choice.backend)) {
      return;
    }
    for (const snapshot::FieldChange& change : choice.filters->request) {
      if (change.setsCredential()) {
        draft_.find(
            Severity::kWarning,
            route_.resource->meta,
            field,
            fmt::format(
                "a filter's header {} is not sent: the backend has a credential of its own",
                change.name
            )
        );
      }
    }
  }

  Draft& draft_;
  RouteDraft& route_;
};

}  // namespace

void passFilters(Draft& draft) {
  for (RouteDraft& route : draft.routes) {
    FilterCompiler(draft, route).run();
  }
}

}  // namespace gatehouse::compile
