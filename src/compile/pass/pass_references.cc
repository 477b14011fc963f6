// backendRefs of rules -> backends, with ReferenceGrants (resources.md 3.5, 3.6). A reference that
// does not resolve keeps its share of the requests and answers them with 500; the route stays
// Accepted.
#include <array>
#include <cstdint>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "compile/passes.h"
#include "compile/services.h"
#include "resource/grant.h"
#include "resource/nearest.h"

namespace gatehouse::compile {
namespace {

using resource::Severity;
using Resolved = std::expected<snapshot::BackendHandle, Problem>;

std::unexpected<Problem> problem(std::string_view reason, std::string message) {
  return std::unexpected(Problem{std::string(reason), std::move(message)});
}

/// A kind that is served under another group blames the group, any other the kind.
std::unexpected<Problem> invalidKind(const resource::BackendObjectRef& ref) {
  Problem problem{
      .reason = std::string(resource::reason::kInvalidKind),
      .message = fmt::format(
          "backendRefs of kind {} in group \"{}\" are not supported", ref.kind, ref.group
      ),
      .field = ".kind",
  };
  constexpr std::array<std::string_view, 2> kKinds{
      resource::AgentgatewayBackend::kKind, resource::Service::kKind
  };
  if (ref.kind == kKinds[0] || ref.kind == kKinds[1]) {
    const bool core = ref.kind == resource::Service::kKind;
    problem.hint = fmt::format("; its group is \"{}\"", core ? "" : resource::kAgentgatewayGroup);
    problem.field = ".group";
  } else {
    problem.hint = resource::didYouMean(ref.kind, kKinds);
  }
  return std::unexpected(std::move(problem));
}

/// A model may have been meant by a reference to a backend that is not there.
bool meansPlain(const resource::BackendObjectRef& ref) {
  return ref.kind != resource::AgentgatewayBackend::kKind;
}

snapshot::BackendHandle invalidBackend(
    const resource::BackendObjectRef& ref, std::string why, bool plain
) {
  auto backend = std::make_shared<snapshot::Backend>();
  backend->name = telemetry::Name(fmt::format("{}/{}", ref.ns, ref.name));
  backend->target = snapshot::InvalidBackend{ErrorKind::kNoBackend, std::move(why), plain};
  return backend;
}

std::unexpected<Problem> notGranted(
    const resource::Referrer& from, const resource::BackendObjectRef& ref
) {
  return std::unexpected(Problem{
      .reason = std::string(resource::reason::kRefNotPermitted),
      .message = fmt::format(
          "{} is in another namespace and no ReferenceGrant there permits it",
          resource::toString(keyOf(ref))
      ),
      .hint = fmt::format(
          "; expected one in namespace {} from {} in namespace {} to {}",
          ref.ns,
          from.kind,
          from.ns,
          ref.kind
      ),
      .field = ".namespace",
  });
}

class ReferenceResolver {
 public:
  explicit ReferenceResolver(Draft& draft) : draft_(draft), services_(draft) {}

  void resolve(RouteDraft& route) {
    const auto& rules = route.resource->rules;
    const telemetry::Name route_name(resource::qualifiedName(route.resource->meta.key));
    for (std::size_t i = 0; i < rules.size(); ++i) {
      RuleDraft& rule = route.rules.emplace_back();
      rule.rule = std::make_shared<snapshot::Rule>();
      rule.rule->route = route_name;
      rule.rule->name =
          telemetry::Name(rules[i].name.empty() ? fmt::format("{}", i) : rules[i].name);
      addMirrors(route, rules[i].filters, fmt::format("spec.rules[{}]", i));
      for (std::size_t b = 0; b < rules[i].backend_refs.size(); ++b) {
        const std::string field = fmt::format("spec.rules[{}].backendRefs[{}]", i, b);
        addBackend(route, *rule.rule, rules[i].backend_refs[b], field);
        addMirrors(route, rules[i].backend_refs[b].filters, field);
      }
    }
  }

 private:
  void addBackend(
      RouteDraft& route,
      snapshot::Rule& rule,
      const resource::HttpBackendRef& ref,
      const std::string& field
  ) {
    Resolved resolved = resolveRef(route, ref.ref);
    if (!resolved) {
      const Problem& why = resolved.error();
      tell(route, why, field);
      rule.backends.push_back(
          {invalidBackend(ref.ref, why.message, meansPlain(ref.ref)), ref.weight}
      );
    } else {
      rule.backends.push_back({*std::move(resolved), ref.weight});
      route.backends.push_back(keyOf(ref.ref));
    }
    rule.total_weight += ref.weight;
  }

  /// Whether a condition says the field as well: of a backend its name is enough.
  enum class At : std::uint8_t { kPlain, kSaid };

  /// Of a reference in `field` that does not resolve.
  void tell(RouteDraft& route, const Problem& why, const std::string& field, At at = At::kPlain) {
    const std::string place = field + (why.field.empty() ? ".name" : why.field);
    draft_.find(Severity::kError, route.resource->meta, place, why.message + why.hint);
    const std::string message =
        at == At::kSaid ? fmt::format("{}: {}", place, why.message) : why.message;
    if (!route.unresolved) {
      route.unresolved = why;
      route.unresolved->message = message;
    } else if (!route.unresolved->message.contains(message)) {
      route.unresolved->message += "; " + message;
    }
  }

  /// A mirror that does not resolve is left out and told: its rule is served all the same.
  void addMirrors(
      RouteDraft& route, const std::vector<resource::HttpFilter>& filters, const std::string& field
  ) {
    for (std::size_t i = 0; i < filters.size(); ++i) {
      const auto* mirror = std::get_if<resource::RequestMirror>(&filters[i].settings);
      if (mirror == nullptr) {
        continue;
      }
      Resolved resolved = resolveRef(route, mirror->backend_ref);
      if (resolved && !std::holds_alternative<snapshot::HttpBackend>((*resolved)->target)) {
        resolved = problem(
            resource::reason::kInvalidKind,
            fmt::format(
                "a mirror is a Service or a static backend; {} is neither, or has errors",
                resource::toString(keyOf(mirror->backend_ref))
            )
        );
      }
      if (resolved) {
        draft_.mirrors.emplace(&filters[i], *std::move(resolved));
        route.backends.push_back(keyOf(mirror->backend_ref));
      } else {
        const std::string at = fmt::format("{}.filters[{}].requestMirror.backendRef", field, i);
        tell(route, resolved.error(), at, At::kSaid);
      }
    }
  }

  Resolved resolveRef(RouteDraft& route, const resource::BackendObjectRef& ref) {
    const bool service = ref.group.empty() && ref.kind == resource::Service::kKind;
    const bool backend = ref.group == resource::kAgentgatewayGroup &&
                         ref.kind == resource::AgentgatewayBackend::kKind;
    if (!service && !backend) {
      return invalidKind(ref);
    }
    const resource::Referrer from{
        resource::kGatewayGroup, resource::HttpRoute::kKind, route.resource->meta.key.ns
    };
    if (!resource::isGranted(draft_.resources, from, keyOf(ref))) {
      return notGranted(from, ref);
    }
    return service ? resolveService(route, ref) : resolveBackend(route, ref);
  }

  Resolved resolveBackend(RouteDraft& route, const resource::BackendObjectRef& ref) {
    const auto* backend = draft_.resources.find<resource::AgentgatewayBackend>(ref.ns, ref.name);
    if (backend == nullptr) {
      return notFound<resource::AgentgatewayBackend>(route, ref);
    }
    return draft_.backends.at(backend).handle;
  }

  Resolved resolveService(RouteDraft& route, const resource::BackendObjectRef& ref) {
    const auto* service = draft_.resources.find<resource::Service>(ref.ns, ref.name);
    if (service == nullptr) {
      return notFound<resource::Service>(route, ref);
    }
    return services_.of(*service, ref.port.value_or(0));
  }

  template <typename T>
  Resolved notFound(RouteDraft& route, const resource::BackendObjectRef& ref) {
    route.absent.push_back(keyOf(ref));
    if (draft_.resources.refused(keyOf(ref))) {
      return problem(
          resource::reason::kBackendNotFound,
          resource::toString(keyOf(ref)) + " has errors of its own"
      );
    }
    const auto names = namesIn<T>(draft_.resources, ref.ns);
    return std::unexpected(Problem{
        .reason = std::string(resource::reason::kBackendNotFound),
        .message = resource::toString(keyOf(ref)) + " not found",
        .hint = resource::didYouMean(ref.name, names),
    });
  }

  Draft& draft_;
  ServiceBackends services_;
};

}  // namespace

void passReferences(Draft& draft) {
  ReferenceResolver resolver(draft);
  for (RouteDraft& route : draft.routes) {
    resolver.resolve(route);
  }
}

}  // namespace gatehouse::compile
