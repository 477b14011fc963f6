// Changes a JSON object by bytes: the parts around a change are slices of the body as it came,
// never copies (D7).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "wire/json_locate.h"

namespace gatehouse::wire {

/// A set of changes to one object. The new texts are JSON values, given as they are to stand in the
/// body.
class JsonSplice {
 public:
  explicit JsonSplice(const JsonObjectMap& object);

  /// Puts `json` in the place of the member's value. Each member at most once.
  JsonSplice& replace(const JsonMember& member, std::string_view json);
  /// Adds a member in front of all others, or behind them. The key must be absent; plain ASCII
  /// without quotes.
  JsonSplice& prepend(std::string_view key, std::string_view json);
  JsonSplice& append(std::string_view key, std::string_view json);

  bool empty() const { return edits_.empty() && front_.empty() && back_.empty(); }
  /// The changed body: slices that share `body`'s storage, and the new texts between them. `body`
  /// is the text the object was located in.
  std::vector<Chunk> apply(const Chunk& body) const;

 private:
  struct Edit {
    std::size_t begin;
    std::size_t end;
    Chunk text;
  };

  std::size_t first_member_ = 0;  // just behind '{'
  std::size_t last_value_end_ = 0;
  bool has_members_ = false;
  std::string front_;  // members joined by commas
  std::string back_;
  std::vector<Edit> edits_;  // in order of offset
};

}  // namespace gatehouse::wire
