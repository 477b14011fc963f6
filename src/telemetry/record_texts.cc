#include "telemetry/record_texts.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "telemetry/redact.h"

namespace gatehouse::telemetry {
namespace {

constexpr std::size_t kAttemptTextLimit = 256;
constexpr std::size_t kHeader = 2;
constexpr std::size_t kRoom = 0xFFFF;    // offsets are 16 bits
constexpr std::size_t kFirstRoom = 295;  // with its NUL the size of a block of malloc

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
  if (value.size() > limit && mayHoldCredential(value)) [[unlikely]] {
    return store(redacted(value), limit);
  }
  // Looked at where it is kept: there a block can be read at any place of it.
  const std::uint16_t before = used_;
  const std::uint16_t offset = store(value, limit);
  if (mayHoldCredentialBeforeZeros(at(offset))) [[unlikely]] {
    used_ = before;
    return store(redacted(value), limit);
  }
  return offset;
}

std::uint16_t RecordTexts::store(std::string_view value, std::size_t limit) {
  const std::size_t offset = std::max<std::size_t>(used_, 1);  // offset 0 means absent
  if (offset + kHeader >= kRoom) {
    return 0;
  }
  const std::size_t size = std::min({value.size(), limit, kRoom - offset - kHeader});
  const std::size_t end = offset + kHeader + size;
  if (end + kZerosBehind > bytes_.size()) {
    bytes_.resize(std::max({kFirstRoom, 2 * bytes_.size(), end + kZerosBehind}));
  }
  char* const text = bytes_.data() + offset + kHeader;
  const auto header = static_cast<std::uint16_t>(size);
  std::memcpy(text - kHeader, &header, kHeader);
  std::memcpy(text, value.data(), size);
  std::memset(text + size, '\0', kZerosBehind);
  used_ = static_cast<std::uint16_t>(end);
  return static_cast<std::uint16_t>(offset);
}

std::string_view RecordTexts::at(std::uint16_t offset) const {
  if (offset == 0) {
    return {};
  }
  std::uint16_t size = 0;
  std::memcpy(&size, bytes_.data() + offset, kHeader);
  return {bytes_.data() + offset + kHeader, size};
}

}  // namespace gatehouse::telemetry
