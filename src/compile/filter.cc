#include "compile/filter.h"

#include <algorithm>
#include <expected>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "http/field_name.h"
#include "http/h1_strict.h"
#include "http/h1_write.h"
#include "http/target.h"
#include "http/token.h"

namespace gatehouse::compile {
namespace {

using Kind = snapshot::FieldChange::Kind;

Problem unsupported(std::string message, std::string field) {
  return Problem{
      .reason = std::string(resource::reason::kUnsupportedValue),
      .message = std::move(message),
      .hint = {},
      .field = std::move(field),
  };
}

/// Why no header of that name can be changed; empty if one can.
std::string faultOfName(std::string_view name, resource::HttpFilterType type) {
  constexpr http::FieldSet kHop = {"te", "trailer", "proxy-authenticate", "proxy-authorization"};
  constexpr http::FieldSet kOurs = {"traceparent", "tracestate", "x-gatehouse-request-id"};
  if (!http::isToken(name)) {
    return fmt::format("\"{}\" is no header name", printable(name, 40));
  }
  const http::FieldId id = http::FieldName(name).id();
  if (iequals(name, "host") && type == resource::HttpFilterType::kRequestHeaderModifier) {
    return "Host is changed by the hostname of a URLRewrite, not by a header modifier";
  }
  if (id != http::kUnknownField && (http::kDecidedByWriter.has(id) || kHop.has(id))) {
    return fmt::format("header {} belongs to the connection and cannot be changed", name);
  }
  if (id != http::kUnknownField && kOurs.has(id)) {
    return fmt::format("header {} is the gateway's own and cannot be changed", name);
  }
  return "";
}

/// One header modifier. Of a name it has one change.
class ModifierCompiler {
 public:
  ModifierCompiler(resource::HttpFilterType type, snapshot::FieldChanges& changes)
      : type_(type),
        field_(
            type == resource::HttpFilterType::kRequestHeaderModifier ? ".requestHeaderModifier"
                                                                     : ".responseHeaderModifier"
        ),
        changes_(changes) {}

  std::optional<Problem> add(const resource::HeaderModifier& modifier) {
    for (std::size_t i = 0; i < modifier.remove.size(); ++i) {
      const std::string& name = modifier.remove[i];
      if (auto fault = faultOf(name); !fault.empty()) {
        return unsupported(std::move(fault), fmt::format("{}.remove[{}]", field_, i));
      }
      changes_.push_back({.kind = Kind::kRemove, .name = name, .value = {}});
    }
    if (auto problem = addLines(modifier.set, Kind::kSet, "set")) {
      return problem;
    }
    return addLines(modifier.add, Kind::kAdd, "add");
  }

 private:
  std::optional<Problem> addLines(
      const std::vector<resource::HeaderValue>& lines, Kind kind, std::string_view list
  ) {
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const std::string field = fmt::format("{}.{}[{}]", field_, list, i);
      if (auto fault = faultOf(lines[i].name); !fault.empty()) {
        return unsupported(std::move(fault), field + ".name");
      }
      if (!http::isFieldValue(lines[i].value)) {
        return unsupported(
            fmt::format("the value of header {} holds a control character", lines[i].name),
            field + ".value"
        );
      }
      changes_.push_back({
          .kind = kind,
          .name = lines[i].name,
          .value = std::string(http::trimBlanks(lines[i].value)),
      });
    }
    return std::nullopt;
  }

  std::string faultOf(const std::string& name) {
    std::string fault = faultOfName(name, type_);
    if (fault.empty() && !names_.insert(fold(name)).second) {
      fault = fmt::format("header {} is changed twice by one filter", name);
    }
    return fault;
  }

  resource::HttpFilterType type_;
  std::string_view field_;
  std::set<std::string> names_;  // in lower case
  snapshot::FieldChanges& changes_;
};

/// A path as it goes into a request line; the query is the request's.
std::expected<snapshot::PathChange, Problem> compilePath(
    const resource::PathModifier& modifier, const std::string& field
) {
  const bool whole = modifier.type == resource::PathModifierType::kReplaceFullPath;
  const std::string value = modifier.value.empty() ? "/" : modifier.value;
  const bool path = value.starts_with('/') && !value.contains('?') &&
                    http::parseTarget(http::Method::kGet, value).has_value();
  if (!path) {
    return std::unexpected(unsupported(
        fmt::format("\"{}\" is no URL path that starts with /", printable(value, 80)),
        field + (whole ? ".path.replaceFullPath" : ".path.replacePrefixMatch")
    ));
  }
  return snapshot::PathChange{
      .part = whole ? snapshot::PathChange::Part::kWhole : snapshot::PathChange::Part::kPrefix,
      .value = value,
  };
}

std::optional<Problem> addRedirect(
    const resource::RequestRedirect& spec, snapshot::Filters& filters
) {
  snapshot::Redirect redirect{
      .scheme = spec.scheme.value_or(""),
      .hostname = spec.hostname.value_or(""),
      .port = spec.port,
      .status = spec.status_code,
      .path = {},
  };
  if (spec.path) {
    auto path = compilePath(*spec.path, ".requestRedirect");
    if (!path) {
      return std::move(path).error();
    }
    redirect.path = *std::move(path);
  }
  filters.redirect = std::move(redirect);
  return std::nullopt;
}

/// What the rule says of host or path gives way to what the backendRef says of it.
std::optional<Problem> addRewrite(const resource::UrlRewrite& spec, snapshot::Filters& filters) {
  if (spec.path) {
    auto path = compilePath(*spec.path, ".urlRewrite");
    if (!path) {
      return std::move(path).error();
    }
    filters.path = *std::move(path);
  }
  if (spec.hostname) {
    filters.hostname = *spec.hostname;
  }
  return std::nullopt;
}

/// "https://*.example.com:443" as what stands before and behind the star.
snapshot::OriginPattern compileOrigin(std::string_view origin) {
  std::string text = http::normalOrigin(origin);
  const std::size_t star = text.find('*');
  if (star == std::string::npos) {
    return {.begin = std::move(text), .end = {}, .below = false};
  }
  return {.begin = text.substr(0, star), .end = text.substr(star + 1), .below = true};
}

std::string listed(const std::vector<std::string>& names) {
  return fmt::format("{}", fmt::join(names, ", "));
}

void addCors(const resource::CorsFilter& spec, snapshot::Filters& filters) {
  snapshot::Cors cors;
  cors.any_origin = std::ranges::find(spec.allow_origins, "*") != spec.allow_origins.end();
  for (const std::string& origin : spec.allow_origins) {
    if (origin != "*") {
      cors.origins.push_back(compileOrigin(origin));
    }
  }
  cors.credentials = spec.allow_credentials;
  cors.methods = listed(spec.allow_methods);
  cors.headers = listed(spec.allow_headers);
  cors.exposed = listed(spec.expose_headers);
  cors.max_age = fmt::format("{}", spec.max_age.count());
  filters.cors = std::move(cors);
}

void addMirror(const Draft& draft, const resource::HttpFilter& filter, snapshot::Filters& filters) {
  const auto& spec = std::get<resource::RequestMirror>(filter.settings);
  const auto found = draft.mirrors.find(&filter);
  if (found != draft.mirrors.end() && spec.numerator != 0) {
    filters.mirrors.push_back({
        .backend = found->second,
        .numerator = spec.numerator,
        .denominator = spec.denominator,
    });
  }
}

Problem unknownExtension(const resource::ObjectRef& ref) {
  return Problem{
      .reason = std::string(resource::reason::kInvalidKind),
      .message = fmt::format(
          "no filter of kind {} in group \"{}\" is known ({})", ref.kind, ref.group, ref.name
      ),
      .hint = {},
      .field = ".extensionRef.kind",
  };
}

}  // namespace

std::string_view nameOf(resource::HttpFilterType type) {
  switch (type) {
    case resource::HttpFilterType::kRequestHeaderModifier:
      return "RequestHeaderModifier";
    case resource::HttpFilterType::kResponseHeaderModifier:
      return "ResponseHeaderModifier";
    case resource::HttpFilterType::kRequestMirror:
      return "RequestMirror";
    case resource::HttpFilterType::kRequestRedirect:
      return "RequestRedirect";
    case resource::HttpFilterType::kUrlRewrite:
      return "URLRewrite";
    case resource::HttpFilterType::kExtensionRef:
      return "ExtensionRef";
    case resource::HttpFilterType::kCors:
      return "CORS";
  }
  return "";
}

std::optional<Problem> addFilter(
    const Draft& draft, const resource::HttpFilter& filter, snapshot::Filters& filters
) {
  switch (filter.type) {
    case resource::HttpFilterType::kRequestHeaderModifier:
      return ModifierCompiler(filter.type, filters.request)
          .add(std::get<resource::HeaderModifier>(filter.settings));
    case resource::HttpFilterType::kResponseHeaderModifier:
      return ModifierCompiler(filter.type, filters.response)
          .add(std::get<resource::HeaderModifier>(filter.settings));
    case resource::HttpFilterType::kRequestRedirect:
      return addRedirect(std::get<resource::RequestRedirect>(filter.settings), filters);
    case resource::HttpFilterType::kUrlRewrite:
      return addRewrite(std::get<resource::UrlRewrite>(filter.settings), filters);
    case resource::HttpFilterType::kCors:
      addCors(std::get<resource::CorsFilter>(filter.settings), filters);
      return std::nullopt;
    case resource::HttpFilterType::kExtensionRef:
      return unknownExtension(std::get<resource::ExtensionRef>(filter.settings).ref);
    case resource::HttpFilterType::kRequestMirror:
      addMirror(draft, filter, filters);
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace gatehouse::compile
