// Where in the frames of a connection what has come of them ends (RFC 9113 section 4.1). It counts
// octets and checks nothing. A value.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace gatehouse::http {

class FrameMeter {
 public:
  /// `before` octets come before the first frame.
  explicit FrameMeter(std::size_t before) : left_(before) {}

  void take(std::string_view bytes);

  /// A frame, or a field section of several, has begun and not ended.
  bool within() const { return head_size_ != 0 || left_ != 0 || section_open_; }
  /// That one is DATA.
  bool withinData() const { return head_size_ == 0 && left_ != 0 && kind_ == kData; }
  /// Frames whose head has come.
  std::uint64_t frames() const { return frames_; }

 private:
  static constexpr std::size_t kHead = 9;
  static constexpr std::uint8_t kData = 0;

  void readHead();

  std::array<std::uint8_t, kHead> head_{};
  std::size_t head_size_ = 0;  // what has come of it
  std::size_t left_;           // of the payload
  std::uint64_t frames_ = 0;
  std::uint8_t kind_ = kData + 1;
  bool section_open_ = false;
};

}  // namespace gatehouse::http
