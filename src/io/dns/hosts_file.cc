#include "io/dns/hosts_file.h"

#include <algorithm>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <vector>

#include "base/clock.h"
#include "base/text.h"
#include "io/address.h"

namespace gatehouse::io {

HostsTable parseHosts(std::string_view text) {
  HostsTable table;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    line.resize(std::min(line.find('#'), line.size()));
    std::istringstream words(line);
    std::string ip;
    words >> ip;
    std::optional<Address> address = Address::fromIp(ip, 0);
    for (std::string name; address && words >> name;) {
      table[fold(name)].push_back(*address);
    }
  }
  return table;
}

const std::vector<Address>& HostsFile::find(const std::string& host, MonoTime now) {
  if (stamp_ == -1 || now - checked_ >= Seconds(1)) {
    checked_ = now;
    refresh();
  }
  auto found = table_.find(host);
  return found == table_.end() ? none_ : found->second;
}

void HostsFile::refresh() {
  struct stat status{};
  if (::stat(path_.c_str(), &status) != 0) {
    table_.clear();
    stamp_ = 0;
    return;
  }
  long long stamp =
      (status.st_mtim.tv_sec * 1'000'000'000LL + status.st_mtim.tv_nsec) ^ (status.st_size << 20);
  if (stamp == stamp_) {
    return;
  }
  stamp_ = stamp;
  std::ifstream file(path_);
  std::stringstream text;
  text << file.rdbuf();
  table_ = parseHosts(text.view());
}

}  // namespace gatehouse::io
