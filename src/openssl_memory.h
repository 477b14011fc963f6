// OpenSSL's memory is the program's: what many handshakes at once leave behind goes back to the
// system as that of requests does. Without it a slow stream over TLS holds 10 KB more.
#pragma once

namespace gatehouse {

/// Before anything of OpenSSL has been used.
void shareMemoryWithOpenSsl();

}  // namespace gatehouse
