#include "http/head.h"

#include <algorithm>
#include <array>
#include <utility>

namespace gatehouse::http {
namespace {

constexpr std::array<std::string_view, 9> kMethodNames = {
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "DELETE",
    "CONNECT",
    "OPTIONS",
    "TRACE",
    "PATCH",
};

// The methods of IANA's registry and of the protocols on top of HTTP that are in use; anything else
// is a mistake or a trick.
constexpr std::array<std::string_view, 33> kServedMethods = {
    "GET",       "POST",       "PUT",      "DELETE", "HEAD",        "OPTIONS", "PATCH",
    "CONNECT",   "TRACE",      "COPY",     "LOCK",   "MKCOL",       "MOVE",    "PROPFIND",
    "PROPPATCH", "SEARCH",     "UNLOCK",   "BIND",   "REBIND",      "UNBIND",  "ACL",
    "REPORT",    "MKACTIVITY", "CHECKOUT", "MERGE",  "M-SEARCH",    "NOTIFY",  "SUBSCRIBE",
    "PURGE",     "MKCALENDAR", "LINK",     "UNLINK", "UNSUBSCRIBE",
};

struct ReasonRow {
  Status status;
  std::string_view phrase;
};

constexpr auto kReasons = std::to_array<ReasonRow>({
    {100, "Continue"},
    {101, "Switching Protocols"},
    {102, "Processing"},
    {103, "Early Hints"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {203, "Non-Authoritative Information"},
    {204, "No Content"},
    {205, "Reset Content"},
    {206, "Partial Content"},
    {207, "Multi-Status"},
    {208, "Already Reported"},
    {226, "IM Used"},
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {305, "Use Proxy"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {423, "Locked"},
    {424, "Failed Dependency"},
    {425, "Too Early"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {451, "Unavailable For Legal Reasons"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {506, "Variant Also Negotiates"},
    {507, "Insufficient Storage"},
    {508, "Loop Detected"},
    {511, "Network Authentication Required"},
});

}  // namespace

std::string_view toString(Method method) {
  auto index = static_cast<std::size_t>(method);
  return index < kMethodNames.size() ? kMethodNames[index] : std::string_view();
}

Method methodFrom(std::string_view token) {
  for (std::size_t i = 0; i < kMethodNames.size(); ++i) {
    if (kMethodNames[i] == token) {
      return static_cast<Method>(i);
    }
  }
  return Method::kOther;
}

bool isServedMethod(std::string_view token) {
  return std::ranges::find(kServedMethods, token) != kServedMethods.end();
}

std::string_view toString(Version version) {
  switch (version) {
    case Version::kHttp10:
      return "1.0";
    case Version::kHttp11:
      return "1.1";
    case Version::kHttp2:
      return "2";
  }
  std::unreachable();
}

std::string_view reasonPhrase(Status status) {
  for (const ReasonRow& row : kReasons) {
    if (row.status == status) {
      return row.phrase;
    }
  }
  return {};
}

std::string_view RequestHead::path() const {
  return std::string_view(target).substr(0, target.find('?'));
}

std::string_view RequestHead::query() const {
  std::size_t mark = target.find('?');
  return mark == std::string::npos ? std::string_view() : std::string_view(target).substr(mark + 1);
}

std::string_view RequestHead::methodName() const {
  return method == Method::kOther ? std::string_view(method_text) : toString(method);
}

}  // namespace gatehouse::http
