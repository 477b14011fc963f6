// The keys of the index of a route table, and their hash. Internal to route_table.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <unordered_map>

namespace gatehouse::snapshot {

/// A text under a node or host: the key of an edge of the prefix tree, or of an exact path.
struct Edge {
  std::uint32_t from = 0;
  std::string text;
};

struct EdgeView {
  std::uint32_t from = 0;
  std::string_view text;
};

struct EdgeHash {
  using is_transparent = void;
  // Every octet counts: routes of many tenants differ in the middle. Who looks up cannot fill the
  // table.
  std::size_t operator()(EdgeView edge) const {
    constexpr std::size_t kWord = 8;
    constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15;
    std::uint64_t hash = edge.from + edge.text.size();
    std::string_view rest = edge.text;
    for (; rest.size() > kWord; rest.remove_prefix(kWord)) {
      std::uint64_t word = 0;
      std::memcpy(&word, rest.data(), kWord);
      hash = mixed(hash ^ word) * kOdd;
    }
    std::uint64_t last = 0;
    if (!rest.empty()) {
      std::memcpy(&last, rest.data(), rest.size());
    }
    return std::size_t{mixed((hash ^ last) * kOdd)};
  }
  static std::uint64_t mixed(std::uint64_t bits) { return bits ^ (bits >> 29); }
  std::size_t operator()(const Edge& edge) const { return (*this)(EdgeView{edge.from, edge.text}); }
};

struct EdgeEqual {
  using is_transparent = void;
  static EdgeView view(const Edge& edge) { return {edge.from, edge.text}; }
  static EdgeView view(EdgeView edge) { return edge; }
  template <typename A, typename B>
  bool operator()(const A& a, const B& b) const {
    return view(a).from == view(b).from && view(a).text == view(b).text;
  }
};

template <typename T>
using EdgeMap = std::unordered_map<Edge, T, EdgeHash, EdgeEqual>;

}  // namespace gatehouse::snapshot
