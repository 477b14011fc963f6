#include "admin/startup_table.h"

#include <gtest/gtest.h>

namespace gatehouse::admin {
namespace {

TEST(StartupTable, NamesEveryPlaceAndNoRepeatedAddress) {
  StartupTable table;
  table.routes.push_back(
      {"ns/edge",
       "http",
       "http://127.0.0.1:8080",
       "/openai",
       "ns/openai",
       "https://api.openai.com",
       "Secret ns/openai-secret"}
  );
  table.routes.push_back(
      {"ns/edge", "http", "http://127.0.0.1:8080", "/sim", "ns/sim", "simulated", ""}
  );
  table.services.push_back({"admin", "127.0.0.1:15000", "/api/resources"});
  table.notes.push_back("no key is asked for");
  table.try_line = "curl http://127.0.0.1:8080/sim";
  std::string text = render(table);
  EXPECT_NE(text.find("Secret ns/openai-secret"), std::string::npos);
  EXPECT_NE(text.find("admin       http://127.0.0.1:15000/api/resources"), std::string::npos);
  EXPECT_NE(text.find("note: no key is asked for"), std::string::npos);
  std::size_t first = text.find("http://127.0.0.1:8080 ");
  EXPECT_EQ(text.find("http://127.0.0.1:8080 ", first + 1), std::string::npos);
}

TEST(StartupTable, AnAdminApiForAllAddressesIsToldAndShownWhereItCanBeOpened) {
  const StartupTable table =
      startupTable({}, {{"admin", "0.0.0.0:1", "/api"}, {"metrics", "[::]:2", "/metrics"}}, {});
  EXPECT_EQ(
      table.notes,
      std::vector<std::string>{"the admin API is open beyond this machine, and asks for no "
                               "authentication: 0.0.0.0:1"}
  );
  const std::string text = render(table);
  EXPECT_NE(text.find("admin       http://127.0.0.1:1/api"), std::string::npos);
  EXPECT_NE(text.find("metrics     http://[::1]:2/metrics"), std::string::npos);
  EXPECT_EQ(startupTable({}, {{"admin", "127.0.0.1:1", ""}}, {}).notes.size(), 0u);
}

}  // namespace
}  // namespace gatehouse::admin
