// What a mock upstream saw, as JSON lines: {"event":"request",...}, {"event":"finished",...},
// {"event":"aborted",...}.
#pragma once

#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/head.h"
#include "io/stream.h"

namespace gatehouse::cli {

/// How credentials in it are written; see mock_mask.h.
enum class RecordedKeys : std::uint8_t { kMasked, kClear };

class MockRecord {
 public:
  /// Appends to `path`; empty: keeps nothing. Errors: kInvalidConfiguration.
  static Result<MockRecord> open(const std::string& path, RecordedKeys keys);

  /// The number of the request.
  std::uint64_t request(
      const http::RequestHead& head,
      std::string_view body,
      const io::Peer& peer,
      std::uint64_t connection
  );
  /// The whole answer was sent.
  void finished(std::uint64_t request, std::size_t sent);
  /// The peer went away before it was.
  void aborted(std::uint64_t request, std::size_t sent);

 private:
  void write(const std::string& line);
  void end(std::string_view event, std::uint64_t request, std::size_t sent);

  std::ofstream file_;
  RecordedKeys keys_ = RecordedKeys::kMasked;
  std::uint64_t requests_ = 0;
};

}  // namespace gatehouse::cli
