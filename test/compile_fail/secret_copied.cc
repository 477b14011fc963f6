// error: call to deleted constructor of 'gatehouse::crypto::SecretText'
#include "crypto/secret_text.h"

gatehouse::crypto::SecretText again(const gatehouse::crypto::SecretText& secret) {
#ifdef GATEHOUSE_MISUSE
  return secret;
#else
  return secret.clone();
#endif
}
