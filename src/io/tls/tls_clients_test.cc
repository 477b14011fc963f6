// Certificates of clients, as a server asks for them.
#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/error.h"
#include "io/run_task.h"
#include "io/stream.h"
#include "io/tls/tls_authority.h"
#include "io/tls/tls_config.h"
#include "io/tls/tls_for_test.h"
#include "io/tls/tls_server.h"

namespace gatehouse::io {
namespace {

using ClientCertificate = TlsServerOptions::ClientCertificate;

const TestAuthority& clientAuthority() {
  static const TestAuthority* const kAuthority = new TestAuthority("Authority of clients");
  return *kAuthority;
}

std::shared_ptr<TlsServerConfig> asking(
    ClientCertificate demand, const std::string& scope = "scope"
) {
  return server(
      {.certificates = {certificateFor({"api.test"})},
       .client_trust = *TrustStore::fromPem(clientAuthority().caPem()),
       .client_certificate = demand,
       .session_scope = scope}
  );
}

TlsClientOptions showing(const TestAuthority& issuer, IssueOptions options) {
  IssuedCertificate issued = issuer.issue(std::move(options));
  return {.certificate_pem = issued.certificate_pem, .key_pem = issued.key_pem};
}

TlsClientOptions valid() {
  return showing(clientAuthority(), {.names = {"worker.test"}});
}

class TlsClients : public Tls {
 protected:
  /// What the server makes of such a client: its identity, "nobody", or "refused: " and why.
  std::string verdict(
      const std::shared_ptr<TlsServerConfig>& with_server,
      const std::shared_ptr<TlsClientConfig>& with_client
  ) {
    shake(with_server, with_client, {.server_name = "api.test"});
    if (!far->has_value()) {
      return (far->error().kind() == ErrorKind::kTlsCertificate ? "refused: " : "failed: ") +
             far->error().detail();
    }
    const Peer& peer = (**far)->peer();
    // Tickets come with the first read.
    EXPECT_TRUE(runTask(reactor, write(***far, "hello")).has_value());
    EXPECT_EQ(runTask(reactor, readSome(***near)), "hello");
    return peer.tls->identity.empty() ? "nobody" : peer.tls->identity;
  }

  std::string verdict(ClientCertificate demand, TlsClientOptions options) {
    return verdict(asking(demand), client(std::move(options)));
  }
};

TEST_F(TlsClients, ARequiredCertificateIsCheckedAndNamed) {
  EXPECT_EQ(verdict(ClientCertificate::kRequired, valid()), "CN = worker.test");
  TestAuthority stranger("somebody else");
  struct Case {
    TlsClientOptions options;
    std::string words;
  };
  for (Case& each : std::vector<Case>{
           {{}, "did not return a certificate"},
           {showing(stranger, {.names = {"worker.test"}}), "issued by CN = somebody else"},
           {showing(clientAuthority(), {.names = {"late.test"}, .valid_for = Seconds(-3600)}),
            "certificate has expired"},
           {showing(authority(), {.names = {"worker.test"}}), "issued by CN = Gatehouse test CA"},
       }) {
    const std::string said = verdict(ClientCertificate::kRequired, std::move(each.options));
    EXPECT_TRUE(said.starts_with("refused: ")) << said;
    EXPECT_NE(said.find(each.words), std::string::npos) << said;
  }
}

TEST_F(TlsClients, ARequestedCertificateNamesOnlyWhoIsAccepted) {
  EXPECT_EQ(verdict(ClientCertificate::kRequested, valid()), "CN = worker.test");
  EXPECT_EQ(verdict(ClientCertificate::kRequested, {}), "nobody");
  TestAuthority stranger("somebody else");
  EXPECT_EQ(
      verdict(ClientCertificate::kRequested, showing(stranger, {.names = {"worker.test"}})),
      "nobody"
  );
}

TEST_F(TlsClients, NobodyIsAskedWithoutAuthorities) {
  EXPECT_EQ(
      verdict(server({.certificates = {certificateFor({"api.test"})}}), client(valid())), "nobody"
  );
}

TEST_F(TlsClients, ASpiffeIdIsTheIdentity) {
  const std::string id = "spiffe://example.org/ns/team/sa/worker";
  EXPECT_EQ(
      verdict(
          ClientCertificate::kRequired, showing(clientAuthority(), {.names = {"worker.test", id}})
      ),
      id
  );
}

TEST_F(TlsClients, AResumedSessionKeepsWhoItIs) {
  for (bool known : {true, false}) {
    TestAuthority stranger("somebody else");
    auto with_server = asking(ClientCertificate::kRequested);
    auto with_client = client(known ? valid() : showing(stranger, {.names = {"worker.test"}}));
    const std::string expected = known ? "CN = worker.test" : "nobody";
    EXPECT_EQ(verdict(with_server, with_client), expected);
    EXPECT_EQ(verdict(with_server, with_client), expected);
    EXPECT_TRUE((**far)->peer().tls->resumed);
  }
}

TEST_F(TlsClients, AnIntermediateAuthorityIsTrustedByItself) {
  TestAuthority root("the root");
  TestAuthority below("the intermediate", root);
  auto with_server = server(
      {.certificates = {certificateFor({"api.test"})},
       .client_trust = *TrustStore::fromPem(below.caPem()),
       .session_scope = "scope"}
  );
  EXPECT_EQ(
      verdict(with_server, client(showing(below, {.names = {"worker.test"}}))), "CN = worker.test"
  );
  EXPECT_TRUE(verdict(with_server, client(showing(root, {.names = {"worker.test"}})))
                  .starts_with("refused: "));
}

}  // namespace
}  // namespace gatehouse::io
