// Message digests (FIPS 180-4).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace gatehouse::crypto {

using Sha256 = std::array<std::uint8_t, 32>;

Sha256 sha256(std::string_view bytes);
/// Lower-case hexadecimal, 64 characters.
std::string sha256Hex(std::string_view bytes);

}  // namespace gatehouse::crypto
