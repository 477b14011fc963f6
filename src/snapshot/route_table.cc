#include "snapshot/route_table.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <span>
#include <unordered_map>
#include <utility>

#include "snapshot/edge.h"
#include "snapshot/route_match.h"

namespace gatehouse::snapshot {
namespace {

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>()(text);
  }
};

using Order = std::vector<std::uint32_t>;  // indexes of entries, in order of precedence

/// Takes the segment before the next '/' off `path`; false when it was the last.
bool takeSegment(std::string_view& path, std::string_view& segment) {
  const std::size_t slash = path.find('/');
  segment = path.substr(0, slash);
  path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
  return slash != std::string_view::npos;
}

}  // namespace

/// Per hostname: exact paths in a hash, expressions in a list, prefixes in a tree of path segments
/// that is walked down as far as the path goes and then up again, longest prefix first. Owns its
/// texts, so that tables may share it.
struct RouteTable::Index {
  struct Node {
    std::uint32_t parent = 0;
    Order entries;
  };
  struct Host {
    std::uint32_t root = 0;
    Order expressions;
  };

  class Search;

  std::optional<Host> any;  // of the routes without a hostname
  /// By hostname, for the others; a wildcard "*.x" under ".x", which no hostname equals.
  std::unordered_map<std::string, Host, TextHash, std::equal_to<>> hosts;
  std::size_t longest_suffix = 0;  // of the wildcards
  EdgeMap<Order> exact;            // from: root of the host
  EdgeMap<std::uint32_t> children;
  std::vector<Node> nodes;

  void add(const RouteEntry& entry, std::uint32_t number);
  Host& hostOf(const std::string& hostname);
  std::uint32_t child(std::uint32_t node, std::string_view segment);
  std::uint32_t nodeOf(std::uint32_t root, std::string_view prefix);
  std::uint32_t deepest(std::uint32_t root, std::string_view path) const;
  const Host* findHost(std::string_view hostname) const;
};

void RouteTable::Index::add(const RouteEntry& entry, std::uint32_t number) {
  const bool wildcard = entry.hostname.starts_with("*.");
  const std::string hostname = wildcard ? entry.hostname.substr(1) : entry.hostname;
  if (wildcard) {
    longest_suffix = std::max(longest_suffix, hostname.size());
  }
  Host& host = hostOf(hostname);
  switch (entry.path_kind) {
    case PathKind::kExact:
      exact[Edge{host.root, entry.path}].push_back(number);
      return;
    case PathKind::kRegularExpression:
      host.expressions.push_back(number);
      return;
    case PathKind::kPrefix:
      nodes[nodeOf(host.root, normalPrefix(entry.path))].entries.push_back(number);
      return;
  }
}

/// Made at the first call.
RouteTable::Index::Host& RouteTable::Index::hostOf(const std::string& hostname) {
  const auto known = hosts.find(hostname);
  if (hostname.empty() ? any.has_value() : known != hosts.end()) {
    return hostname.empty() ? *any : known->second;
  }
  const auto root = static_cast<std::uint32_t>(nodes.size());
  nodes.push_back(Node{.parent = root, .entries = {}});
  const Host fresh{.root = root, .expressions = {}};
  return hostname.empty() ? any.emplace(fresh) : hosts.emplace(hostname, fresh).first->second;
}

std::uint32_t RouteTable::Index::child(std::uint32_t node, std::string_view segment) {
  const auto next = static_cast<std::uint32_t>(nodes.size());
  const auto [found, fresh] = children.try_emplace(Edge{node, std::string(segment)}, next);
  if (fresh) {
    nodes.push_back(Node{.parent = node, .entries = {}});
  }
  return found->second;
}

std::uint32_t RouteTable::Index::nodeOf(std::uint32_t root, std::string_view prefix) {
  std::uint32_t node = root;
  if (prefix.empty()) {
    return node;
  }
  prefix.remove_prefix(1);
  std::string_view segment;
  for (bool more = true; more;) {
    more = takeSegment(prefix, segment);
    node = child(node, segment);
  }
  return node;
}

std::uint32_t RouteTable::Index::deepest(std::uint32_t root, std::string_view path) const {
  std::uint32_t node = root;
  if (!path.starts_with('/') || children.empty()) {
    return node;
  }
  path.remove_prefix(1);
  std::string_view segment;
  for (bool more = true; more;) {
    more = takeSegment(path, segment);
    const auto found = children.find(EdgeView{node, segment});
    if (found == children.end()) {
      break;
    }
    node = found->second;
  }
  return node;
}

const RouteTable::Index::Host* RouteTable::Index::findHost(std::string_view hostname) const {
  const auto found = hosts.find(hostname);
  return found == hosts.end() ? nullptr : &found->second;
}

/// One lookup: what is the same for every hostname tried.
class RouteTable::Index::Search {
 public:
  Search(const std::vector<RouteEntry>& entries, const Index& index, const http::RequestHead& head)
      : entries_(entries), index_(index), head_(head), path_(head.path()) {}

  /// Exact hostname, then wildcards from the longest, then none.
  std::optional<RouteMatch> forHost(std::string_view host) const {
    if (!index_.hosts.empty()) {
      if (auto match = forNamed(host)) {
        return match;
      }
    }
    return index_.any ? under(*index_.any) : std::nullopt;
  }

 private:
  std::optional<RouteMatch> forNamed(std::string_view host) const {
    if (!host.starts_with('.') && !host.empty()) {
      if (auto match = under(host)) {
        return match;
      }
    }
    const std::size_t longest = index_.longest_suffix;
    std::size_t from = std::max<std::size_t>(host.size() > longest ? host.size() - longest : 0, 1);
    while ((from = host.find('.', from)) != std::string_view::npos) {
      if (auto match = under(host.substr(from))) {
        return match;
      }
      ++from;
    }
    return std::nullopt;
  }

  std::optional<RouteMatch> under(std::string_view hostname) const {
    const Index::Host* host = index_.findHost(hostname);
    return host == nullptr ? std::nullopt : under(*host);
  }

  std::optional<RouteMatch> under(const Index::Host& host) const {
    if (!index_.exact.empty()) {
      const auto found = index_.exact.find(EdgeView{host.root, path_});
      if (found != index_.exact.end()) {
        if (auto match = firstOf(found->second)) {
          return match;
        }
      }
    }
    if (auto match = firstExpression(host.expressions)) {
      return match;
    }
    return longestPrefix(host.root);
  }

  std::optional<RouteMatch> firstOf(std::span<const std::uint32_t> numbers) const {
    for (const std::uint32_t number : numbers) {
      const RouteEntry& entry = entries_[number];
      if (conditionsMatch(entry, head_)) {
        const bool prefix = entry.path_kind == PathKind::kPrefix;
        return RouteMatch{entry.rule.get(), prefix ? normalPrefix(entry.path) : std::string_view()};
      }
    }
    return std::nullopt;
  }

  std::optional<RouteMatch> firstExpression(const Order& numbers) const {
    for (const std::uint32_t& number : numbers) {
      if (pathMatches(entries_[number], path_)) {
        if (auto match = firstOf({&number, 1})) {
          return match;
        }
      }
    }
    return std::nullopt;
  }

  std::optional<RouteMatch> longestPrefix(std::uint32_t root) const {
    for (std::uint32_t node = index_.deepest(root, path_);; node = index_.nodes[node].parent) {
      if (auto match = firstOf(index_.nodes[node].entries)) {
        return match;
      }
      if (node == root) {
        return std::nullopt;
      }
    }
  }

  const std::vector<RouteEntry>& entries_;
  const Index& index_;
  const http::RequestHead& head_;
  std::string_view path_;
};

RouteTable::RouteTable(std::vector<RouteEntry> entries) : entries_(std::move(entries)) {
  std::ranges::sort(entries_, precedes);
  auto index = std::make_shared<Index>();
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    index->add(entries_[i], static_cast<std::uint32_t>(i));
  }
  index_ = std::move(index);
}

std::optional<RouteMatch> RouteTable::match(std::string_view host, const http::RequestHead& head)
    const {
  if (index_ == nullptr) {
    return std::nullopt;
  }
  return Index::Search(entries_, *index_, head).forHost(host);
}

}  // namespace gatehouse::snapshot
