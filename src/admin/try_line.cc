#include "admin/try_line.h"

#include <algorithm>
#include <tuple>
#include <utility>
#include <variant>

#include "base/text.h"
#include "io/address.h"
#include "snapshot/route_match.h"

namespace gatehouse::admin {
namespace {

/// A request that a route takes.
struct Ask {
  std::string host;  // empty: the address itself
  http::RequestHead head;
};

std::string_view suffixOf(Speaks speaks) {
  switch (speaks) {
    case Speaks::kChat:
      return "/v1/chat/completions";
    case Speaks::kMessages:
      return "/v1/messages";
    default:
      return "";
  }
}

/// Whether the path can stand in a URL as it is written.
bool isUrlPath(std::string_view path) {
  return path.starts_with('/') && std::ranges::all_of(path, [](char c) {
           return c > ' ' && c < '\x7f' && c != '?' && c != '#' && c != '%' && c != '\\' &&
                  c != '"';
         });
}

/// What an expression begins with that stands for itself: "/api" of "^/api/v[0-9]+/.*".
std::string literalStart(std::string_view expression) {
  if (expression.starts_with('^')) {
    expression.remove_prefix(1);
  }
  const std::size_t end = expression.find_first_of(".[](){}*+?|^$\\");
  std::string text(expression.substr(0, end));
  // What is repeated or left out as a whole is no longer certain.
  if (end != std::string_view::npos && std::string_view("*?{").contains(expression[end]) &&
      !text.empty()) {
    text.pop_back();
  }
  return text;
}

std::string joined(std::string_view prefix, std::string_view suffix) {
  if (!suffix.empty() && prefix.ends_with('/')) {
    prefix.remove_suffix(1);
  }
  return std::string(prefix) + std::string(suffix);
}

const llm::DialectRoutes& dialectRoutes(const RouteOverview& row) {
  static const llm::DialectRoutes kBuiltIn;
  const auto* backend = std::get_if<snapshot::AiBackend>(&row.choice->backend->target);
  return backend == nullptr ? kBuiltIn : backend->providers.front().llm.routes;
}

/// Paths that may lead to the route, the likeliest first.
std::vector<std::string> pathsOf(const RouteOverview& row) {
  const snapshot::RouteEntry& entry = *row.entry;
  const std::string_view suffix = suffixOf(row.speaks);
  if (entry.path_kind == snapshot::PathKind::kExact) {
    return {entry.path};
  }
  if (entry.path_kind == snapshot::PathKind::kPrefix) {
    // A prefix may reach into the API's own path: "/v1" or all of it.
    if (!suffix.empty() && snapshot::pathMatches(entry, suffix)) {
      return {std::string(suffix), joined(entry.path, suffix)};
    }
    return {joined(entry.path, suffix)};
  }
  const std::string start = literalStart(entry.path);
  return {std::string(suffix), joined(start, suffix), start, "/"};
}

/// Whether the backend takes what is sent to the path for what it is.
bool fits(std::string_view path, const RouteOverview& row) {
  if (row.speaks == Speaks::kPlain) {
    return true;
  }
  const llm::Dialect wanted =
      row.speaks == Speaks::kChat ? llm::Dialect::kChat : llm::Dialect::kMessages;
  const llm::Dialect found =
      llm::matchDialect(http::Method::kPost, path, dialectRoutes(row)).dialect;
  return found == wanted || found == llm::Dialect::kUnknown;  // then the body decides
}

std::string encoded(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const char low = foldChar(c);
    if (isDigit(c) || (low >= 'a' && low <= 'z') || std::string_view("-._~").contains(c)) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return out;
}

/// Adds what the conditions of the route want: values as they are, none for an expression.
void meetConditions(const RouteOverview& row, Ask& ask) {
  const snapshot::RouteEntry& entry = *row.entry;
  ask.head.method = http::Method::kPost;
  if (row.speaks == Speaks::kPlain) {
    ask.head.method = entry.method.empty() ? http::Method::kGet : http::methodFrom(entry.method);
  }
  char separator = '?';
  for (const snapshot::ValueMatch& query : entry.query) {
    ask.head.target += separator + encoded(query.name) + "=" + encoded(query.value);
    separator = '&';
  }
  for (const snapshot::ValueMatch& header : entry.headers) {
    ask.head.fields.add(header.name, header.value);
  }
}

/// The address as it stands in a URL: a Unix socket has none, and any name does for it.
std::string authorityOf(const std::string& address) {
  return isUnixSocket(address) ? "localhost:80" : address;
}

/// Whether exactly this route answers: none that comes first takes the request.
bool reaches(const Offer& offer, const Ask& ask) {
  const RouteOverview& row = *offer.row;
  const std::string authority = authorityOf(offer.address);
  const std::string host = ask.host.empty() ? authority.substr(0, authority.rfind(':')) : ask.host;
  if (snapshot::chooseListener(*row.port, host) != row.place) {
    return false;
  }
  const auto match = row.place->routes.match(host, ask.head);
  return match && match->rule == row.entry->rule.get();
}

/// A name the route takes; empty if it takes any.
std::string hostOf(const RouteOverview& row) {
  const std::string& name = row.entry->hostname.empty() ? row.place->hostname : row.entry->hostname;
  return name.starts_with("*.") ? "try" + name.substr(1) : name;
}

/// Whether curl, which writes version 1 of the PROXY protocol, gets through the door.
bool takesCurl(const snapshot::Port& port) {
  return !port.proxy_protocol || !port.proxy_protocol->required || port.proxy_protocol->v1;
}

std::optional<Ask> askOf(const Offer& offer) {
  const RouteOverview& row = *offer.row;
  if (row.entry == nullptr || !takesCurl(*row.port) || row.speaks == Speaks::kNothing ||
      row.choice->weight == 0 || row.key_from.starts_with("missing: ")) {
    return std::nullopt;
  }
  for (std::string& path : pathsOf(row)) {
    if (!isUrlPath(path) || !fits(path, row)) {
      continue;
    }
    Ask ask{.host = hostOf(row), .head = {.target = std::move(path)}};
    meetConditions(row, ask);
    if (reaches(offer, ask)) {
      return ask;
    }
  }
  return std::nullopt;
}

/// Smaller is better.
auto rankOf(const RouteOverview& row) {
  const snapshot::RouteEntry& entry = *row.entry;
  const bool conditions = !entry.method.empty() || !entry.headers.empty() || !entry.query.empty();
  return std::tuple(conditions, !row.simulated, row.speaks, row.port->tls);
}

std::string header(std::string_view name, std::string_view value) {
  return " -H " + shellWord(std::string(name) + ": " + std::string(value));
}

/// What is sent, as curl is told it.
std::string contentOf(const RouteOverview& row, const Ask& ask) {
  if (row.speaks == Speaks::kPlain) {
    const std::string method(ask.head.methodName());
    return method == "GET" ? "" : method == "HEAD" ? " --head" : " -X " + method;
  }
  std::string text = header("content-type", "application/json");
  std::string limit;
  if (row.speaks == Speaks::kMessages) {
    text += header("anthropic-version", "2023-06-01");
    limit = "\"max_tokens\":100,";
  }
  const std::string model = row.simulated ? "sim/echo" : "any";
  return text + " -d " +
         shellWord(
             "{\"model\":\"" + model + "\"," + limit +
             "\"messages\":[{\"role\":\"user\",\"content\":\"Hello!\"}]}"
         );
}

/// How the door is opened, as curl is told it.
std::string openingOf(const snapshot::Port& port) {
  std::string text = "curl ";
  text += port.tls ? "-k " : "";
  text += port.clients.required ? "--cert CERTIFICATE.pem --key KEY.pem " : "";
  text += port.proxy_protocol && port.proxy_protocol->required ? "--haproxy-protocol " : "";
  return text;
}

std::string commandOf(const Offer& offer, const Ask& ask) {
  const bool tls = offer.row->port->tls;
  const bool path = isUnixSocket(offer.address);
  const std::string address = path ? "localhost" : offer.address;
  const std::size_t colon = path ? address.size() : address.rfind(':');
  const std::string port = address.substr(colon);
  // The name of a TLS request is also the one its certificate is chosen for.
  const bool named = tls && !ask.host.empty();
  const std::string& target = ask.head.target;
  std::string text = openingOf(*offer.row->port);
  text += target.find_first_of("[]{}") == std::string::npos ? "" : "-g ";
  text += path ? "--unix-socket " + shellWord(offer.address.substr(5)) + " " : "";
  text += target.find("/.") == std::string::npos ? "" : "--path-as-is ";
  text += shellWord((tls ? "https://" : "http://") + (named ? ask.host + port : address) + target);
  if (named && !path) {
    text += " --resolve " + shellWord(ask.host + port + ":" + address.substr(0, colon));
  } else if (!named && !ask.host.empty()) {
    text += header("host", ask.host);
  }
  for (std::size_t i = 0; i < ask.head.fields.size(); ++i) {
    const http::Fields::Field field = ask.head.fields.at(i);
    text += header(field.name, field.value);
  }
  return text + contentOf(*offer.row, ask);
}

}  // namespace

std::string tryLine(std::span<const Offer> offers) {
  const Offer* best = nullptr;
  std::optional<Ask> chosen;
  for (const Offer& offer : offers) {
    std::optional<Ask> ask = askOf(offer);
    if (ask && (best == nullptr || rankOf(*offer.row) < rankOf(*best->row))) {
      best = &offer;
      chosen = std::move(ask);
    }
  }
  return best == nullptr ? "" : commandOf(*best, *chosen);
}

std::string dialable(const std::string& address) {
  const Result<io::Address> parsed = io::Address::parse(address);
  return parsed && parsed->isUnspecified()
             ? io::Address::loopback(parsed->port(), parsed->family()).format()
             : address;
}

bool isUnixSocket(std::string_view address) {
  return address.starts_with("unix:");
}

std::string shellWord(std::string_view text) {
  constexpr std::string_view kPlain = "-_./:@%+=,";
  const bool plain = !text.empty() && std::ranges::all_of(text, [&](char c) {
    const char low = foldChar(c);
    return isDigit(c) || (low >= 'a' && low <= 'z') || kPlain.contains(c);
  });
  if (plain) {
    return std::string(text);
  }
  std::string word = "'";
  for (const char c : text) {
    word += c == '\'' ? "'\\''" : std::string(1, c);
  }
  return word + "'";
}

}  // namespace gatehouse::admin
