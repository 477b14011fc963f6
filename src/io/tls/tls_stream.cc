#include "io/tls/tls_stream.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/sslerr.h>
#include <openssl/tls1.h>
#include <openssl/types.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "base/check.h"
#include "base/error.h"
#include "base/result.h"
#include "io/deadline.h"
#include "io/reactor.h"
#include "io/stop.h"
#include "io/stream.h"
#include "io/task.h"
#include "io/tls/tls_config.h"
#include "io/tls/tls_handles.h"
#include "io/tls/tls_peer.h"
#include "io/tls/tls_server.h"
#include "io/tls/tls_sessions.h"
#include "io/tls/tls_wire.h"
#include "io/waiter.h"

namespace gatehouse::io {

namespace {

constexpr std::size_t kRecord = 16384;  // plaintext of one record at most (RFC 8446 section 5.1)
constexpr std::size_t kRecordWire =
    kRecord + 512;                           // and what it may become on the wire, generously
constexpr std::size_t kBatch = 4;            // records encrypted before they are sent
constexpr std::size_t kReceive = 64u << 10;  // ciphertext taken in one call
static_assert(kBatch * kRecordWire + kRecord <= Reactor::kScratch);
static_assert(kReceive <= Reactor::kScratch);

class TlsStream final : public Stream {
 public:
  TlsStream(
      SSL* ssl, std::shared_ptr<const void> config, std::unique_ptr<Stream> under, Origin side
  );
  ~TlsStream() override { close(); }

  /// For the client, before the handshake.
  Result<void> expectServer(const TlsClientConfig& config, TlsName name);
  /// For the server, before the handshake.
  void expectClient();
  Task<Result<void>> handshake();
  /// The stream below, where there was no handshake; closing is the caller's then.
  std::unique_ptr<Stream> giveBack() { return std::move(under_); }

  IoProgress tryRead(std::span<char> target) override { return pull(target, Take::kRead); }
  IoProgress tryWritev(std::span<const std::string_view> parts, std::size_t offset) override;
  Error failure() const override { return failure_ != nullptr ? *failure_ : under_->failure(); }
  void setReader(Waiter* reader) override { under_->setReader(reader); }
  void setWriter(Waiter* writer) override { under_->setWriter(writer); }
  Task<Result<void>> shutdownWrite() override;
  void close() override;
  const Peer& peer() const [[clang::lifetimebound]] override { return peer_; }
  void onPeerClosed(Stop* stop) override { under_->onPeerClosed(stop); }
  bool readable() override;
  Reactor& reactor() const override { return under_->reactor(); }
  Origin side() const { return side_; }

 private:
  enum class Take : bool { kRead, kPeek };

  /// The reactor's, unless the stream below works in that.
  std::span<char> scratch();
  IoProgress pull(std::span<char> target, Take take);
  bool decrypt(std::span<char> target, Take take, std::size_t& total);
  bool receive(std::span<char> space);
  IoState flush();
  std::size_t encryptBatch(std::span<const std::string_view>& parts, std::size_t& offset);
  bool encryptRecord(std::string_view plain);
  void holdUnread();
  void fail(ErrorKind kind, std::string detail, Retry retry = Retry::kNever);
  void failSsl(std::string_view doing);

  std::shared_ptr<const void> config_;
  std::unique_ptr<Stream> under_;
  Peer peer_;
  TlsWire wire_;
  TlsNotes notes_;
  std::string held_;  // ciphertext received but not yet decrypted, kept across suspensions
  std::unique_ptr<Error> failure_;
  SslHandle ssl_;
  std::unique_ptr<char[]> own_scratch_;  // null unless nested
  Origin side_;
  bool ended_ = false;
  bool nested_;  // the stream below is TLS as well
};

TlsStream::TlsStream(
    SSL* ssl, std::shared_ptr<const void> config, std::unique_ptr<Stream> under, Origin side
)
    : config_(std::move(config)),
      under_(std::move(under)),
      peer_(under_->peer()),
      ssl_(ssl),
      side_(side),
      nested_(peer_.tls != nullptr) {
  GATEHOUSE_INVARIANT(ssl_ != nullptr);
  BIO* bio = wire_.makeBio().release();
  SSL_set_bio(ssl, bio, bio);
}

std::span<char> TlsStream::scratch() {
  if (!nested_) {
    return reactor().scratch();
  }
  if (own_scratch_ == nullptr) {
    own_scratch_ = std::make_unique_for_overwrite<char[]>(Reactor::kScratch);
  }
  return {own_scratch_.get(), Reactor::kScratch};
}

void TlsStream::fail(ErrorKind kind, std::string detail, Retry retry) {
  if (failure_ == nullptr) {
    failure_ = std::make_unique<Error>(kind, side(), std::move(detail), retry);
  }
}

/// Turns OpenSSL's error queue into the failure of this stream.
void TlsStream::failSsl(std::string_view doing) {
  if (!notes_.refusal.empty()) {
    ERR_clear_error();
    const std::string whose = notes_.server.empty() ? peer().remote.format() : notes_.server;
    fail(
        ErrorKind::kTlsCertificate, "certificate of " + whose + " not accepted: " + notes_.refusal
    );
    return;
  }
  const unsigned long code = ERR_peek_error();
  // Other libraries below OpenSSL's use the same numbers.
  const int reason = ERR_GET_LIB(code) == ERR_LIB_SSL ? ERR_GET_REASON(code) : 0;
  const ErrorKind kind = reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE
                             ? ErrorKind::kTlsCertificate
                             : ErrorKind::kTlsProtocol;
  std::string detail =
      std::string(doing) + " with " + peer().remote.format() + ": " + takeOpensslErrors();
  if (reason == SSL_R_WRONG_VERSION_NUMBER) {
    detail += " (the peer may not speak TLS on this port)";
  }
  fail(kind, std::move(detail));
}

/// Who it must be, for people, and in the key of its sessions: two that are verified in different
/// ways share none.
std::string describeServer(const TlsName& name) {
  std::string text;
  for (const auto* list : {&name.verified_names, &name.verified_uris}) {
    for (const std::string& one : *list) {
      text += (text.empty() ? "" : ", ") + one;
    }
  }
  return text;
}

Result<void> TlsStream::expectServer(const TlsClientConfig& config, TlsName name) {
  SSL* ssl = ssl_.get();
  if (name.verified_names.empty() && name.verified_uris.empty()) {
    name.verified_names = {name.server_name};
  }
  notes_.sessions = &config.sessions();
  notes_.server = describeServer(name);
  notes_.session_key = config.sessionScope() + '|' + notes_.server;
  SSL_set_app_data(ssl, &notes_);
  bool sni = !name.server_name.empty() && !Address::fromIp(name.server_name, 0);
  if (sni) {
    SSL_set_tlsext_host_name(ssl, name.server_name.c_str());
  }
  const bool one_name = name.verified_names.size() == 1 && name.verified_uris.empty();
  if (config.verify() == TlsVerify::kFull && !one_name) {
    notes_.names = std::move(name.verified_names);
    notes_.uris = std::move(name.verified_uris);
  } else if (config.verify() == TlsVerify::kFull) {
    const std::string& verified = name.verified_names.front();
    X509_VERIFY_PARAM* wanted = SSL_get0_param(ssl);
    X509_VERIFY_PARAM_set_hostflags(wanted, kNameRules);
    const bool numeric = Address::fromIp(verified, 0).has_value();
    int set = numeric ? X509_VERIFY_PARAM_set1_ip_asc(wanted, verified.c_str())
                      : X509_VERIFY_PARAM_set1_host(wanted, verified.data(), verified.size());
    // An empty name would switch the check off.
    if (set != 1 || verified.empty()) {
      return badTlsMaterial("cannot verify a certificate for '" + verified + "'");
    }
  }
  if (SslSessionHandle session = config.sessions().take(notes_.session_key)) {
    SSL_set_session(ssl, session.get());
  }
  return {};
}

void TlsStream::expectClient() {
  SSL_set_app_data(ssl_.get(), &notes_);
}

/// A record of TLS begins with its type, of which none is a letter (RFC 8446 section 5.1); a
/// request begins with its method.
bool isPlainText(char first) {
  const char letter = static_cast<char>(first | 0x20);
  return letter >= 'a' && letter <= 'z';
}

Task<Result<void>> TlsStream::handshake() {
  bool begun = side_ == Origin::kUpstream;
  while (true) {
    ERR_clear_error();
    int outcome = SSL_do_handshake(ssl_.get());
    int reason = outcome == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl_.get(), outcome);
    if (reason != SSL_ERROR_NONE && reason != SSL_ERROR_WANT_READ) {
      failSsl("TLS handshake");
    }
    // Also after a failure: the alert tells the peer why.
    std::string sending = std::exchange(wire_.pending(), {});
    if (!sending.empty()) {
      Result<void> sent = co_await under_->write(sending);
      if (!sent && failure_ == nullptr) {
        co_return gatehouse::fail(std::move(sent).error());
      }
    }
    if (failure_ != nullptr) {
      co_return gatehouse::fail(*failure_);
    }
    if (reason == SSL_ERROR_NONE) {
      break;
    }
    std::span<char> space = scratch().first(kReceive);
    GATEHOUSE_CO_TRY(std::size_t count, co_await under_->readInto(space));
    if (count == 0) {
      fail(ErrorKind::kPeerClosed, "connection closed during the TLS handshake", Retry::kYes);
      co_return gatehouse::fail(*failure_);
    }
    if (!std::exchange(begun, true) && isPlainText(space.front())) {
      fail(ErrorKind::kBadRequest, peer().remote.format() + " spoke plain HTTP instead of TLS");
      co_return gatehouse::fail(*failure_);
    }
    wire_.offer({space.data(), count});
  }
  holdUnread();
  keepRenewed(ssl_.get());
  peer_.tls = std::make_shared<const TlsPeer>(describePeer(ssl_.get(), notes_.tolerated));
  co_return Result<void>();
}

/// Bytes in the scratch buffer would not survive a suspension.
void TlsStream::holdUnread() {
  std::string rest(wire_.unread());
  held_ = std::move(rest);
  wire_.offer(held_);
}

/// One SSL_read or SSL_peek. False when it gave nothing more for now, or ever.
bool TlsStream::decrypt(std::span<char> target, Take take, std::size_t& total) {
  std::size_t count = 0;
  int outcome = take == Take::kRead ? SSL_read_ex(ssl_.get(), target.data(), target.size(), &count)
                                    : SSL_peek_ex(ssl_.get(), target.data(), target.size(), &count);
  if (outcome == 1) {
    total += count;
    return true;
  }
  int reason = SSL_get_error(ssl_.get(), outcome);
  if (reason == SSL_ERROR_ZERO_RETURN) {
    ended_ = true;
  } else if (reason != SSL_ERROR_WANT_READ) {
    failSsl("TLS");
  }
  return false;
}

/// More ciphertext for OpenSSL. False when there is none now, or ever.
bool TlsStream::receive(std::span<char> space) {
  IoProgress progress = under_->tryRead(space);
  if (progress.state == IoState::kDone) {
    wire_.offer({space.data(), progress.bytes});
    return true;
  }
  if (progress.state == IoState::kEnd) {
    fail(ErrorKind::kPeerClosed, "connection closed without the end of TLS", Retry::kIfReused);
  } else if (progress.state == IoState::kFailed) {
    failure_ = std::make_unique<Error>(under_->failure());
  }
  return false;
}

IoProgress TlsStream::pull(std::span<char> target, Take take) {
  ERR_clear_error();
  // Not much more ciphertext than fits, so that little is left to hold.
  std::span<char> space = scratch().first(std::min(kReceive, target.size() + 1024));
  std::size_t total = 0;
  while (total < target.size() && !ended_ && failure_ == nullptr) {
    // Asking OpenSSL when it has nothing would only say so.
    bool more = (!wire_.unread().empty() || SSL_has_pending(ssl_.get()) == 1) &&
                decrypt(target.subspan(total), take, total);
    if (!more && !ended_ && failure_ == nullptr && !receive(space)) {
      break;
    }
  }
  if (!wire_.unread().empty() || !held_.empty()) {
    holdUnread();
  }
  if (!wire_.pending().empty()) {
    flush();  // an answer to a key update; what the socket does not take goes with the next write
  }
  if (total > 0) {
    return {total, IoState::kDone};
  }
  if (failure_ != nullptr) {
    return {0, IoState::kFailed};
  }
  return {0, ended_ ? IoState::kEnd : IoState::kWouldBlock};
}

bool TlsStream::readable() {
  // Session tickets and key updates are no reason to think the peer spoke: look behind them.
  char byte = 0;
  return ended_ || failure_ != nullptr ||
         pull({&byte, 1}, Take::kPeek).state != IoState::kWouldBlock;
}

/// Sends pending records; kWouldBlock when some remain.
IoState TlsStream::flush() {
  std::string& pending = wire_.pending();
  if (pending.empty()) {
    return IoState::kDone;
  }
  std::string_view bytes = pending;
  IoProgress progress = under_->tryWritev({&bytes, 1}, 0);
  if (progress.state == IoState::kDone) {
    pending = std::string();  // give the memory back
  } else if (progress.state == IoState::kWouldBlock) {
    pending.erase(0, progress.bytes);
  }
  return progress.state;
}

bool TlsStream::encryptRecord(std::string_view plain) {
  std::size_t taken = 0;
  if (SSL_write_ex(ssl_.get(), plain.data(), plain.size(), &taken) != 1) {
    failSsl("TLS");
    return false;
  }
  GATEHOUSE_DEBUG_CHECK(taken == plain.size());
  return true;
}

/// Encrypts up to kBatch records into the scratch buffer; `parts` and `offset` move on. Returns the
/// bytes taken.
std::size_t TlsStream::encryptBatch(std::span<const std::string_view>& parts, std::size_t& offset) {
  std::span<char> staging = scratch().last(kRecord);
  std::size_t taken = 0;
  for (std::size_t records = 0; records < kBatch && !parts.empty(); ++records) {
    std::size_t staged = 0;
    // A whole record out of one part is encrypted where it stands; smaller pieces are joined first.
    if (std::string_view part = parts.front().substr(offset); part.size() >= kRecord) {
      if (!encryptRecord(part.substr(0, kRecord))) {
        return taken;
      }
      offset += kRecord;
      taken += kRecord;
    } else {
      while (staged < kRecord && !parts.empty()) {
        std::string_view piece = parts.front().substr(offset, kRecord - staged);
        std::memcpy(staging.data() + staged, piece.data(), piece.size());
        staged += piece.size();
        offset += piece.size();
        if (offset == parts.front().size()) {
          parts = parts.subspan(1);
          offset = 0;
        }
      }
      if (staged > 0 && !encryptRecord({staging.data(), staged})) {
        return taken;
      }
      taken += staged;
    }
    if (!parts.empty() && offset == parts.front().size()) {
      parts = parts.subspan(1);
      offset = 0;
    }
  }
  return taken;
}

IoProgress TlsStream::tryWritev(std::span<const std::string_view> parts, std::size_t offset) {
  if (failure_ != nullptr) {
    return {0, IoState::kFailed};
  }
  if (IoState state = flush(); state != IoState::kDone) {
    return {0, state};
  }
  ERR_clear_error();
  std::size_t total = 0;
  while (!parts.empty()) {
    wire_.collectInto(scratch().first(kBatch * kRecordWire));
    total += encryptBatch(parts, offset);
    std::string_view records = wire_.takeCollected();
    IoProgress progress = under_->tryWritev({&records, 1}, 0);
    if (progress.state == IoState::kFailed || failure_ != nullptr) {
      return {total, IoState::kFailed};
    }
    if (progress.state == IoState::kWouldBlock) {
      wire_.pending().insert(0, records.substr(progress.bytes));
      return {total, IoState::kWouldBlock};
    }
    if (IoState state = flush(); state != IoState::kDone) {
      return {total, state};
    }
  }
  return {total, IoState::kDone};
}

Task<Result<void>> TlsStream::shutdownWrite() {
  if (failure_ == nullptr && SSL_is_init_finished(ssl_.get()) == 1) {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    GATEHOUSE_CO_CHECK_OK(co_await writev({}));
  }
  co_return co_await under_->shutdownWrite();
}

void TlsStream::close() {
  if (under_ == nullptr) {
    return;
  }
  bool sound = failure_ == nullptr && SSL_is_init_finished(ssl_.get()) == 1;
  bool told = (SSL_get_shutdown(ssl_.get()) & SSL_SENT_SHUTDOWN) != 0;
  if (sound && !told && wire_.pending().empty()) {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    flush();
  }
  fail(ErrorKind::kPeerClosed, "connection closed by this side");
  under_->close();
}

/// The handshake, within its deadline, and the stream it makes; if not, `below` is the one below.
Task<Result<std::unique_ptr<Stream>>> shakeHands(
    std::unique_ptr<TlsStream> stream, Deadline deadline, std::unique_ptr<Stream>& below
) {
  Result<void> shaken = co_await withDeadline(
      stream->reactor(),
      deadline,
      stream->handshake(),
      stream->side(),
      "TLS handshake with " + stream->peer().remote.format() + " not finished in time"
  );
  if (!shaken) {
    below = stream->giveBack();
    co_return gatehouse::fail(std::move(shaken).error());
  }
  co_return std::unique_ptr<Stream>(std::move(stream));
}

}  // namespace

Task<Result<std::unique_ptr<Stream>>> connectTls(
    std::shared_ptr<TlsClientConfig> config,
    std::unique_ptr<Stream> stream,
    TlsName name,
    Deadline deadline
) {
  SSL* ssl = SSL_new(config->native());
  auto tls = std::make_unique<TlsStream>(ssl, config, std::move(stream), Origin::kUpstream);
  SSL_set_connect_state(ssl);
  GATEHOUSE_CO_CHECK_OK(tls->expectServer(*config, std::move(name)));
  co_return co_await shakeHands(std::move(tls), deadline, stream);
}

Task<Result<std::unique_ptr<Stream>>> acceptTls(
    std::shared_ptr<TlsServerConfig> config, std::unique_ptr<Stream>& stream, Deadline deadline
) {
  SSL* ssl = SSL_new(config->native());
  auto tls = std::make_unique<TlsStream>(ssl, config, std::move(stream), Origin::kDownstream);
  SSL_set_accept_state(ssl);
  tls->expectClient();
  co_return co_await shakeHands(std::move(tls), deadline, stream);
}

}  // namespace gatehouse::io
