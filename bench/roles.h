// The parts of the benchmark program, one process each.
#pragma once

#include <cstddef>
#include <string>

namespace gatehouse::bench {

struct UpstreamOptions {
  std::string address = "127.0.0.1:0";
  int chunks = 0;  // of an event stream; 0: one reply with Content-Length
  long interval_millis = 20;
  std::string echo_file;  // the last request body is written here
};

struct LoadOptions {
  std::string address;
  std::string path = "/v1/chat/completions";
  std::size_t body_size = 1024;
  int connections = 32;
  double seconds = 2;
  long requests = 0;  // stop after so many instead
  double rate = 0;    // requests a second, open loop; 0: as fast as answers come
  bool hold = false;  // one request each, then wait for standard input to end
};

/// Answers until killed; prints its address first.
[[noreturn]] void runUpstream(const UpstreamOptions& options);
/// Prints one JSON line: requests, seconds, chunks, errors, and latencies in microseconds when the
/// rate is fixed.
int runLoad(const LoadOptions& options);

}  // namespace gatehouse::bench
