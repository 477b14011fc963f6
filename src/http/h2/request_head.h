// The field section of a request as HTTP/2 brings it, field by field (RFC 9113 section 8). What a
// reader of HTTP/1.1 further on could understand in another way is refused. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/h1_strict.h"
#include "http/head.h"

namespace gatehouse::http {

/// What a head says about its message.
struct H2Framing {
  std::optional<std::uint64_t> length{};  // declared
  bool expects_continue = false;
};

/// Why a field that is no pseudo-header field must not be there (RFC 9113 sections 8.2.1, 8.2.2):
/// its name in capitals or no token, its value with control characters or blanks around it, or a
/// field of the connection's own. Holds for trailers too.
std::optional<Violation> checkH2Field(FieldName name, std::string_view value);

/// Takes one head at a time. Between heads it holds no memory.
class H2RequestHead {
 public:
  explicit H2RequestHead(const HeadLimits& limits) : limits_(limits) {}

  /// The next field, a pseudo-header field or another. After a violation, fields are only counted.
  void add(std::string_view name, std::string_view value);
  /// Of what was added, as SETTINGS_MAX_HEADER_LIST_SIZE counts: 32 for each field besides its
  /// octets.
  std::size_t size() const { return size_; }
  /// The whole head. `out` starts empty; of one that is refused it has the method, the path and the
  /// authority as far as they are right. Ready for the next one afterwards.
  Checked<H2Framing> take(RequestHead& out);

 private:
  enum class Pseudo : std::uint8_t { kMethod, kScheme, kAuthority, kPath };

  std::optional<Violation> addPseudo(std::string_view name, std::string_view value);
  std::optional<Violation> addField(FieldName name, std::string_view value);
  Checked<void> resolve(RequestHead& out) const;
  Checked<H2Framing> frame() const;
  bool has(Pseudo field) const { return (seen_ & 1U << static_cast<unsigned>(field)) != 0; }

  HeadLimits limits_;
  std::size_t size_ = 0;
  std::size_t count_ = 0;
  unsigned seen_ = 0;  // bit per Pseudo
  std::string method_;
  std::string path_;
  std::string authority_;
  std::string cookie_;
  Fields fields_;
  std::string host_;
  std::string content_length_;
  std::size_t hosts_ = 0;
  std::size_t content_lengths_ = 0;
  bool expects_continue_ = false;
  bool fields_begun_ = false;
  std::optional<Violation> violation_;
};

}  // namespace gatehouse::http
