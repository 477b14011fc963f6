// error: ignoring return value of function declared with 'nodiscard'
#include "base/result.h"

gatehouse::Result<> write();

void save() {
#ifdef GATEHOUSE_MISUSE
  write();
#else
  static_cast<void>(write().has_value());
#endif
}
