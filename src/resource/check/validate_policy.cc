// Rules of AgentgatewayPolicy and EnterpriseAgentgatewayPolicy: what may target what (resources.md
// 5).
#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.h"
#include "resource/check/validate.h"
#include "resource/nearest.h"
#include "resource/reader.h"
#include "resource/schema/format.h"

namespace gatehouse::resource {
namespace {

using wire::Value;

constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kTargetGroups{{
    {"Gateway", kGatewayGroup},
    {"HTTPRoute", kGatewayGroup},
    {"GRPCRoute", kGatewayGroup},
    {"ListenerSet", kGatewayGroup},
    {"Service", kCoreGroup},
    {"AgentgatewayBackend", kAgentgatewayGroup},
    {"InferencePool", "inference.networking.k8s.io"},
}};

bool isPort(std::string_view text) {
  return !text.starts_with('0') && parseUnsigned(text, 0xffff).has_value();
}

/// Each target is of a kind policies attach to, all are of one kind, and the section of a Service
/// is one of its ports.
void targetKinds(const RuleSite& site) {
  std::array<std::string_view, kTargetGroups.size()> names;
  std::ranges::transform(kTargetGroups, names.begin(), [](const auto& entry) {
    return entry.first;
  });
  const wire::Array& refs = *site.value().array();
  const std::string first = refs.empty() ? "" : readText(refs.front(), "kind", "");
  for (std::size_t i = 0; i < refs.size(); ++i) {
    const std::string kind = readText(refs[i], "kind", "");
    const std::string group = readText(refs[i], "group", "");
    const auto known =
        std::ranges::find(kTargetGroups, kind, [](const auto& e) { return e.first; });
    if (known == kTargetGroups.end()) {
      site.errorAtItem(
          i,
          "kind",
          fmt::format(
              "expected one of {}, got \"{}\"{}",
              fmt::join(names, ", "),
              kind,
              didYouMean(kind, names)
          )
      );
    } else if (group != known->second) {
      site.errorAtItem(
          i,
          "group",
          fmt::format("must be \"{}\" for kind {}, got \"{}\"", known->second, kind, group)
      );
    } else if (kind != first) {
      site.errorAtItem(
          i, "kind", fmt::format("all targets must be of one kind, not {} and {}", first, kind)
      );
    }
    const auto section = readText(refs[i], "sectionName");
    if (section && kind == "Service" && !isPort(*section)) {
      site.errorAtItem(
          i,
          "sectionName",
          fmt::format("expected a port from 1 to 65535 for a Service, got \"{}\"", *section)
      );
    }
  }
}

/// The targets of a policy, whether named or selected.
class Targets {
 public:
  explicit Targets(const RuleSite& site) : site_(site) {
    for (const std::string_view list : {"targetRefs", "targetSelectors"}) {
      const auto items = readList(site.value(), list);
      for (std::size_t i = 0; i < items.size(); ++i) {
        all_.push_back({&items[i], fmt::format("{}[{}]", list, i)});
      }
    }
  }

  bool has(std::string_view dotted) const { return readPath(site_.value(), dotted) != nullptr; }

  /// `section` may target only `kinds`.
  void restrict(std::string_view section, std::initializer_list<std::string_view> kinds) const {
    for (const Target& target : all_) {
      const std::string kind = readText(*target.ref, "kind", "");
      if (std::ranges::find(kinds, kind) == kinds.end()) {
        report(section, fmt::format("may target only {}, not {}", fmt::join(kinds, ", "), kind));
        return;
      }
    }
  }

  /// `section` may not target `kind`; with `field`, only not with that field set.
  void forbid(std::string_view section, std::string_view kind, std::string_view field) const {
    for (const Target& target : all_) {
      const bool of_kind = kind.empty() || readText(*target.ref, "kind", "") == kind;
      const bool with = field.empty() || readField(*target.ref, field) != nullptr;
      if (of_kind && with) {
        report(
            section,
            fmt::format(
                "may not target {}{}{}",
                kind.empty() ? "anything" : kind,
                field.empty() ? "" : " with ",
                field
            )
        );
        return;
      }
    }
  }

 private:
  struct Target {
    const Value* ref;
    std::string path;
  };

  void report(std::string_view section, std::string message) const {
    site_.errorAt(section, std::move(message));
  }

  const RuleSite& site_;
  std::vector<Target> all_;
};

void policyTargets(const RuleSite& site) {
  const Targets targets(site);
  if (targets.has("frontend")) {
    targets.restrict("frontend", {"Gateway"});
    for (const std::string_view section :
         {"tcp", "networkAuthorization", "tls", "http", "proxyProtocol", "connect"}) {
      const std::string path = fmt::format("frontend.{}", section);
      if (targets.has(path)) {
        targets.forbid(path, "", "sectionName");
      }
    }
  }
  for (const std::string_view section : {"traffic", "backend"}) {
    if (targets.has(section)) {
      targets.forbid(section, "", "port");
    }
  }
  if (targets.has("traffic")) {
    targets.restrict(
        "traffic", {"Gateway", "ListenerSet", "GRPCRoute", "HTTPRoute", "InferencePool"}
    );
    const Value* traffic = readField(site.value(), "traffic");
    if (readText(*traffic, "phase", "PostRouting") == "PreRouting") {
      targets.restrict("traffic.phase", {"Gateway", "ListenerSet"});
    }
  }
  if (targets.has("backend.ai")) {
    targets.forbid("backend.ai", "Service", "");
  }
  if (targets.has("backend.mcp")) {
    targets.forbid("backend.mcp", "Service", "");
    targets.forbid("backend.mcp", "AgentgatewayBackend", "sectionName");
  }
}

void inheritanceNeedsTraffic(const RuleSite& site) {
  const bool inheritance = readPath(site.value(), "strategy.inheritance") != nullptr;
  const bool other = readField(site.value(), "frontend") != nullptr ||
                     readField(site.value(), "backend") != nullptr;
  if (inheritance && (other || readField(site.value(), "traffic") == nullptr)) {
    site.errorAt("strategy.inheritance", "may be set only on policies with traffic alone");
  }
}

/// A path is a matter of OTLP over HTTP.
void otlpPath(const RuleSite& site) {
  if (readText(site.value(), "protocol", "GRPC") == "HTTP") {
    return;
  }
  if (readField(site.value(), "path") != nullptr) {
    site.errorAt("path", "may be set only when protocol is HTTP");
  }
  const auto url = parseHttpUrl(readText(site.value(), "url", ""));
  if (url && !url->path.empty()) {
    site.errorAt("url", "may have a path only when protocol is HTTP");
  }
}

void preRoutingFields(const RuleSite& site) {
  // Named one by one, so that sections of the enterprise kind which we do not know pass.
  constexpr std::array<std::string_view, 9> kRouteOnly{
      "buffer",
      "csrf",
      "delay",
      "directResponse",
      "headerModifiers",
      "hostRewrite",
      "rateLimit",
      "retry",
      "timeouts",
  };
  if (readText(site.value(), "phase", "PostRouting") != "PreRouting") {
    return;
  }
  for (const std::string_view field : kRouteOnly) {
    if (readField(site.value(), field) != nullptr) {
      site.errorAt(field, "may not be set when phase is PreRouting");
    }
  }
}

void lastUnconditional(const RuleSite& site) {
  const wire::Array& entries = *site.value().array();
  for (std::size_t i = 0; i + 1 < entries.size(); ++i) {
    if (readField(entries[i], "condition") == nullptr) {
      site.errorAtItem(i, "", "only the last entry may be without condition");
    }
  }
}

void jwtMcp(const RuleSite& site) {
  if (readField(site.value(), "mcp") == nullptr) {
    return;
  }
  if (readList(site.value(), "providers").size() != 1) {
    site.errorAt("mcp", "needs exactly one provider");
  }
  if (readText(site.value(), "mode", "Strict") != "Strict") {
    site.errorAt("mcp", "needs mode Strict");
  }
}

}  // namespace

std::span<const NamedRule> policyRules() {
  static constexpr std::array kRules{
      NamedRule{"targetKinds", targetKinds},
      NamedRule{"policyTargets", policyTargets},
      NamedRule{"inheritanceNeedsTraffic", inheritanceNeedsTraffic},
      NamedRule{"otlpPath", otlpPath},
      NamedRule{"preRoutingFields", preRoutingFields},
      NamedRule{"lastUnconditional", lastUnconditional},
      NamedRule{"jwtMcp", jwtMcp},
  };
  return kRules;
}

}  // namespace gatehouse::resource
