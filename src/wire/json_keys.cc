#include "wire/json_keys.h"

#include <cstddef>
#include <string_view>

#include "wire/json_string.h"

namespace gatehouse::wire {

std::size_t JsonKeys::findUnescaped(std::string_view written) const {
  return findPlain(unescapeJson(written, LoneSurrogate::kReplace).value_or(""));
}

}  // namespace gatehouse::wire
