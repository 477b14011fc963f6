// The field section of a response as HTTP/2 brings it, field by field (RFC 9113 section 8). Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "http/h1_strict.h"
#include "http/head.h"

namespace gatehouse::http {

/// A head, interim or final, and the length it declares.
struct H2Response {
  ResponseHead head{};
  std::optional<std::uint64_t> length{};
};

/// Takes one head at a time. Between heads it holds no memory.
class H2ResponseHead {
 public:
  explicit H2ResponseHead(const HeadLimits& limits) : limits_(limits) {}

  /// The next field, a pseudo-header field or another. After a violation, fields are only counted.
  void add(std::string_view name, std::string_view value);
  /// The whole head; ready for the next one afterwards.
  Checked<H2Response> take();
  /// Of one that nobody waits for any more.
  void drop() { *this = H2ResponseHead(limits_); }

 private:
  std::optional<Violation> addStatus(std::string_view name, std::string_view value);
  std::optional<Violation> addField(FieldName name, std::string_view value);

  HeadLimits limits_;
  std::size_t size_ = 0;
  std::size_t count_ = 0;
  H2Response response_;
  bool has_status_ = false;
  bool fields_begun_ = false;
  std::optional<Violation> violation_;
};

}  // namespace gatehouse::http
