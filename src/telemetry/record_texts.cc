#include "telemetry/record_texts.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "telemetry/redact.h"

namespace gatehouse::telemetry {
namespace {

constexpr std::size_t kAttemptTextLimit = 256;
constexpr std::size_t kHeader = 2;
constexpr std::size_t kRoom = 0xFFFF;  // offsets are 16 bits
constexpr std::size_t kFirstReserve = 320;

constexpr std::size_t limitOf(Text field) {
  switch (field) {
    case Text::kPath:
    case Text::kMcpResourceUri:
      return 2048;
    case Text::kError:
    case Text::kMcpErrorMessage:
      return 1024;
    case Text::kTraceState:
    case Text::kStopSequences:
      return 512;
    case Text::kMethod:
      return 32;
    case Text::kSession:
    case Text::kAgent:
    case Text::kParentAgent:
      return 128;
    default:
      return 256;
  }
}

}  // namespace

void RecordTexts::set(Text field, std::string_view value) {
  offsets_[std::to_underlying(field)] = append(value, limitOf(field));
}

TextRef RecordTexts::keep(std::string_view value) {
  TextRef ref;
  ref.offset_ = append(value, kAttemptTextLimit);
  return ref;
}

std::uint16_t RecordTexts::append(std::string_view value, std::size_t limit) {
  if (value.empty()) {
    return 0;
  }
  // Redacted before it is cut: half a credential is one, too.
  if (mayHoldCredential(value)) [[unlikely]] {
    return store(redacted(value), limit);
  }
  return store(value, limit);
}

std::uint16_t RecordTexts::store(std::string_view value, std::size_t limit) {
  if (bytes_.empty()) {
    bytes_.reserve(kFirstReserve);
    bytes_.push_back('\0');  // offset 0 means absent
  }
  const std::size_t offset = bytes_.size();
  if (offset + kHeader >= kRoom) {
    return 0;
  }
  const std::size_t size = std::min({value.size(), limit, kRoom - offset - kHeader});
  bytes_.resize_and_overwrite(offset + kHeader + size, [&](char* bytes, std::size_t all) {
    bytes[offset] = static_cast<char>(size & 0xFF);
    bytes[offset + 1] = static_cast<char>(size >> 8);
    std::memcpy(bytes + offset + kHeader, value.data(), size);
    return all;
  });
  return static_cast<std::uint16_t>(offset);
}

std::string_view RecordTexts::at(std::uint16_t offset) const {
  if (offset == 0) {
    return {};
  }
  const std::string_view all = bytes_;
  auto low = static_cast<unsigned char>(all[offset]);
  auto high = static_cast<unsigned char>(all[offset + 1U]);
  return all.substr(
      offset + kHeader, static_cast<std::size_t>(low) | static_cast<std::size_t>(high) << 8
  );
}

}  // namespace gatehouse::telemetry
