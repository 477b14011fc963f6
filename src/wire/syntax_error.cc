#include "wire/syntax_error.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>

#include <fmt/core.h>

namespace gatehouse::wire {

std::string SyntaxError::text() const {
  return fmt::format(
      "line {}, column {} (byte {}): {}", position.line, position.column, offset, message
  );
}

LineIndex::LineIndex(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    bool cr_of_crlf = text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n';
    if (text[i] == '\n' || (text[i] == '\r' && !cr_of_crlf)) {
      starts_.push_back(i + 1);
    }
  }
}

Position LineIndex::at(std::size_t offset) const {
  auto next = std::ranges::upper_bound(starts_, offset);
  return {
      static_cast<std::uint32_t>(next - starts_.begin()),
      static_cast<std::uint32_t>(offset - *std::prev(next) + 1)
  };
}

}  // namespace gatehouse::wire
