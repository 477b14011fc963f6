// SyntaxError: where a document breaks its grammar, and how. Shared by the readers of this room.
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "wire/json.h"

namespace gatehouse::wire {

struct [[nodiscard]] SyntaxError {
  /// Byte offset in the text that was read.
  std::size_t offset = 0;
  Position position;
  /// Plain words, without the position and without a final full stop. Text of the document in it is
  /// made printable.
  std::string message;

  /// "line 3, column 7 (byte 52): message".
  std::string text() const;
  Error asError(ErrorKind kind, Origin origin) const { return Error(kind, origin, text()); }
};

template <typename T>
using Parsed = std::expected<T, SyntaxError>;

/// Line and column of byte offsets in a text; a line ends with LF, CRLF or CR.
class LineIndex {
 public:
  explicit LineIndex(std::string_view text);
  Position at(std::size_t offset) const;
  /// The way back, for a position of this text.
  std::size_t offsetOf(Position position) const {
    return starts_[position.line - 1] + position.column - 1;
  }

 private:
  std::vector<std::size_t> starts_{0};
};

}  // namespace gatehouse::wire
