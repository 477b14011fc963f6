// error: no matching constructor for initialization of 'gatehouse::LogField'
#include "base/log.h"
#include "crypto/secret_text.h"

void show(const gatehouse::Logger& logger, const gatehouse::crypto::SecretText& secret) {
#ifdef GATEHOUSE_MISUSE
  gatehouse::LogField field("key", secret);
#else
  gatehouse::LogField field("key", secret.size());
#endif
  logger.info("a key was loaded", {field});
}
