// The ciphertext side of a TLS stream: a BIO over bytes we hold, so that OpenSSL never touches the
// socket and several records leave in one send. For the .cc files of this room only.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "io/tls/tls_handles.h"

namespace gatehouse::io {

/// Outlives the SSL object its BIO was given to.
class TlsWire {
 public:
  TlsWire() = default;
  TlsWire(const TlsWire&) = delete;
  TlsWire& operator=(const TlsWire&) = delete;
  ~TlsWire() = default;

  /// A BIO that reads what was offered and writes to the collected space or to pending().
  BioHandle makeBio();

  /// Received bytes for OpenSSL to read next; they stay valid until read or replaced.
  void offer(std::string_view received) { unread_ = received; }
  std::string_view unread() const { return unread_; }

  /// Until takeCollected(), written records go to `space`, and to pending() when they no longer
  /// fit.
  void collectInto(std::span<char> space);
  /// The records in the space, in order; bytes in pending() come after them.
  std::string_view takeCollected();

  /// Records that wait to be sent.
  std::string& pending() [[clang::lifetimebound]] { return pending_; }
  const std::string& pending() const [[clang::lifetimebound]] { return pending_; }

 private:
  static int readBio(BIO* bio, char* data, std::size_t size, std::size_t* count);
  static int writeBio(BIO* bio, const char* data, std::size_t size, std::size_t* count);
  static const BIO_METHOD* method();

  std::string_view unread_;
  std::span<char> space_;
  std::size_t collected_ = 0;
  std::string pending_;
};

}  // namespace gatehouse::io
