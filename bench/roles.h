// The parts of the benchmark program, one process each.
#pragma once

#include <cstddef>
#include <string>

namespace gatehouse::bench {

struct UpstreamOptions {
  std::string address = "127.0.0.1:0";
  int chunks = 0;  // of an event stream; 0: one reply with Content-Length
  long interval_millis = 20;
  std::string echo_file;  // request bodies are appended here
};

struct LoadOptions {
  std::string address;
  std::string path = "/v1/chat/completions";
  std::size_t body_size = 1024;
  int connections = 32;
  double seconds = 2;
  long requests = 0;  // stop after so many instead
  double rate = 0;    // requests a second, open loop; 0: as fast as answers come
  /// One request each; once each has so many events, they stay open until standard input ends.
  std::size_t hold = 0;
  std::size_t events = 0;  // that every reply must have; 0: any number
  double limit = 60;       // seconds; a load that has not ended by then has failed
};

/// Answers until killed; prints its address first.
[[noreturn]] void runUpstream(const UpstreamOptions& options);
/// Prints one JSON line: requests, seconds, events, and in microseconds, when the rate is fixed,
/// the latencies since a request was due and by how much requests left late.
int runLoad(const LoadOptions& options);

}  // namespace gatehouse::bench
