// What a mock upstream answers: rules read from YAML. The first rule that matches a request and is
// not used up answers it; without one, mock_answer does.
//
//   rules:
//     - match: {method: POST, path: /v1/chat/completions, header: {x-case: slow}, contains:
//     "\"stream\""}
//       times: 1
//       respond:
//         status: 200
//         headers: {content-type: text/event-stream}
//         events: ["data: {...}\n\n", "data: [DONE]\n\n"]   # or  body: text   # or  echo: true
//         delay: 100ms         # before the head
//         between: 20ms        # between two pieces
//         piece: 1             # cut the body into pieces of so many bytes
//         fault: {after: 120, kind: close}   # close | hang, after so many body bytes
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "http/head.h"
#include "wire/json.h"

namespace gatehouse::cli {

enum class MockFault : std::uint8_t { kNone, kClose, kHang };

/// The answer to one request, ready to be sent.
struct MockReply {
  http::Status status = 200;
  std::vector<std::pair<std::string, std::string>> fields;
  std::vector<std::string> pieces;
  bool chunked = false;  // else Content-Length
  Nanos delay{0};
  Nanos between{0};
  MockFault fault = MockFault::kNone;
  std::size_t fault_after = 0;  // body bytes sent before the fault
};

class MockScript {
 public:
  /// No rules.
  MockScript() = default;
  /// Errors: kInvalidConfiguration with file:line:column and what was expected.
  static Result<MockScript> read(std::string_view file, std::string_view text);

  /// The reply of the first rule that matches, which is then used once more; nothing if no rule
  /// does.
  std::optional<MockReply> answer(const http::RequestHead& head, std::string_view body);

 private:
  struct Rule {
    std::string method;
    std::string path;
    std::vector<std::pair<std::string, std::string>> header;
    std::string contains;
    std::optional<std::int64_t> times;
    MockReply reply;
    bool echo = false;
    std::size_t piece = 0;
  };
  static Result<Rule> readRule(std::string_view file, const wire::Value& value);
  static bool fits(const Rule& rule, const http::RequestHead& head, std::string_view body);

  std::vector<Rule> rules_;
};

}  // namespace gatehouse::cli
