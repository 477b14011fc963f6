// readYaml never crashes; every position lies within the text; what it read can be written as JSON
// and read again.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "wire/json_read.h"
#include "wire/json_write.h"
#include "wire/yaml.h"

namespace {

using namespace gatehouse;
using namespace gatehouse::wire;

class PositionCheck {
 public:
  explicit PositionCheck(std::string_view text)
      : size_(text.size()),
        lines_(
            static_cast<std::size_t>(
                std::ranges::count_if(text, [](char c) { return c == '\n' || c == '\r'; })
            ) +
            1
        ) {}

  void check(Position position) const {
    GATEHOUSE_INVARIANT(position.line >= 1 && position.line <= lines_);
    GATEHOUSE_INVARIANT(position.column >= 1 && position.column <= size_ + 1);
  }

  void check(const Value& value) const {
    check(value.position);
    if (const Object* members = value.object()) {
      for (const Member& member : *members) {
        check(member.key_position);
        check(member.value);
      }
    } else if (const Array* items = value.array()) {
      for (const Value& item : *items) {
        check(item);
      }
    }
  }

 private:
  std::size_t size_;
  std::size_t lines_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  YamlStream stream = readYaml(text, {.max_nodes = 5'000});
  PositionCheck positions(text);
  for (const SyntaxError& error : stream.errors) {
    positions.check(error.position);
    GATEHOUSE_INVARIANT(error.offset <= size && !error.message.empty());
  }
  for (const Value& document : stream.documents) {
    positions.check(document);
    std::string json = writeJson(document);
    auto again = readJson(json);
    GATEHOUSE_INVARIANT(again && writeJson(*again) == json);
  }
  return 0;
}
