#include "io/tls_sessions.h"

#include <utility>

namespace gatehouse::io {

void TlsSessionCache::put(const std::string& server, SslSessionHandle session) {
  if (sessions_.size() >= kServers && !sessions_.contains(server)) {
    sessions_.clear();
  }
  std::vector<SslSessionHandle>& kept = sessions_[server];
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

}  // namespace gatehouse::io
