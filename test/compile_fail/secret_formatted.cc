// error: call to deleted constructor of .*fallback_formatter<gatehouse::crypto::SecretText>
#include <fmt/format.h>

#include "crypto/secret_text.h"

std::string show(const gatehouse::crypto::SecretText& secret) {
#ifdef GATEHOUSE_MISUSE
  return fmt::format("{}", secret);
#else
  return fmt::format("{} bytes", secret.size());
#endif
}
