#include "http/h2/request_head.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "http/target.h"
#include "http/token.h"

namespace gatehouse::http {
namespace {

constexpr std::size_t kFieldOverhead = 32;  // RFC 9113 section 6.5.2

// Room for the fields of most requests.
constexpr std::size_t kUsualLines = 16;
constexpr std::size_t kUsualOctets = 768;

constexpr FieldSet kOfConnections = {
    "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"
};

bool hasCapitals(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return c >= 'A' && c <= 'Z'; });
}

}  // namespace

std::optional<Violation> checkH2Field(FieldName name, std::string_view value) {
  if (!isToken(name.text()) || hasCapitals(name.text())) {
    return Violation::kField;
  }
  if (!isFieldValue(value)) {
    return Violation::kControl;
  }
  if (trimBlanks(value).size() != value.size()) {
    return Violation::kField;
  }
  bool is_te = name.id() == FieldName("te").id();
  if (kOfConnections.has(name.id()) || (is_te && !iequals(value, "trailers"))) {
    return Violation::kConnectionField;
  }
  return std::nullopt;
}

void H2RequestHead::add(std::string_view name, std::string_view value) {
  size_ += name.size() + value.size() + kFieldOverhead;
  ++count_;
  if (violation_) {
    return;
  }
  bool is_pseudo = name.starts_with(':');
  if (size_ > limits_.field_section + limits_.target || count_ > limits_.field_count ||
      name.size() > Fields::kLongestName) {
    violation_ = Violation::kTooLarge;
  } else {
    violation_ = is_pseudo ? addPseudo(name, value) : addField(name, value);
  }
}

// RFC 9113 section 8.3: each once, before all others, and none that a request does not have.
std::optional<Violation> H2RequestHead::addPseudo(std::string_view name, std::string_view value) {
  constexpr std::array<std::string_view, 4> kNames = {":method", ":scheme", ":authority", ":path"};
  const auto* found = std::ranges::find(kNames, name);
  auto field = static_cast<Pseudo>(found - kNames.begin());
  if (found == kNames.end() || has(field) || fields_begun_) {
    return Violation::kPseudoField;
  }
  seen_ |= 1U << static_cast<unsigned>(field);
  switch (field) {
    case Pseudo::kMethod:
      method_ = value;
      return std::nullopt;
    case Pseudo::kAuthority:
      authority_ = value;
      return std::nullopt;
    case Pseudo::kPath:
      path_ = value;
      return value.size() > limits_.target ? std::optional(Violation::kTooLarge) : std::nullopt;
    case Pseudo::kScheme:
      bool served = iequals(value, "http") || iequals(value, "https");
      return served ? std::nullopt : std::optional(Violation::kPseudoField);
  }
  std::unreachable();
}

std::optional<Violation> H2RequestHead::addField(FieldName name, std::string_view value) {
  fields_begun_ = true;
  if (auto violation = checkH2Field(name, value)) {
    return violation;
  }
  switch (name.id()) {
    case FieldName("host").id():
      ++hosts_;
      host_ = value;
      return std::nullopt;
    case FieldName("cookie").id():
      // RFC 9113 section 8.2.3: crumbs are one field again.
      cookie_.append(cookie_.empty() ? "" : "; ").append(value);
      return std::nullopt;
    case FieldName("content-length").id():
      ++content_lengths_;
      content_length_ = value;
      break;
    case FieldName("expect").id():
      if (!iequals(value, "100-continue")) {
        return Violation::kExpectation;
      }
      expects_continue_ = true;
      break;
    default:
      break;
  }
  if (fields_.empty()) {
    fields_.reserve(kUsualLines, kUsualOctets);
  }
  fields_.add(name, value);
  return std::nullopt;
}

Checked<H2Framing> H2RequestHead::take(RequestHead& out) {
  H2RequestHead taken = std::exchange(*this, H2RequestHead(limits_));
  out.version = Version::kHttp2;
  auto resolved = taken.resolve(out);
  if (taken.violation_ || !resolved) {
    return std::unexpected(taken.violation_ ? *taken.violation_ : resolved.error());
  }
  auto framing = taken.frame();
  if (framing && !taken.cookie_.empty()) {
    taken.fields_.add("cookie", taken.cookie_);
  }
  if (framing) {
    out.fields = std::move(taken.fields_);
  }
  return framing;
}

// Method, target and authority, as far as they are right.
Checked<void> H2RequestHead::resolve(RequestHead& out) const {
  if (!has(Pseudo::kMethod)) {
    return std::unexpected(Violation::kPseudoField);
  }
  out.method = methodFrom(method_);
  if (out.method == Method::kOther) {
    if (!isServedMethod(method_)) {
      return std::unexpected(isToken(method_) ? Violation::kMethod : Violation::kPseudoField);
    }
    out.method_text = method_;
  }
  bool is_tunnel = out.method == Method::kConnect;
  if (has(Pseudo::kScheme) == is_tunnel || has(Pseudo::kPath) == is_tunnel) {
    return std::unexpected(Violation::kPseudoField);
  }
  // An absolute target has an authority of its own, which would be a third one.
  bool has_form = is_tunnel || path_ == "*" || path_.starts_with('/');
  auto target = parseTarget(out.method, is_tunnel ? authority_ : path_);
  if (!has_form || !target || path_.size() > limits_.target) {
    return std::unexpected(Violation::kTarget);
  }
  out.target = std::move(target->origin);
  // RFC 9113 section 8.3.1: Host may stand in for it and must not contradict it.
  std::string_view authority = has(Pseudo::kAuthority) ? authority_ : host_;
  auto parsed = parseAuthority(authority);
  bool differ = hosts_ != 0 && !iequals(host_, authority);
  if (!parsed || parsed->host.empty() || hosts_ > 1 || differ) {
    return std::unexpected(Violation::kHost);
  }
  out.authority = authority;
  return {};
}

Checked<H2Framing> H2RequestHead::frame() const {
  H2Framing framing{.expects_continue = expects_continue_};
  if (content_lengths_ > 1) {
    return std::unexpected(Violation::kFraming);
  }
  if (content_lengths_ == 1) {
    auto length = parseContentLength(content_length_);
    if (!length) {
      return std::unexpected(length.error());
    }
    framing.length = *length;
  }
  return framing;
}

}  // namespace gatehouse::http
