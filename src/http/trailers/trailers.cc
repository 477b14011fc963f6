#include "http/trailers/trailers.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "http/credential.h"
#include "http/token.h"

namespace gatehouse::http {
namespace {

// RFC 9110 section 6.5.1.
constexpr FieldSet kForbidden = {
    "authorization",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
};
constexpr std::array<std::string_view, 16> kForbiddenToo = {
    "age",
    "cache-control",
    "content-range",
    "date",
    "expires",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "location",
    "max-forwards",
    "pragma",
    "range",
    "vary",
    "www-authenticate",
};

Fields kept(const Fields& trailers, auto wanted) {
  Fields out;
  for (std::size_t i = 0; i < trailers.size(); ++i) {
    const Fields::Field field = trailers.at(i);
    if (mayTrail(field.name) && wanted(field.name)) {
      out.add(field.name, field.value);
    }
  }
  return out;
}

}  // namespace

bool takesTrailers(const Fields& fields) {
  return fields.has("te") && listHas(fields.joined("te"), "trailers");
}

bool mayTrail(FieldName name) {
  const std::string_view text = name.text();
  return !kForbidden.has(name.id()) && !namesCredential(text) &&
         !istartsWith(text, "x-forwarded-") &&
         std::ranges::none_of(kForbiddenToo, [text](auto no) { return iequals(no, text); });
}

std::string trailersIn(const Fields& fields) {
  std::string names;
  if (!fields.has("trailer")) {
    return names;
  }
  const std::string all = fields.joined("trailer");
  std::string_view rest = all;
  for (auto name = nextElement(rest); !name.empty(); name = nextElement(rest)) {
    if (isToken(name) && mayTrail(name)) {
      names.append(names.empty() ? "" : ", ").append(name);
    }
  }
  return names;
}

Fields announcedTrailers(const Fields& trailers, std::string_view announced) {
  return kept(trailers, [announced](std::string_view name) { return listHas(announced, name); });
}

Fields allowedTrailers(const Fields& trailers) {
  return kept(trailers, [](std::string_view) { return true; });
}

void writeLastChunk(std::string& out, const Fields& trailers) {
  out += "0\r\n";
  for (std::size_t i = 0; i < trailers.size(); ++i) {
    const Fields::Field field = trailers.at(i);
    out.append(field.name).append(": ").append(field.value).append("\r\n");
  }
  out += "\r\n";
}

}  // namespace gatehouse::http
