// Rules of Gateway, ListenerSet, BackendTLSPolicy.
#include <array>
#include <map>
#include <set>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "resource/check/validate.h"
#include "resource/reader.h"

namespace gatehouse::resource {
namespace {

using wire::Value;

/// No tls for HTTP, TCP, UDP; HTTPS terminates; TLS states its mode; no hostname for TCP, UDP.
void listenerFields(const RuleSite& site) {
  const Value& listener = site.value();
  const std::string protocol = readText(listener, "protocol", "");
  const Value* tls = readField(listener, "tls");
  const bool plain = protocol == "HTTP" || protocol == "TCP" || protocol == "UDP";
  if (tls != nullptr && plain) {
    site.errorAt("tls", fmt::format("may not be set for protocol {}", protocol));
  }
  if (tls != nullptr && protocol == "HTTPS" && readText(*tls, "mode", "Terminate") != "Terminate") {
    site.errorAt("tls.mode", "must be Terminate for protocol HTTPS");
  }
  if (protocol == "TLS" && (tls == nullptr || readField(*tls, "mode") == nullptr)) {
    site.errorAt("tls.mode", "must be set for protocol TLS");
  }
  if ((protocol == "TCP" || protocol == "UDP") && readField(listener, "hostname") != nullptr) {
    site.errorAt("hostname", fmt::format("may not be set for protocol {}", protocol));
  }
}

void terminateNeedsCertificate(const RuleSite& site) {
  const Value& tls = site.value();
  const Value* options = readField(tls, "options");
  const bool has_options = options != nullptr && options->isObject() && !options->object()->empty();
  if (readText(tls, "mode", "Terminate") == "Terminate" &&
      readList(tls, "certificateRefs").empty() && !has_options) {
    site.error("certificateRefs or options must be set when mode is Terminate");
  }
}

void distinctAddresses(const RuleSite& site) {
  std::set<std::pair<std::string, std::string>> seen;
  const wire::Array& addresses = *site.value().array();
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    std::string type = readText(addresses[i], "type", "IPAddress");
    const auto value = readText(addresses[i], "value");
    if (value && (type == "IPAddress" || type == "Hostname") &&
        !seen.emplace(std::move(type), *value).second) {
      site.errorAtItem(i, "value", fmt::format("\"{}\" is listed twice", *value));
    }
  }
}

/// Several references to one target need sectionNames that differ.
void distinctTargets(const RuleSite& site) {
  std::map<std::string, std::set<std::string>> sections;
  const wire::Array& refs = *site.value().array();
  for (std::size_t i = 0; i < refs.size(); ++i) {
    const std::string target = fmt::format(
        "{}/{}/{}",
        readText(refs[i], "group", ""),
        readText(refs[i], "kind", ""),
        readText(refs[i], "name", "")
    );
    const std::string section = readText(refs[i], "sectionName", "");
    std::set<std::string>& used = sections[target];
    const bool whole = !used.empty() && (section.empty() || used.contains(""));
    if (whole || !used.insert(section).second) {
      site.errorAtItem(i, "", "several references to one target need different sectionNames");
    }
  }
}

void subjectAltName(const RuleSite& site) {
  const bool uri = readText(site.value(), "type", "") == "URI";
  const std::string_view wanted = uri ? "uri" : "hostname";
  const std::string_view other = uri ? "hostname" : "uri";
  if (readField(site.value(), wanted) == nullptr) {
    site.error(fmt::format("{} must be set for this type", wanted));
  }
  if (readField(site.value(), other) != nullptr) {
    site.errorAt(other, "may not be set for this type");
  }
}

/// The API server takes it; it selects nothing.
void selectedNamespaces(const RuleSite& site) {
  if (readText(site.value(), "from", "") == "Selector" &&
      readField(site.value(), "selector") == nullptr) {
    site.warningAt("from", "selects no namespace without a selector; {} would select all");
  }
}

/// The same of an expression that Kubernetes cannot read.
void selectorExpression(const RuleSite& site) {
  const std::string op = readText(site.value(), "operator", "");
  const bool wants_values = op == "In" || op == "NotIn";
  const bool has_values = !readList(site.value(), "values").empty();
  if (wants_values != has_values) {
    site.warningAt(
        wants_values ? "operator" : "values",
        fmt::format(
            "operator {} {} values; the selector selects nothing",
            op,
            wants_values ? "needs" : "has no"
        )
    );
  }
}

}  // namespace

std::span<const NamedRule> gatewayRules() {
  static constexpr std::array kRules{
      NamedRule{"listenerFields", listenerFields},
      NamedRule{"terminateNeedsCertificate", terminateNeedsCertificate},
      NamedRule{"distinctAddresses", distinctAddresses},
      NamedRule{"distinctTargets", distinctTargets},
      NamedRule{"subjectAltName", subjectAltName},
      NamedRule{"selectedNamespaces", selectedNamespaces},
      NamedRule{"selectorExpression", selectorExpression},
  };
  return kRules;
}

}  // namespace gatehouse::resource
