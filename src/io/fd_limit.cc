#include "io/fd_limit.h"

#include <cerrno>
#include <cstring>
#include <string>
#include <sys/resource.h>

namespace gatehouse::io {

Result<FdLimit> raiseFdLimit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return fail(
        ErrorKind::kSystem, Origin::kGateway, std::string("getrlimit: ") + strerrordesc_np(errno)
    );
  }
  FdLimit result{.before = limit.rlim_cur, .now = limit.rlim_max};
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return fail(
        ErrorKind::kSystem, Origin::kGateway, std::string("setrlimit: ") + strerrordesc_np(errno)
    );
  }
  return result;
}

}  // namespace gatehouse::io
