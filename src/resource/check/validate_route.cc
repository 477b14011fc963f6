// Rules of HTTPRoute, and those of its parts that other kinds share (references, CORS).
#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "resource/check/validate.h"
#include "resource/reader.h"

namespace gatehouse::resource {
namespace {

using wire::Value;

constexpr std::size_t kMaxMatches = 128;

bool isHexDigit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool isPathCharacter(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view("-/._~!$&'()*+,;=:@").contains(c);
}

bool isUrlPath(std::string_view path) {
  for (std::size_t i = 0; i < path.size(); ++i) {
    const bool escape =
        path[i] == '%' && i + 2 < path.size() && isHexDigit(path[i + 1]) && isHexDigit(path[i + 2]);
    if (!escape && !isPathCharacter(path[i])) {
      return false;
    }
  }
  return true;
}

void routeMatches(const RuleSite& site) {
  std::size_t matches = 0;
  for (const Value& rule : readList(site.value(), "rules")) {
    matches += readList(rule, "matches").size();
  }
  if (matches > kMaxMatches) {
    site.errorAt(
        "rules", fmt::format("has {} matches over all rules, {} are allowed", matches, kMaxMatches)
    );
  }
}

/// Several references to one parent need a sectionName or port each, and different ones.
void distinctParents(const RuleSite& site) {
  using Section = std::pair<std::string, std::int64_t>;
  std::map<std::string, std::set<Section>> parents;
  const wire::Array& refs = *site.value().array();
  for (std::size_t i = 0; i < refs.size(); ++i) {
    const std::string parent = fmt::format(
        "{}/{}/{}/{}",
        readText(refs[i], "group", kGatewayGroup),
        readText(refs[i], "kind", "Gateway"),
        readText(refs[i], "namespace", ""),
        readText(refs[i], "name", "")
    );
    const Section whole{"", 0};
    const Section section{
        readText(refs[i], "sectionName", ""), readInteger(refs[i], "port").value_or(0)
    };
    std::set<Section>& used = parents[parent];
    if (!used.empty() && (section == whole || used.contains(whole) || used.contains(section))) {
      site.errorAtItem(
          i, "", "several references to one parent need different sectionNames or ports"
      );
    }
    used.insert(section);
  }
}

void distinctRuleNames(const RuleSite& site) {
  std::set<std::string> seen;
  const wire::Array& rules = *site.value().array();
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const auto name = readText(rules[i], "name");
    if (name && !seen.insert(*name).second) {
      site.errorAtItem(i, "name", fmt::format("\"{}\" is used twice in this route", *name));
    }
  }
}

void redirectWithoutBackends(const RuleSite& site) {
  const bool redirects = std::ranges::any_of(readList(site.value(), "filters"), [](const Value& f) {
    return readText(f, "type", "") == "RequestRedirect";
  });
  if (redirects && !readList(site.value(), "backendRefs").empty()) {
    site.errorAt("backendRefs", "may not be set together with a RequestRedirect filter");
  }
}

bool replacesPrefix(const Value& filter) {
  for (const std::string_view path : {"requestRedirect.path", "urlRewrite.path"}) {
    const Value* modifier = readPath(filter, path);
    if (modifier != nullptr && readText(*modifier, "type", "") == "ReplacePrefixMatch") {
      return true;
    }
  }
  return false;
}

/// ReplacePrefixMatch needs exactly one match, of type PathPrefix; no match at all means the
/// default one.
void prefixRewrite(const RuleSite& site) {
  const auto matches = readList(site.value(), "matches");
  const Value* path = matches.empty() ? nullptr : readField(matches.front(), "path");
  const bool prefix = path == nullptr || readText(*path, "type", "PathPrefix") == "PathPrefix";
  if (matches.size() <= 1 && prefix) {
    return;
  }
  bool replaces = std::ranges::any_of(readList(site.value(), "filters"), replacesPrefix);
  for (const Value& backend : readList(site.value(), "backendRefs")) {
    replaces = replaces || std::ranges::any_of(readList(backend, "filters"), replacesPrefix);
  }
  if (replaces) {
    site.errorAt("matches", "ReplacePrefixMatch needs exactly one match, of type PathPrefix");
  }
}

void pathValue(const RuleSite& site) {
  const std::string type = readText(site.value(), "type", "PathPrefix");
  const std::string path = readText(site.value(), "value", "/");
  if (type == "RegularExpression") {
    return;
  }
  if (!path.starts_with('/')) {
    site.errorAt("value", fmt::format("must start with / when type is {}", type));
    return;
  }
  for (const std::string_view part : {"//", "/./", "/../", "%2f", "%2F", "#"}) {
    if (path.contains(part)) {
      site.errorAt("value", fmt::format("may not contain \"{}\" when type is {}", part, type));
      return;
    }
  }
  if (path.ends_with("/..") || path.ends_with("/.")) {
    site.errorAt("value", fmt::format("may not end with /. or /.. when type is {}", type));
  } else if (!isUrlPath(path)) {
    site.errorAt("value", "holds characters that a URL path cannot have");
  }
}

/// Each type once, but for RequestMirror and ExtensionRef; a redirect and a rewrite exclude each
/// other.
void filtersOnce(const RuleSite& site) {
  std::set<std::string> seen;
  const wire::Array& filters = *site.value().array();
  for (std::size_t i = 0; i < filters.size(); ++i) {
    const std::string type = readText(filters[i], "type", "");
    const bool repeatable = type == "RequestMirror" || type == "ExtensionRef" || type.empty();
    if (!repeatable && !seen.insert(type).second) {
      site.errorAtItem(i, "type", fmt::format("{} may be used only once in a rule", type));
    }
    const bool clash = (type == "URLRewrite" && seen.contains("RequestRedirect")) ||
                       (type == "RequestRedirect" && seen.contains("URLRewrite"));
    if (clash) {
      site.errorAtItem(i, "type", "RequestRedirect and URLRewrite may not be used together");
    }
  }
}

/// The field of the type's name is set, no other.
void filterType(const RuleSite& site) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kFields{{
      {"RequestHeaderModifier", "requestHeaderModifier"},
      {"ResponseHeaderModifier", "responseHeaderModifier"},
      {"RequestMirror", "requestMirror"},
      {"RequestRedirect", "requestRedirect"},
      {"URLRewrite", "urlRewrite"},
      {"ExtensionRef", "extensionRef"},
      {"CORS", "cors"},
  }};
  const std::string type = readText(site.value(), "type", "");
  for (const auto& [name, field] : kFields) {
    const bool set = readField(site.value(), field) != nullptr;
    if (name == type && !set) {
      site.error(fmt::format("{} must be set when type is {}", field, type));
    } else if (name != type && set && !type.empty()) {
      site.errorAt(field, fmt::format("may not be set when type is {}", type));
    }
  }
}

void fractionOrder(const RuleSite& site) {
  constexpr std::int64_t kPercent = 100;
  const auto numerator = readInteger(site.value(), "numerator");
  if (numerator && *numerator > readInteger(site.value(), "denominator").value_or(kPercent)) {
    site.errorAt("numerator", "may not be greater than the denominator");
  }
}

void redirectStatus(const RuleSite& site) {
  constexpr std::array<std::int64_t, 5> kAllowed{301, 302, 303, 307, 308};
  const auto status = readInteger(site.value(), "statusCode");
  if (status && std::ranges::find(kAllowed, *status) == kAllowed.end()) {
    site.errorAt(
        "statusCode", fmt::format("expected one of 301, 302, 303, 307, 308, got {}", *status)
    );
  }
}

void timeoutOrder(const RuleSite& site) {
  const auto request = readDuration(site.value(), "request");
  const auto backend = readDuration(site.value(), "backendRequest");
  if (request && backend && *request != Millis(0) && *backend > *request) {
    site.errorAt("backendRequest", "may not be longer than request");
  }
}

void pathModifier(const RuleSite& site) {
  const bool full = readText(site.value(), "type", "") == "ReplaceFullPath";
  const std::string_view wanted = full ? "replaceFullPath" : "replacePrefixMatch";
  const std::string_view other = full ? "replacePrefixMatch" : "replaceFullPath";
  if (readField(site.value(), wanted) == nullptr) {
    site.error(fmt::format("{} must be set for this type", wanted));
  }
  if (readField(site.value(), other) != nullptr) {
    site.errorAt(other, "may not be set for this type");
  }
}

void starAlone(const RuleSite& site) {
  const wire::Array& items = *site.value().array();
  const bool star = std::ranges::any_of(items, [](const Value& item) {
    return item.isString() && *item.string() == "*";
  });
  if (star && items.size() > 1) {
    site.error("'*' must be the only entry");
  }
}

void portWhenService(const RuleSite& site) {
  if (readText(site.value(), "kind", "Service") == "Service" &&
      readText(site.value(), "group", "").empty() && readField(site.value(), "port") == nullptr) {
    site.error("port must be set for a Service");
  }
}

}  // namespace

std::span<const NamedRule> routeRules() {
  static constexpr std::array kRules{
      NamedRule{"routeMatches", routeMatches},
      NamedRule{"distinctParents", distinctParents},
      NamedRule{"distinctRuleNames", distinctRuleNames},
      NamedRule{"redirectWithoutBackends", redirectWithoutBackends},
      NamedRule{"prefixRewrite", prefixRewrite},
      NamedRule{"pathValue", pathValue},
      NamedRule{"filtersOnce", filtersOnce},
      NamedRule{"filterType", filterType},
      NamedRule{"fractionOrder", fractionOrder},
      NamedRule{"redirectStatus", redirectStatus},
      NamedRule{"timeoutOrder", timeoutOrder},
      NamedRule{"pathModifier", pathModifier},
      NamedRule{"starAlone", starAlone},
      NamedRule{"portWhenService", portWhenService},
  };
  return kRules;
}

}  // namespace gatehouse::resource
