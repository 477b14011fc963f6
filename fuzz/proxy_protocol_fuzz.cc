// The PROXY preamble: whatever comes, in whatever pieces, the verdict is the same, and a preamble
// that is taken holds what it is made from. First octet: what is taken; then the bytes.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "io/proxy_protocol.h"

namespace {

using gatehouse::io::ProxyPreamble;
using gatehouse::io::ProxyProtocolOptions;
using State = ProxyPreamble::State;

void require(bool holds, const char* what) {
  if (!holds) {
    std::fprintf(stderr, "does not hold: %s\n", what);
    std::abort();
  }
}

void requireWhole(const ProxyPreamble& preamble, std::string_view bytes) {
  require(preamble.size >= 15 && preamble.size <= bytes.size(), "its size is within the bytes");
  require(preamble.size <= gatehouse::io::kMaxProxyV2, "it is within the limit");
  require(preamble.source.has_value() == preamble.destination.has_value(), "both ends or none");
  const bool line = bytes.starts_with("PROXY ");
  require(!line || preamble.size <= gatehouse::io::kMaxProxyV1, "a line is within its limit");
  require(!line || bytes.substr(preamble.size - 2, 2) == "\r\n", "a line ends with CRLF");
  if (line && preamble.source) {
    const bool v4 = preamble.source->family() == gatehouse::io::Family::kV4;
    require(bytes.substr(6, 4) == (v4 ? "TCP4" : "TCP6"), "the family is that of the line");
    require(preamble.source->family() == preamble.destination->family(), "one family");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const ProxyProtocolOptions options{
      .v1 = (data[0] & 1) != 0, .v2 = (data[0] & 2) != 0, .required = (data[0] & 4) != 0
  };
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  const ProxyPreamble whole = readProxyPreamble(bytes, options);
  if (whole.state == State::kWhole) {
    requireWhole(whole, bytes);
  }
  // The first verdict on a growing beginning is the verdict on all of it.
  for (std::size_t end = 0; end <= bytes.size(); ++end) {
    const std::string piece(bytes.substr(0, end));  // exactly as long as told, for the sanitizer
    const ProxyPreamble part = readProxyPreamble(piece, options);
    if (part.state != State::kPartial) {
      require(part.state == whole.state && part.size == whole.size, "the same verdict");
      require(part.source == whole.source, "the same client");
      return 0;
    }
  }
  require(whole.state == State::kPartial, "partial to the end");
  return 0;
}
