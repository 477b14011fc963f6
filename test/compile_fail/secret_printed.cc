// error: overload resolution selected deleted operator '<<'
#include <sstream>

#include "crypto/secret_text.h"

std::string show(const gatehouse::crypto::SecretText& secret) {
  std::ostringstream out;
#ifdef GATEHOUSE_MISUSE
  out << secret;
#else
  out << secret.size();
#endif
  return out.str();
}
