// One HTTP reply as a client reads it: where it ends, and the events of an event stream, however
// the bytes were cut.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace gatehouse::bench {

/// Counts server-sent events: blocks of lines that a blank line ends. A block of comments is none,
/// nor is one that has not ended.
class EventCount {
 public:
  void take(std::string_view bytes);
  std::size_t events() const { return events_; }

 private:
  std::size_t events_ = 0;
  bool in_line_ = false;
  bool in_block_ = false;  // a line that is no comment has begun
};

class Reply {
 public:
  /// Takes bytes as they arrive. Those behind the end of the reply make it bad.
  void take(std::string_view bytes);

  bool begun() const { return place_ != Place::kHead || !head_.empty(); }
  bool done() const { return place_ == Place::kDone; }
  /// Not a reply of status 200 with a length or in chunks.
  bool bad() const { return place_ == Place::kBad; }
  /// Of a body in chunks.
  std::size_t events() const { return count_.events(); }
  const std::string& head() const { return head_; }

 private:
  enum class Place { kHead, kLength, kChunkSize, kChunk, kChunkEnd, kTrailer, kDone, kBad };

  std::size_t takeHead(std::string_view bytes);
  std::size_t takeData(std::string_view bytes);
  std::size_t takeLine(std::string_view bytes);
  void endLine();

  Place place_ = Place::kHead;
  std::string head_;      // until it is complete, then up to its blank line
  std::string line_;      // of the chunk framing, until it is complete
  std::size_t left_ = 0;  // bytes of the body or of the chunk
  EventCount count_;
};

}  // namespace gatehouse::bench
