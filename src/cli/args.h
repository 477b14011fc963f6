// The command line: text in, one typed command out. The only file that knows CLI11 is args.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"

namespace gatehouse::cli {

enum class LogFormat : std::uint8_t { kAutomatic, kText, kJson };

struct RunOptions {
  std::vector<std::string> files;  // empty: zero configuration
  std::string default_namespace = "default";
  bool strict = false;
  std::vector<std::string> binds;  // GATEWAY[/LISTENER]=ADDR:PORT, as written
  std::string host;                // empty: loopback
  std::string admin = "127.0.0.1:15000";
  std::string metrics = "127.0.0.1:15020";
  std::string readiness = "127.0.0.1:15021";
  unsigned workers = 0;  // 0: one per core
  LogFormat log_format = LogFormat::kAutomatic;
  std::string log_level = "info";
  std::vector<std::string> resolve;  // HOST:PORT:ADDR[:PORT], as written
  Nanos drain_timeout = Seconds(30);
  Nanos keep_alive = Seconds(20);  // zero: none
  // Of the whole process; absent: as the machine allows.
  std::optional<std::size_t> max_connections;
  std::optional<std::size_t> max_requests;
  std::optional<std::size_t> max_buffered_mib;
  bool check = false;
};

struct ValidateOptions {
  std::vector<std::string> files;
  std::string default_namespace = "default";
  bool strict = false;
};

struct MockOptions {
  std::string listen = "127.0.0.1:0";
  std::string script;        // YAML file with rules; empty: answers as the simulated model
  std::string record;        // JSON lines, one per request received
  bool record_keys = false;  // with the credentials in clear
  std::string tls_names;     // comma list of DNS names and addresses; not empty: TLS with a
                             // certificate made for them
  std::string ca_out;        // where the PEM of the certificate authority that signed it is written
  std::string tls_cert;      // PEM files to use instead
  std::string tls_key;
  std::string ready_file;  // "ADDR:PORT" is written here once it listens
};

struct VersionOptions {
  bool verbose = false;
};

/// What was asked for, or the text to print and the exit code when the arguments answer themselves
/// (--help, mistakes).
struct PrintAndExit {
  std::string text;
  int exit_code = 0;
};

using Command =
    std::variant<PrintAndExit, RunOptions, ValidateOptions, MockOptions, VersionOptions>;

/// Never fails: a mistake is a PrintAndExit with code 2 that says what was wrong and how to see the
/// help.
Command parseArguments(int argc, const char* const* argv);

}  // namespace gatehouse::cli
