#include "wire/json_keys.h"

#include <algorithm>
#include <cstddef>
#include <string_view>

#include "wire/json_string.h"

namespace gatehouse::wire {

std::size_t JsonKeys::findUnescaped(std::string_view written) const {
  auto key = unescapeJson(written, LoneSurrogate::kReplace);
  auto found = key ? std::ranges::find(keys_, *key) : keys_.end();
  return found == keys_.end() ? kNone : static_cast<std::size_t>(found - keys_.begin());
}

}  // namespace gatehouse::wire
