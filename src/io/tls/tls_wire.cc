#include "io/tls/tls_wire.h"

#include <algorithm>
#include <cstring>
#include <span>

#include <openssl/bio.h>
#include <openssl/types.h>

#include "base/check.h"
#include "io/tls/tls_handles.h"

namespace gatehouse::io {

namespace {

long controlBio(BIO* /*bio*/, int command, long /*number*/, void* /*pointer*/) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

}  // namespace

const BIO_METHOD* TlsWire::method() {
  // Made once and kept: OpenSSL numbers BIO types for the whole process.
  static const BIO_METHOD* const kMethod = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "gatehouse wire");
    GATEHOUSE_INVARIANT(made != nullptr);
    BIO_meth_set_read_ex(made, readBio);
    BIO_meth_set_write_ex(made, writeBio);
    BIO_meth_set_ctrl(made, controlBio);
    return made;
  }();
  return kMethod;
}

BioHandle TlsWire::makeBio() {
  BioHandle bio(BIO_new(method()));
  GATEHOUSE_INVARIANT(bio != nullptr);
  BIO_set_data(bio.get(), this);
  BIO_set_init(bio.get(), 1);
  return bio;
}

int TlsWire::readBio(BIO* bio, char* data, std::size_t size, std::size_t* count) {
  auto& wire = *static_cast<TlsWire*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  if (wire.unread_.empty()) {
    BIO_set_retry_read(bio);
    *count = 0;
    return 0;
  }
  *count = std::min(size, wire.unread_.size());
  std::memcpy(data, wire.unread_.data(), *count);
  wire.unread_.remove_prefix(*count);
  return 1;
}

int TlsWire::writeBio(BIO* bio, const char* data, std::size_t size, std::size_t* count) {
  auto& wire = *static_cast<TlsWire*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  *count = size;
  if (wire.pending_.empty() && size <= wire.space_.size() - wire.collected_) {
    std::memcpy(wire.space_.data() + wire.collected_, data, size);
    wire.collected_ += size;
  } else {
    wire.pending_.append(data, size);
  }
  return 1;
}

void TlsWire::collectInto(std::span<char> space) {
  space_ = space;
  collected_ = 0;
}

std::string_view TlsWire::takeCollected() {
  std::string_view result(space_.data(), collected_);
  space_ = {};
  collected_ = 0;
  return result;
}

}  // namespace gatehouse::io
