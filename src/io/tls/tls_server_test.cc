// Which certificate a server shows, and whose sessions it resumes.
#include "io/tls/tls_server.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "io/run_task.h"
#include "io/stream.h"
#include "io/tls/tls_config.h"
#include "io/tls/tls_for_test.h"
#include "io/tls/tls_tickets.h"

namespace gatehouse::io {
namespace {

TlsServerCertificate at(std::vector<std::string> sites, std::vector<std::string> issued_for) {
  TlsServerCertificate certificate = certificateFor(std::move(issued_for));
  certificate.names = std::move(sites);
  return certificate;
}

class TlsServer : public Tls {
 protected:
  /// Whether the certificate shown to who asks for `name` was issued for it.
  bool fits(const std::shared_ptr<TlsServerConfig>& with_server, const std::string& name) {
    shake(with_server, client(), {.server_name = name});
    return near->has_value();
  }

  /// Whether the session of a client was resumed; it has another one afterwards.
  bool resumes(
      const std::shared_ptr<TlsServerConfig>& with_server,
      const std::shared_ptr<TlsClientConfig>& with_client
  ) {
    shake(with_server, with_client, {.server_name = "api.test"});
    EXPECT_TRUE(near->has_value() && far->has_value());
    // Tickets come with the first read.
    EXPECT_TRUE(runTask(reactor, write(***far, "hello")).has_value());
    EXPECT_EQ(runTask(reactor, readSome(***near)), "hello");
    EXPECT_EQ((**far)->peer().tls->resumed, (**near)->peer().tls->resumed);
    return (**near)->peer().tls->resumed;
  }

  std::shared_ptr<TlsServerConfig> sealing(
      std::shared_ptr<TicketKeys> keys, std::string scope = "one"
  ) {
    return server(
        {.certificates = {certificateFor({"api.test"})},
         .session_scope = std::move(scope),
         .tickets = std::move(keys)}
    );
  }

  ManualClock clock;
};

TEST_F(TlsServer, ASiteTakesItsNamesBeforeOthers) {
  auto with_server = server(
      {.certificates =
           {
               at({"a.test"}, {"a.test", "b.test", "x.below.test", "c.test"}),
               at({"*.below.test"}, {"x.below.test", "*.deep.below.test"}),
               at({"*.test"}, {"b.test", "c.test"}),
               at({""}, {"c.test", "elsewhere.example"}),
           }}
  );
  EXPECT_TRUE(fits(with_server, "a.test"));
  EXPECT_TRUE(fits(with_server, "x.below.test"));
  EXPECT_TRUE(fits(with_server, "y.deep.below.test"));
  EXPECT_TRUE(fits(with_server, "b.test"));
  EXPECT_TRUE(fits(with_server, "elsewhere.example"));
  EXPECT_FALSE(fits(with_server, "d.test")) << "of its site, though none was issued for it";
}

TEST_F(TlsServer, OfSeveralInASiteTheOneIssuedForTheName) {
  auto with_server = server(
      {.certificates =
           {
               at({"*.shop.test"}, {"*.shop.test"}),
               at({"*.shop.test"}, {"www.shop.test", "a.b.shop.test"}),
           }}
  );
  EXPECT_TRUE(fits(with_server, "www.shop.test"));
  EXPECT_TRUE(fits(with_server, "other.shop.test"));
  EXPECT_TRUE(fits(with_server, "a.b.shop.test"));
  EXPECT_FALSE(fits(with_server, "c.b.shop.test"));
}

TEST_F(TlsServer, SessionsAreResumedByWhoeverHasTheKeys) {
  const TicketKeys::Octets seed = TicketKeys::newSeed();
  const MonoTime start = clock.now();
  auto one = sealing(std::make_shared<TicketKeys>(seed, start, clock));
  auto two = sealing(std::make_shared<TicketKeys>(seed, start, clock));
  for (TlsVersion version : {TlsVersion::kTls12, TlsVersion::kTls13}) {
    auto with_client = client({.max_version = version});
    EXPECT_FALSE(resumes(one, with_client));
    EXPECT_TRUE(resumes(two, with_client));
    EXPECT_TRUE(resumes(one, with_client));
    clock.advance(TicketKeys::kRotation);
    EXPECT_TRUE(resumes(two, with_client)) << "by a key that seals no more";
    EXPECT_TRUE(resumes(one, with_client));
    clock.advance(3 * TicketKeys::kRotation);
    EXPECT_FALSE(resumes(two, with_client));
  }
  auto stranger = sealing(std::make_shared<TicketKeys>(TicketKeys::newSeed(), start, clock));
  auto with_client = client();
  EXPECT_FALSE(resumes(one, with_client));
  EXPECT_FALSE(resumes(stranger, with_client));
}

TEST_F(TlsServer, SessionsStayInTheirScope) {
  auto keys = std::make_shared<TicketKeys>(TicketKeys::newSeed(), clock.now(), clock);
  auto one = sealing(keys, "one");
  auto other = sealing(keys, "other");
  auto with_client = client();
  EXPECT_FALSE(resumes(one, with_client));
  EXPECT_FALSE(resumes(other, with_client));
  EXPECT_TRUE(resumes(other, with_client));
}

TEST_F(TlsServer, ClientsShareACacheWithinAScope) {
  auto with_server =
      sealing(std::make_shared<TicketKeys>(TicketKeys::newSeed(), clock.now(), clock));
  auto sessions = makeTlsSessionCache();
  auto of = [&](const std::string& scope) {
    return client({.sessions = sessions, .session_scope = scope});
  };
  EXPECT_FALSE(resumes(with_server, of("a")));
  EXPECT_TRUE(resumes(with_server, of("a"))) << "a config of its own, the same sessions";
  EXPECT_FALSE(resumes(with_server, of("b")));
}

}  // namespace
}  // namespace gatehouse::io
