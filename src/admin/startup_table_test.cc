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

TEST(StartupTable, SaysWhatWasLookedAtWhenNothingIsServed) {
  control::View view;
  auto looked = [&view](const std::vector<std::string>& paths) {
    return nothingServed(view, paths).looked_at;
  };
  EXPECT_EQ(looked({"a", "b"}), "a, b (no manifest)");
  EXPECT_TRUE(nothingServed(view, {"a"}).next_step.ends_with("it is taken over at once"));
  EXPECT_TRUE(nothingServed(view, {"-"}).next_step.ends_with("start again"));
  view.findings.emplace_back();
  EXPECT_EQ(looked({"-"}), "standard input (nothing that can be read)");
  view.objects.resize(1);
  EXPECT_EQ(looked({"a"}), "a (1 object, no Gateway)");
  view.objects.resize(2);
  view.objects.front().key.kind = "Gateway";
  EXPECT_EQ(looked({"a"}), "a (2 objects)");
  EXPECT_TRUE(nothingServed(view, {"a"}).next_step.starts_with("repair what the notes below say"));
  StartupTable table;
  table.nothing = {.looked_at = "a (no manifest)", .next_step = "add one"};
  EXPECT_NE(
      render(table).find("  looked at: a (no manifest)\n  next: add one\n"), std::string::npos
  );
}

}  // namespace
}  // namespace gatehouse::admin
