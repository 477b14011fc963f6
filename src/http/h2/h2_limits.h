// What an HTTP/2 client may ask of a connection; sizes in bytes. The windows are those of
// RFC 9113 section 5.2: what may come before it is pulled.
#pragma once

#include <cstddef>
#include <cstdint>

namespace gatehouse::http {

struct H2Limits {
  std::uint32_t streams = 256;  // requests at a time
  std::uint32_t stream_window = 1U << 20;
  std::uint32_t connection_window = 4U << 20;
  std::uint32_t field_section = 80U << 10;  // of a request, all told
  std::size_t continuations = 16;           // frames of one head
};

}  // namespace gatehouse::http
