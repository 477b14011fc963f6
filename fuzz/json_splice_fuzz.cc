// locateJson and readJson agree with simdjson's full parser on what is valid, and with each other
// on what it says; a splice equals parse, change and compare.
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <simdjson.h>

#include "base/check.h"
#include "wire/json_locate.h"
#include "wire/json_read.h"
#include "wire/json_splice.h"

namespace {

using namespace gatehouse;
using namespace gatehouse::wire;

constexpr std::array<std::string_view, 4> kKeys{"model", "stream", "stream_options", "a"};
constexpr std::size_t kModel = 0;
constexpr std::string_view kNewModel = "new \xC3\xA4 model";
// The locator takes the outermost object off its count of levels.
constexpr JsonReadOptions kReadOptions{
    .max_depth = 1025, .duplicate_keys = DuplicateKeys::kKeepAll
};

std::size_t countOf(const Value& object, std::string_view key) {
  std::size_t count = 0;
  for (const Member& member : *object.object()) {
    count += member.key == key ? 1 : 0;
  }
  return count;
}

/// simdjson's full parser also refuses what is valid but does not fit its numbers, its depth or
/// UTF-16.
void checkAgainstSimdjson(std::string_view text, bool valid) {
  simdjson::dom::parser parser;
  simdjson::error_code error = parser.parse(text.data(), text.size()).error();
  if (error == simdjson::SUCCESS) {
    GATEHOUSE_INVARIANT(valid);
  } else if (valid) {
    GATEHOUSE_INVARIANT(
        error == simdjson::NUMBER_ERROR || error == simdjson::DEPTH_ERROR ||
        error == simdjson::STRING_ERROR
    );
  }
}

bool same(const Value& a, const Value& b) {
  if (a.object() != nullptr && b.object() != nullptr) {
    const Object& left = *a.object();
    const Object& right = *b.object();
    bool equal = left.size() == right.size();
    for (std::size_t i = 0; equal && i < left.size(); ++i) {
      equal = left[i].key == right[i].key && same(left[i].value, right[i].value);
    }
    return equal;
  }
  if (a.array() != nullptr && b.array() != nullptr) {
    const Array& left = *a.array();
    const Array& right = *b.array();
    bool equal = left.size() == right.size();
    for (std::size_t i = 0; equal && i < left.size(); ++i) {
      equal = same(left[i], right[i]);
    }
    return equal;
  }
  auto equal = [](const auto* x, const auto* y) {
    return x == nullptr ? y == nullptr : y != nullptr && *x == *y;
  };
  return a.typeName() == b.typeName() && equal(a.string(), b.string()) &&
         equal(a.integer(), b.integer()) && equal(a.number(), b.number()) &&
         equal(a.boolean(), b.boolean());
}

void checkMembers(PaddedView body, const JsonObjectMap& map, const Value& tree) {
  GATEHOUSE_INVARIANT(map.member_count == tree.object()->size());
  for (std::size_t i = 0; i < kKeys.size(); ++i) {
    const Value* value = tree.find(kKeys[i]);
    GATEHOUSE_INVARIANT((value != nullptr) == map.members[i].has_value());
    if (value == nullptr) {
      continue;
    }
    const JsonMember& member = *map.members[i];
    auto alone =
        readJson(body.text().substr(member.begin, member.end - member.begin), kReadOptions);
    GATEHOUSE_INVARIANT(alone && same(*alone, *value));
    auto text = jsonString(body, member);
    GATEHOUSE_INVARIANT(!text || (value->isString() && *text == *value->string()));
    auto integer = jsonInteger(body, member);
    GATEHOUSE_INVARIANT(
        !integer || *integer == 0 || (value->integer() && *integer == *value->integer())
    );
  }
}

/// The spliced text, read again, is the tree with these changes made to it, and nothing else.
void checkSplice(const Chunk& body, const JsonObjectMap& map, Value tree) {
  JsonSplice splice(map);
  if (map.members[kModel]) {
    splice.replace(*map.members[kModel], "\"new \xC3\xA4 model\"");
    tree.set("model", kNewModel);
  } else {
    splice.prepend("model", "\"new \\u00e4 model\"");
    tree.object()->insert(tree.object()->begin(), Member{"model", kNewModel, {}});
  }
  splice.append("z\x7F", "[1,{}]");
  tree.object()->push_back(Member{"z\x7F", Array{1, Object{}}, {}});
  std::string spliced;
  for (const Chunk& part : splice.apply(body)) {
    spliced += part.view();
  }
  auto read = readJson(spliced, kReadOptions);
  GATEHOUSE_INVARIANT(read && same(*read, tree));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  PaddedCopy copy(text);
  auto map = locateJson(copy.view(), JsonKeys(kKeys));
  auto tree = readJson(text, kReadOptions);
  checkAgainstSimdjson(text, tree.has_value());
  if (!tree) {
    GATEHOUSE_INVARIANT(!map);
    GATEHOUSE_INVARIANT(tree.error().offset <= size && tree.error().message != "not valid JSON");
    return 0;
  }
  bool duplicate = false;
  for (std::string_view key : kKeys) {
    duplicate = duplicate || (tree->isObject() && countOf(*tree, key) > 1);
  }
  GATEHOUSE_INVARIANT(map.has_value() == (tree->isObject() && !duplicate));
  if (map) {
    checkMembers(copy.view(), *map, *tree);
    checkSplice(Chunk::copy(text), *map, *tree);
  }
  return 0;
}
