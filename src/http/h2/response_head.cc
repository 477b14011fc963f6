#include "http/h2/response_head.h"

#include <algorithm>
#include <utility>

#include "http/h2/request_head.h"

namespace gatehouse::http {
namespace {

constexpr std::size_t kFieldOverhead = 32;  // RFC 9113 section 6.5.2

// Room for the fields of most responses.
constexpr std::size_t kUsualLines = 16;
constexpr std::size_t kUsualOctets = 512;

bool isDigit(char c) {
  return c >= '0' && c <= '9';
}

}  // namespace

void H2ResponseHead::add(std::string_view name, std::string_view value) {
  size_ += name.size() + value.size() + kFieldOverhead;
  ++count_;
  if (violation_) {
    return;
  }
  if (size_ > limits_.field_section || count_ > limits_.field_count ||
      name.size() > Fields::kLongestName) {
    violation_ = Violation::kTooLarge;
  } else {
    violation_ = name.starts_with(':') ? addStatus(name, value) : addField(name, value);
  }
}

// RFC 9113 section 8.3.2: :status once, before all others, and no other. Nobody asked for another
// protocol (section 8.6).
std::optional<Violation> H2ResponseHead::addStatus(std::string_view name, std::string_view value) {
  if (name != ":status" || has_status_ || fields_begun_) {
    return Violation::kPseudoField;
  }
  if (value.size() != 3 || !std::ranges::all_of(value, isDigit)) {
    return Violation::kStatus;
  }
  has_status_ = true;
  Status status = 0;
  for (char digit : value) {
    status = static_cast<Status>(status * 10 + (digit - '0'));
  }
  response_.head.status = status;
  bool is_known = status >= 100 && status < 600 && status != 101;
  return is_known ? std::nullopt : std::optional(Violation::kStatus);
}

std::optional<Violation> H2ResponseHead::addField(FieldName name, std::string_view value) {
  fields_begun_ = true;
  if (auto violation = checkH2Field(name, value)) {
    return violation;
  }
  if (name.id() == FieldName("content-length").id()) {
    auto length = parseContentLength(value);
    if (!length || response_.length) {
      return length ? Violation::kFraming : length.error();
    }
    response_.length = *length;
  }
  Fields& fields = response_.head.fields;
  if (fields.empty()) {
    fields.reserve(kUsualLines, kUsualOctets);
  }
  fields.add(name, value);
  return std::nullopt;
}

Checked<H2Response> H2ResponseHead::take() {
  H2ResponseHead taken = std::exchange(*this, H2ResponseHead(limits_));
  if (taken.violation_) {
    return std::unexpected(*taken.violation_);
  }
  if (!taken.has_status_) {
    return std::unexpected(Violation::kPseudoField);
  }
  taken.response_.head.version = Version::kHttp2;
  return std::move(taken.response_);
}

}  // namespace gatehouse::http
