// Credentials as a mock's record tells them: not their text, but which is which. A masked value is
// "masked:" and the first eight digits of its SHA-256, so that a test can tell keys apart and find
// the one it sent.
#pragma once

#include <string>
#include <string_view>

namespace gatehouse::cli {

/// The value of a field, masked if the name is one of a credential (Authorization, Cookie, and what
/// has key, token, secret, auth or the like in its name); a scheme before it, "Bearer", stays.
std::string maskedField(std::string_view name, std::string_view value);

/// A request target whose query parameters of such names are masked.
std::string maskedTarget(std::string_view target);

}  // namespace gatehouse::cli
