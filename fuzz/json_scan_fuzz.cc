// JsonScan finds what readJson finds at its paths, in the order in which the values end, wherever
// the text is cut. Text that is no JSON must only be survived.
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "wire/json_read.h"
#include "wire/json_scan.h"

namespace {

using namespace gatehouse;
using namespace gatehouse::wire;

constexpr auto kNodes = linkSteps(std::array{
    JsonStep{"", 0, JsonWant::kEnd},
    JsonStep{"a", 0, JsonWant::kText},
    JsonStep{"b", 0, JsonWant::kEnd},
    JsonStep{"c", 0},
    JsonStep{"s", 0, JsonWant::kSize},
    JsonStep{"[]", 2, JsonWant::kEnd},
    JsonStep{"a", 3, JsonWant::kText},
    JsonStep{"c", 3},
    JsonStep{"a", 5, JsonWant::kText},
    JsonStep{"s", 5, JsonWant::kSize},
    JsonStep{"[]", 7, JsonWant::kText},
});

struct Seen {
  std::uint8_t step;
  JsonType type;
  std::string text;
  std::uint64_t size;
  bool operator==(const Seen&) const = default;
};

struct Found {
  std::uint8_t step;
  const Value* value;
};

JsonType typeOf(const Value& value) {
  if (value.isObject()) {
    return JsonType::kObject;
  }
  if (value.isArray()) {
    return JsonType::kArray;
  }
  if (value.isString()) {
    return JsonType::kString;
  }
  if (value.boolean() != nullptr) {
    return JsonType::kBoolean;
  }
  return value.isNull() ? JsonType::kNull : JsonType::kNumber;
}

/// What a scan ought to find in `value`, which stands at `step`.
void find(const Value& value, std::uint8_t step, std::vector<Found>& found) {
  const JsonNode& node = kNodes[step];
  auto childNamed = [&](std::string_view key) -> std::optional<std::uint8_t> {
    for (unsigned i = node.first_child; i < 0U + node.first_child + node.child_count; ++i) {
      if (kNodes.at(i).key == key) {
        return static_cast<std::uint8_t>(i);
      }
    }
    return std::nullopt;
  };
  if (const Object* members = value.object()) {
    for (const Member& member : *members) {
      if (auto child = childNamed(member.key)) {
        find(member.value, *child, found);
      }
    }
  } else if (const Array* items = value.array()) {
    for (const Value& item : *items) {
      if (node.element != JsonNode::kNone) {
        find(item, node.element, found);
      }
    }
  }
  if (node.want != JsonWant::kPass) {
    found.push_back({step, &value});
  }
}

class SeenHits final : public JsonHits {
 public:
  void take(const JsonHit& hit) override {
    seen.push_back({hit.step, hit.type, std::string(hit.text), hit.size});
  }

  std::vector<Seen> seen;
};

/// The hits in text that arrives in pieces of that size.
std::vector<Seen> scan(std::string_view text, std::size_t piece) {
  JsonScan scan(kNodes);
  SeenHits hits;
  while (!text.empty()) {
    std::string bytes(text.substr(0, piece));  // its own memory: no byte beyond may be looked at
    text.remove_prefix(bytes.size());
    scan.scan(bytes, hits);
  }
  return std::move(hits.seen);
}

void checkAgainstTree(const std::vector<Seen>& seen, const Value& tree) {
  std::vector<Found> found;
  find(tree, 0, found);
  GATEHOUSE_INVARIANT(seen.size() == found.size());
  for (std::size_t i = 0; i < seen.size(); ++i) {
    GATEHOUSE_INVARIANT(seen[i].step == found[i].step);
    GATEHOUSE_INVARIANT(seen[i].type == typeOf(*found[i].value));
    if (kNodes[seen[i].step].want == JsonWant::kText && seen[i].size <= JsonScan::kMaxText) {
      auto again = readJson(seen[i].text, {.duplicate_keys = DuplicateKeys::kKeepAll});
      GATEHOUSE_INVARIANT(again && typeOf(*again) == seen[i].type);
      GATEHOUSE_INVARIANT(
          again->string() == nullptr || *again->string() == *found[i].value->string()
      );
      GATEHOUSE_INVARIANT(seen[i].size == seen[i].text.size());
    }
  }
}

}  // namespace

/// The first byte says in what pieces the text behind it arrives.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::vector<Seen> whole = scan(text, text.size());
  std::vector<Seen> in_pieces = scan(text, 1U + data[0]);
  auto tree = readJson(text, {.duplicate_keys = DuplicateKeys::kKeepAll});
  if (!tree || !(tree->isObject() || tree->isArray())) {
    return 0;
  }
  GATEHOUSE_INVARIANT(in_pieces == whole);
  GATEHOUSE_INVARIANT(scan(text, 1) == whole);
  if (!text.contains("\\u")) {  // could spell a key of ours, which a scan does not find
    checkAgainstTree(whole, *tree);
  }
  return 0;
}
