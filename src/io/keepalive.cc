#include "io/keepalive.h"

#include <algorithm>
#include <chrono>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace gatehouse::io {
namespace {

void setOption(int fd, int level, int name, int value) {
  ::setsockopt(fd, level, name, &value, sizeof value);
}

int secondsOf(Nanos time) {
  return static_cast<int>(std::chrono::ceil<Seconds>(std::min(time, kMaxKeepaliveTime)).count());
}

}  // namespace

void setKeepalive(int fd, const Keepalive& keepalive) {
  setOption(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  setOption(fd, IPPROTO_TCP, TCP_KEEPIDLE, secondsOf(keepalive.time));
  setOption(fd, IPPROTO_TCP, TCP_KEEPINTVL, secondsOf(keepalive.interval));
  setOption(fd, IPPROTO_TCP, TCP_KEEPCNT, static_cast<int>(keepalive.probes));
}

}  // namespace gatehouse::io
