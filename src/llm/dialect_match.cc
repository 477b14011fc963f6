#include "llm/dialect_match.h"

#include <algorithm>
#include <array>
#include <limits>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"

namespace gatehouse::llm {
namespace {

struct Suffix {
  std::string_view text;
  Dialect dialect;
};

/// A dialect's own path at the end of a request's path. Longest first where one ends in another,
/// else the usual ones first.
constexpr std::array kSuffixes = {
    Suffix{"/chat/completions", Dialect::kChat},
    Suffix{"/messages", Dialect::kMessages},
    Suffix{"/responses", Dialect::kResponses},
    Suffix{"/embeddings", Dialect::kEmbeddings},
    Suffix{"/messages/count_tokens", Dialect::kMessagesCount},
    Suffix{"/completions", Dialect::kCompletions},
    Suffix{"/api/hello", Dialect::kHello},
    Suffix{"/realtime", Dialect::kRealtime},
    Suffix{"/rerank", Dialect::kRerank},
    Suffix{"/models", Dialect::kModels},
};

/// The action behind the last ':' of a path.
constexpr std::array kActions = {
    Suffix{":batchEmbedContents", Dialect::kGeminiEmbed},
    Suffix{":embedContent", Dialect::kGeminiEmbed},
    Suffix{":countTokens", Dialect::kGeminiCount},
    Suffix{":streamGenerateContent", Dialect::kGemini},
    Suffix{":generateContent", Dialect::kGemini},
    Suffix{":streamRawPredict", Dialect::kMessages},
    Suffix{":rawPredict", Dialect::kMessages},
};

enum class Version : std::uint8_t { kOptional, kRequired };

/// Paths that go on behind a fixed start. Names as common as "files" count only behind a version
/// segment.
struct Stem {
  std::string_view text;
  Dialect dialect;
  Version version;
};
constexpr std::array kStems = {
    Stem{"/models/", Dialect::kModels, Version::kOptional},
    Stem{"/responses/", Dialect::kDetect, Version::kOptional},
    Stem{"/images/generations", Dialect::kDetect, Version::kRequired},
    Stem{"/images/edits", Dialect::kDetect, Version::kRequired},
    Stem{"/images/variations", Dialect::kDetect, Version::kRequired},
    Stem{"/audio/", Dialect::kDetect, Version::kRequired},
    Stem{"/moderations", Dialect::kDetect, Version::kRequired},
    Stem{"/files", Dialect::kDetect, Version::kRequired},
    Stem{"/batches", Dialect::kDetect, Version::kRequired},
};

/// "v1", "v2", "v1beta".
bool isVersionSegment(std::string_view segment) {
  if (segment.size() < 2 || segment[0] != 'v' || !isDigit(segment[1])) {
    return false;
  }
  return std::ranges::all_of(segment.substr(2), [](char c) {
    return isDigit(c) || (c >= 'a' && c <= 'z');
  });
}

/// `prefix` without the version segments at its end: "/openai/v1/v1" is "/openai".
std::string_view withoutVersions(std::string_view prefix) {
  while (true) {
    std::size_t slash = prefix.rfind('/');
    if (slash == std::string_view::npos || !isVersionSegment(prefix.substr(slash + 1))) {
      return prefix;
    }
    prefix = prefix.substr(0, slash);
  }
}

/// The deployment of ".../openai/deployments/{d}", taken off `prefix`; empty if there is none.
std::string_view takeDeployment(std::string_view& prefix) {
  constexpr std::string_view kStem = "/openai/deployments/";
  std::size_t at = prefix.rfind(kStem);
  if (at == std::string_view::npos) {
    return {};
  }
  std::string_view deployment = prefix.substr(at + kStem.size());
  if (deployment.empty() || deployment.contains('/')) {
    return {};
  }
  prefix = prefix.substr(0, at);
  return deployment;
}

/// The match of a dialect whose own path begins at `at`.
DialectMatch matchAt(Dialect dialect, std::string_view path, std::size_t at) {
  DialectMatch match;
  match.dialect = dialect;
  match.own_path = path.substr(at);
  match.prefix = withoutVersions(path.substr(0, at));
  match.path_model = takeDeployment(match.prefix);
  return match;
}

/// The suffix `path` ends with; null if there is none.
const Suffix* suffixOf(std::string_view path) {
  for (const Suffix& suffix : kSuffixes) {
    if (path.ends_with(suffix.text)) {
      return &suffix;
    }
  }
  return nullptr;
}

DialectMatch matchSuffix(std::string_view path, const Suffix& suffix) {
  return matchAt(suffix.dialect, path, path.size() - suffix.text.size());
}

std::optional<DialectMatch> matchAction(std::string_view path) {
  for (const Suffix& action : kActions) {
    if (!path.ends_with(action.text)) {
      continue;
    }
    constexpr std::string_view kModels = "/models/";
    std::size_t models = path.rfind(kModels);
    std::size_t own = models == std::string_view::npos ? path.rfind('/') : models;
    if (own == std::string_view::npos) {
      return std::nullopt;
    }
    DialectMatch match = matchAt(action.dialect, path, own);
    if (models != std::string_view::npos) {
      match.path_model = match.own_path.substr(kModels.size());
      match.path_model.remove_suffix(action.text.size());
    }
    return match;
  }
  return std::nullopt;
}

/// Where `stem` begins in `path`: the first place behind a version segment, else the first at all.
/// A model id may itself hold "/models/", a route prefix may too.
std::optional<std::size_t> findStem(std::string_view path, const Stem& stem) {
  std::optional<std::size_t> first;
  for (std::size_t at = path.find(stem.text); at != std::string_view::npos;
       at = path.find(stem.text, at + 1)) {
    std::size_t end = at + stem.text.size();
    bool whole =
        stem.text.ends_with('/') ? end < path.size() : end == path.size() || path[end] == '/';
    if (!whole) {
      continue;
    }
    std::string_view before = path.substr(0, at);
    if (withoutVersions(before).size() < before.size()) {
      return at;
    }
    if (!first && stem.version == Version::kOptional) {
      first = at;
    }
  }
  return first;
}

std::optional<DialectMatch> matchStem(std::string_view path) {
  for (const Stem& stem : kStems) {
    if (std::optional<std::size_t> at = findStem(path, stem)) {
      DialectMatch match = matchAt(stem.dialect, path, *at);
      if (stem.dialect == Dialect::kModels) {
        match.path_model = match.own_path.substr(stem.text.size());
      }
      return match;
    }
  }
  return std::nullopt;
}

std::optional<DialectMatch> matchRoute(std::string_view path, const DialectRoute& route) {
  if (route.suffix == "*") {
    return DialectMatch{.dialect = route.dialect, .prefix = {}, .own_path = path, .path_model = {}};
  }
  if (path.ends_with(route.suffix)) {
    DialectMatch match = matchAt(route.dialect, path, path.size() - route.suffix.size());
    match.own_path = withoutLeadingVersions(match.own_path);
    return match;
  }
  if (route.dialect != Dialect::kModels) {
    return std::nullopt;
  }
  std::string stem = route.suffix + '/';  // one model of the list
  std::size_t at = path.find(stem);
  if (at == std::string_view::npos || at + stem.size() == path.size()) {
    return std::nullopt;
  }
  DialectMatch match = matchAt(route.dialect, path, at);
  match.path_model = match.own_path.substr(stem.size());
  match.own_path = withoutLeadingVersions(match.own_path);
  return match;
}

DialectMatch unknown(std::string_view path) {
  return {.dialect = Dialect::kUnknown, .prefix = {}, .own_path = path, .path_model = {}};
}

[[gnu::noinline]] DialectMatch matchRoutes(std::string_view path, const DialectRoutes& routes) {
  for (const DialectRoute& route : routes.inOrder()) {
    if (std::optional<DialectMatch> match = matchRoute(path, route)) {
      return *match;
    }
  }
  return unknown(path);
}

/// Of a path that has no suffix, or has one that does not take the method.
[[gnu::noinline]] DialectMatch matchOther(
    http::Method method, std::string_view path, const Suffix* suffix
) {
  if (std::optional<DialectMatch> action = matchAction(path)) {
    return *action;
  }
  std::optional<DialectMatch> stem = matchStem(path);
  // A model id may end like a suffix: GET /v1/models/acme/rerank.
  if (stem && (suffix == nullptr || allows(stem->dialect, method))) {
    return *stem;
  }
  return suffix != nullptr ? matchSuffix(path, *suffix) : unknown(path);
}

std::string_view trimmedPath(std::string_view path) {
  path = path.substr(0, path.find('?'));
  while (path.ends_with('/')) {
    path.remove_suffix(1);
  }
  return path;
}

}  // namespace

DialectRoutes::DialectRoutes(std::vector<DialectRoute> routes) : routes_(std::move(routes)) {
  std::ranges::sort(routes_, [](const DialectRoute& a, const DialectRoute& b) {
    auto rank = [](const DialectRoute& route) {
      std::size_t length = route.suffix == "*" ? 0 : route.suffix.size();
      return std::tuple(
          std::numeric_limits<std::size_t>::max() - length, std::string_view(route.suffix)
      );
    };
    return rank(a) < rank(b);
  });
}

std::optional<Dialect> dialectFromRouteType(std::string_view name) {
  constexpr std::array kTypes = {
      Suffix{"Completions", Dialect::kChat},
      Suffix{"Messages", Dialect::kMessages},
      Suffix{"Responses", Dialect::kResponses},
      Suffix{"Embeddings", Dialect::kEmbeddings},
      Suffix{"Rerank", Dialect::kRerank},
      Suffix{"AnthropicTokenCount", Dialect::kMessagesCount},
      Suffix{"GenerateContent", Dialect::kGemini},
      Suffix{"GeminiCountTokens", Dialect::kGeminiCount},
      Suffix{"Models", Dialect::kModels},
      Suffix{"Realtime", Dialect::kRealtime},
      Suffix{"Detect", Dialect::kDetect},
      Suffix{"Passthrough", Dialect::kPassthrough},
  };
  for (const Suffix& type : kTypes) {
    if (type.text == name) {
      return type.dialect;
    }
  }
  return std::nullopt;
}

DialectMatch matchDialect(http::Method method, std::string_view path, const DialectRoutes& routes) {
  path = trimmedPath(path);
  if (!routes.empty()) {
    return matchRoutes(path, routes);
  }
  const Suffix* suffix = suffixOf(path);
  if (suffix != nullptr && allows(suffix->dialect, method)) [[likely]] {
    return matchSuffix(path, *suffix);
  }
  return matchOther(method, path, suffix);
}

Result<DialectMatch> detectDialect(
    http::Method method, std::string_view path, Upgrade upgrade, const DialectRoutes& routes
) {
  DialectMatch match = matchDialect(method, path, routes);
  if (upgrade == Upgrade::kWebSocket || match.dialect == Dialect::kRealtime) {
    return fail(
        ErrorKind::kUpgradeRequired,
        Origin::kDownstream,
        "WebSocket is not served here; use the HTTP API of this path"
    );
  }
  if (match.dialect == Dialect::kUnknown) {
    if (method == http::Method::kPost) {
      return match;
    }
    return fail(
        ErrorKind::kUnknownPath,
        Origin::kDownstream,
        fmt::format("no API is known at {}; known are {}", printable(path), knownSuffixes())
    );
  }
  if (!allows(match.dialect, method)) {
    return fail(
        ErrorKind::kMethodNotAllowed,
        Origin::kDownstream,
        fmt::format("{} takes {}", printable(match.own_path), allowedMethods(match.dialect))
    );
  }
  return match;
}

std::string_view withoutLeadingVersions(std::string_view path) {
  while (true) {
    std::size_t slash = path.find('/', 1);
    if (slash == std::string_view::npos || !isVersionSegment(path.substr(1, slash - 1))) {
      return path;
    }
    path = path.substr(slash);
  }
}

std::string_view knownSuffixes() {
  return "/v1/chat/completions, /v1/messages, /v1/messages/count_tokens, /v1/responses, "
         "/v1/embeddings, "
         "/v1/rerank, /v1/completions, /v1/models, /v1/images, /v1/audio, /v1/moderations, "
         "/v1/files, "
         "/v1/batches";
}

}  // namespace gatehouse::llm
