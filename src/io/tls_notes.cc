#include "io/tls_notes.h"

#include <utility>

#include "io/tls_sessions.h"

namespace gatehouse::io {

namespace {

TlsNotes* notesOf(SSL* ssl) {
  return static_cast<TlsNotes*>(SSL_get_app_data(ssl));
}

std::string listNames(X509* certificate) {
  std::string list;
  for (const std::string& name : namesOf(certificate)) {
    list += (list.empty() ? "" : ", ") + name;
  }
  return list.empty() ? "no name" : list;
}

}  // namespace

int noteRefusal(int accepted, X509_STORE_CTX* checked) {
  void* ssl = X509_STORE_CTX_get_ex_data(checked, SSL_get_ex_data_X509_STORE_CTX_idx());
  TlsNotes* notes = ssl == nullptr ? nullptr : notesOf(static_cast<SSL*>(ssl));
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

int keepSession(SSL* ssl, SSL_SESSION* session) {
  TlsNotes* notes = notesOf(ssl);
  if (notes == nullptr || notes->sessions == nullptr) {
    return 0;
  }
  notes->sessions->put(notes->server, SslSessionHandle(session));
  return 1;  // we own the reference now
}

}  // namespace gatehouse::io
