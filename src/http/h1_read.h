// Message heads from bytes (RFC 9112). A head that lies whole in the bytes pushed is parsed where
// it lies, in one pass; one that comes in pieces is collected first, and watched over meanwhile.
// What is refused is in h1_strict. Bodies: h1_body. Owner's loop only.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "http/h1_strict.h"
#include "http/head.h"

namespace gatehouse::http {

/// So much is received at once where a head is due: what comes behind it is copied once, so it
/// should not be much.
inline constexpr std::size_t kHeadRead = 16 * 1024;

/// What a head says about its message and the connection.
struct MessageFraming {
  BodyFraming body;
  bool keep_alive = false;
  bool expects_continue = false;  // requests only
};

/// Collects and parses one head at a time. Between messages it holds no memory.
class HeadReader {
 public:
  explicit HeadReader(MessageKind kind) : scan_(kind), kind_(kind) {}

  struct Step {
    std::size_t taken = 0;  // octets that belong to this head; the rest is the caller's
    bool complete = false;
  };

  /// Takes what belongs to the head. After a violation the reader is good for nothing but reset().
  Checked<Step> push(std::string_view bytes, const HeadLimits& limits);
  /// What was taken of the head so far, also if it is refused.
  std::string_view taken() const { return whole_.empty() ? std::string_view(pending_) : whole_; }
  /// Whether anything but the forgiven empty line has come.
  bool started() const;

  /// Parse the complete head. The bytes last pushed must still be there. `out` starts empty.
  Checked<MessageFraming> parseRequest(const HeadLimits& limits, RequestHead& out) const;
  /// `asked` is the method of the request answered.
  Checked<MessageFraming> parseResponse(Method asked, const HeadLimits& limits, ResponseHead& out)
      const;
  /// What is known of a request that is refused, as far as it is right.
  struct Noted {
    Method method = Method::kOther;
    std::optional<Version> version{};  // none: not one of ours
    std::string authority{};           // of the target
    std::string target{};
    std::string_view sent_target{};  // as sent, right or not; a view into the head
  };
  /// Also before its head is complete; nothing without a request line.
  std::optional<Noted> noteRequest(const HeadLimits& limits) const;

  /// Ready for the next head; gives its memory back.
  void reset();

 private:
  Checked<FramingFields> readSection(
      std::string_view start_line, const HeadLimits& limits, Fields& out
  ) const;

  HeadScan scan_;
  MessageKind kind_;
  std::size_t line_feeds_ = 0;  // of the complete head
  std::string pending_;         // the head so far, unless it came in one piece
  std::string_view whole_;      // the complete head, when it lies in the bytes pushed
};

}  // namespace gatehouse::http
