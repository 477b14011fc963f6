#include "resource/decode_route.h"

#include <array>
#include <string>
#include <utility>

#include "resource/decode_ref.h"
#include "resource/reader.h"

namespace gatehouse::resource {
namespace {

using wire::Value;

PathMatch decodePath(const Value& path) {
  PathMatch match;
  const std::string type = readText(path, "type", "PathPrefix");
  if (type == "Exact") {
    match.type = PathMatchType::kExact;
  } else if (type == "RegularExpression") {
    match.type = PathMatchType::kRegularExpression;
  }
  match.value = readText(path, "value", "/");
  return match;
}

std::vector<ValueMatch> decodeValueMatches(const Value& match, std::string_view list) {
  std::vector<ValueMatch> matches;
  for (const Value& entry : readList(match, list)) {
    matches.push_back({
        .type = readText(entry, "type", "") == "RegularExpression"
                    ? ValueMatchType::kRegularExpression
                    : ValueMatchType::kExact,
        .name = readText(entry, "name", ""),
        .value = readText(entry, "value", ""),
    });
  }
  return matches;
}

HttpRouteMatch decodeMatch(const Value& document) {
  return {
      .path = decodePath(readPart(document, "path")),
      .headers = decodeValueMatches(document, "headers"),
      .query_params = decodeValueMatches(document, "queryParams"),
      .method = readText(document, "method"),
      .position = document.position,
  };
}

std::vector<HeaderValue> decodeHeaderValues(const Value& modifier, std::string_view list) {
  std::vector<HeaderValue> values;
  for (const Value& entry : readList(modifier, list)) {
    values.push_back({.name = readText(entry, "name", ""), .value = readText(entry, "value", "")});
  }
  return values;
}

HeaderModifier decodeHeaderModifier(const Value& modifier) {
  return {
      .set = decodeHeaderValues(modifier, "set"),
      .add = decodeHeaderValues(modifier, "add"),
      .remove = readTexts(modifier, "remove"),
  };
}

std::optional<PathModifier> decodePathModifier(const Value& owner) {
  const Value* path = readField(owner, "path");
  if (path == nullptr) {
    return std::nullopt;
  }
  if (readText(*path, "type", "") == "ReplacePrefixMatch") {
    return PathModifier{
        .type = PathModifierType::kReplacePrefixMatch,
        .value = readText(*path, "replacePrefixMatch", ""),
    };
  }
  return PathModifier{
      .type = PathModifierType::kReplaceFullPath, .value = readText(*path, "replaceFullPath", "")
  };
}

RequestMirror decodeMirror(const Value& document, std::string_view ns) {
  RequestMirror mirror;
  mirror.backend_ref = decodeBackendObjectRef(readPart(document, "backendRef"), ns);
  if (const auto percent = readCount(document, "percent")) {
    mirror.numerator = *percent;
  } else if (const Value* fraction = readField(document, "fraction")) {
    mirror.numerator = readCount(*fraction, "numerator").value_or(0);
    mirror.denominator = readCount(*fraction, "denominator").value_or(mirror.denominator);
  }
  return mirror;
}

RequestRedirect decodeRedirect(const Value& document) {
  RequestRedirect redirect;
  redirect.scheme = readText(document, "scheme");
  redirect.hostname = readText(document, "hostname");
  redirect.port = readPort(document, "port");
  redirect.status_code = readPort(document, "statusCode").value_or(redirect.status_code);
  redirect.path = decodePathModifier(document);
  return redirect;
}

CorsFilter decodeCors(const Value& document) {
  CorsFilter cors;
  cors.allow_origins = readTexts(document, "allowOrigins");
  cors.allow_methods = readTexts(document, "allowMethods");
  cors.allow_headers = readTexts(document, "allowHeaders");
  cors.expose_headers = readTexts(document, "exposeHeaders");
  cors.allow_credentials = readBoolean(document, "allowCredentials", false);
  if (const auto age = readInteger(document, "maxAge")) {
    cors.max_age = Seconds(*age);
  }
  return cors;
}

HttpFilter decodeFilter(const Value& document, std::string_view ns) {
  const std::string type = readText(document, "type", "");
  HttpFilter filter;
  filter.position = document.position;
  if (type == "ResponseHeaderModifier") {
    filter.type = HttpFilterType::kResponseHeaderModifier;
    filter.settings = decodeHeaderModifier(readPart(document, "responseHeaderModifier"));
  } else if (type == "RequestMirror") {
    filter.type = HttpFilterType::kRequestMirror;
    filter.settings = decodeMirror(readPart(document, "requestMirror"), ns);
  } else if (type == "RequestRedirect") {
    filter.type = HttpFilterType::kRequestRedirect;
    filter.settings = decodeRedirect(readPart(document, "requestRedirect"));
  } else if (type == "URLRewrite") {
    const Value& rewrite = readPart(document, "urlRewrite");
    filter.type = HttpFilterType::kUrlRewrite;
    filter.settings =
        UrlRewrite{.hostname = readText(rewrite, "hostname"), .path = decodePathModifier(rewrite)};
  } else if (type == "ExtensionRef") {
    filter.type = HttpFilterType::kExtensionRef;
    filter.settings = ExtensionRef{decodeObjectRef(readPart(document, "extensionRef"), ns, "")};
  } else if (type == "CORS") {
    filter.type = HttpFilterType::kCors;
    filter.settings = decodeCors(readPart(document, "cors"));
  } else {
    filter.settings = decodeHeaderModifier(readPart(document, "requestHeaderModifier"));
  }
  return filter;
}

std::vector<HttpFilter> decodeFilters(const Value& owner, std::string_view ns) {
  std::vector<HttpFilter> filters;
  for (const Value& filter : readList(owner, "filters")) {
    filters.push_back(decodeFilter(filter, ns));
  }
  return filters;
}

std::optional<HttpRouteRetry> decodeRetry(const Value& rule) {
  const Value* document = readField(rule, "retry");
  if (document == nullptr) {
    return std::nullopt;
  }
  HttpRouteRetry retry;
  for (const Value& code : readList(*document, "codes")) {
    if (const std::int64_t* status = code.integer()) {
      retry.codes.push_back(static_cast<std::uint16_t>(*status));
    }
  }
  retry.attempts = readCount(*document, "attempts");
  retry.backoff = readDuration(*document, "backoff");
  return retry;
}

HttpRouteRule decodeRule(const Value& document, std::string_view ns) {
  HttpRouteRule rule;
  rule.name = readText(document, "name", "");
  for (const Value& match : readList(document, "matches")) {
    rule.matches.push_back(decodeMatch(match));
  }
  if (rule.matches.empty()) {
    rule.matches.push_back(decodeMatch(Value()));
  }
  rule.filters = decodeFilters(document, ns);
  for (const Value& backend : readList(document, "backendRefs")) {
    rule.backend_refs.push_back({
        .ref = decodeBackendObjectRef(backend, ns),
        .weight = readCount(backend, "weight").value_or(1),
        .filters = decodeFilters(backend, ns),
    });
  }
  const Value& timeouts = readPart(document, "timeouts");
  rule.timeouts.request = readDuration(timeouts, "request");
  rule.timeouts.backend_request = readDuration(timeouts, "backendRequest");
  rule.retry = decodeRetry(document);
  rule.session_persistence = readField(document, "sessionPersistence") != nullptr;
  rule.position = document.position;
  return rule;
}

}  // namespace

HttpRoute decodeHttpRoute(const Value& document, ObjectMeta meta) {
  const Value& spec = readPart(document, "spec");
  const std::string& ns = meta.key.ns;
  HttpRoute route;
  for (const Value& ref : readList(spec, "parentRefs")) {
    route.parent_refs.push_back(decodeParentRef(ref, ns));
  }
  route.hostnames = readTexts(spec, "hostnames");
  for (const Value& rule : readList(spec, "rules")) {
    route.rules.push_back(decodeRule(rule, ns));
  }
  if (route.rules.empty()) {
    route.rules.push_back(decodeRule(Value(), ns));
  }
  route.meta = std::move(meta);
  return route;
}

}  // namespace gatehouse::resource
