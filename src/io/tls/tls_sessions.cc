#include "io/tls/tls_sessions.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <openssl/prov_ssl.h>
#include <openssl/ssl.h>
#include <openssl/types.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "io/tls/tls_handles.h"

namespace gatehouse::io {

namespace {

TlsNotes* notesOf(SSL* ssl) {
  return static_cast<TlsNotes*>(SSL_get_app_data(ssl));
}

/// Null outside a handshake.
TlsNotes* notesOf(X509_STORE_CTX* checked) {
  void* ssl = X509_STORE_CTX_get_ex_data(checked, SSL_get_ex_data_X509_STORE_CTX_idx());
  return ssl == nullptr ? nullptr : notesOf(static_cast<SSL*>(ssl));
}

std::string listNames(X509* certificate) {
  std::string list;
  for (const auto& names : {namesOf(certificate), urisOf(certificate)}) {
    for (const std::string& name : names) {
      list += (list.empty() ? "" : ", ") + name;
    }
  }
  return list.empty() ? "no name" : list;
}

bool isFor(X509* certificate, const std::string& name) {
  if (X509_check_ip_asc(certificate, name.c_str(), 0) == 1) {
    return true;
  }
  return !name.empty() &&
         X509_check_host(certificate, name.data(), name.size(), kNameRules, nullptr) == 1;
}

/// Whether the leaf is for none of those of which it must be for one.
bool isForAnother(const TlsNotes& notes, X509_STORE_CTX* checked) {
  if ((notes.names.empty() && notes.uris.empty()) || X509_STORE_CTX_get_error_depth(checked) != 0) {
    return false;
  }
  X509* leaf = X509_STORE_CTX_get0_cert(checked);
  const std::vector<std::string> own = urisOf(leaf);
  return std::ranges::none_of(notes.names, [&](const auto& name) { return isFor(leaf, name); }) &&
         std::ranges::find_first_of(own, notes.uris) == own.end();
}

}  // namespace

void TlsSessionCache::put(const std::string& server, SslSessionHandle session) {
  if (sessions_.size() >= kServers && !sessions_.contains(server)) {
    sessions_.clear();
  }
  std::vector<SslSessionHandle>& kept = sessions_[server];
  std::erase(kept, session);  // it is the newest now
  if (kept.size() >= kPerServer) {
    kept.erase(kept.begin());
  }
  kept.push_back(std::move(session));
}

SslSessionHandle TlsSessionCache::take(const std::string& server) {
  auto found = sessions_.find(server);
  if (found == sessions_.end() || found->second.empty()) {
    return nullptr;
  }
  std::vector<SslSessionHandle>& kept = found->second;
  if (SSL_SESSION_get_protocol_version(kept.back().get()) < TLS1_3_VERSION) {
    SSL_SESSION_up_ref(kept.back().get());
    return SslSessionHandle(kept.back().get());
  }
  SslSessionHandle newest = std::move(kept.back());
  kept.pop_back();
  return newest;
}

int noteRefusal(int accepted, X509_STORE_CTX* checked) {
  TlsNotes* notes = notesOf(checked);
  if (accepted == 1 && notes != nullptr && isForAnother(*notes, checked)) {
    X509_STORE_CTX_set_error(checked, X509_V_ERR_HOSTNAME_MISMATCH);
    accepted = 0;
  }
  if (accepted == 1 || notes == nullptr || !notes->refusal.empty()) {
    return accepted;
  }
  notes->refusal = X509_verify_cert_error_string(X509_STORE_CTX_get_error(checked));
  if (X509* leaf = X509_STORE_CTX_get0_cert(checked)) {
    notes->refusal += " (it is for " + listNames(leaf) + "; issued by " +
                      describeName(X509_get_issuer_name(leaf)) + ")";
  }
  return accepted;
}

int tolerateRefusal(int accepted, X509_STORE_CTX* checked) {
  if (TlsNotes* notes = notesOf(checked); accepted != 1 && notes != nullptr) {
    notes->tolerated = true;
  }
  return 1;
}

void keepRenewed(SSL* ssl) {
  TlsNotes* notes = notesOf(ssl);
  if (notes != nullptr && notes->sessions != nullptr && SSL_session_reused(ssl) == 1 &&
      SSL_version(ssl) < TLS1_3_VERSION) {
    notes->sessions->put(notes->session_key, SslSessionHandle(SSL_get1_session(ssl)));
  }
}

int keepSession(SSL* ssl, SSL_SESSION* session) {
  TlsNotes* notes = notesOf(ssl);
  if (notes == nullptr || notes->sessions == nullptr) {
    return 0;
  }
  notes->sessions->put(notes->session_key, SslSessionHandle(session));
  return 1;  // we own the reference now
}

}  // namespace gatehouse::io
