// The hosts file (hosts(5)): names the machine's owner has fixed. Read again when it changes.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "io/address.h"

namespace gatehouse::io {

/// Names in lower case; addresses with port 0, in the order of the file.
using HostsTable = std::unordered_map<std::string, std::vector<Address>>;

/// Lines that make no sense are skipped, as every resolver does.
HostsTable parseHosts(std::string_view text);

/// Owner's loop only.
class HostsFile {
 public:
  explicit HostsFile(std::string path) : path_(std::move(path)) {}

  /// Addresses of a lower-case name, none when the file has none. Looks for changes once a second
  /// at most.
  const std::vector<Address>& find(const std::string& host, MonoTime now);

 private:
  void refresh();

  std::string path_;
  HostsTable table_;
  std::vector<Address> none_;
  MonoTime checked_{};
  long long stamp_ = -1;  // modification time and size of what table_ was read from
};

}  // namespace gatehouse::io
