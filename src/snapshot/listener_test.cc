#include <gtest/gtest.h>

#include "snapshot/snapshot.h"

namespace gatehouse::snapshot {
namespace {

Port portWith(std::vector<std::string> hostnames) {
  Port port;
  for (std::string& hostname : hostnames) {
    Listener& listener = port.listeners.emplace_back();
    listener.name = telemetry::Name(hostname.empty() ? "any" : hostname);
    listener.hostname = std::move(hostname);
  }
  return port;
}

std::string choose(const Port& port, std::string_view host) {
  const Listener* listener = chooseListener(port, host);
  return listener == nullptr ? "-" : std::string(listener->name.view());
}

TEST(ChooseListener, ExactThenLongestWildcardThenAny) {
  const Port port = portWith({"", "*.example.com", "*.a.example.com", "b.example.com"});
  EXPECT_EQ(choose(port, "b.example.com"), "b.example.com");
  EXPECT_EQ(choose(port, "x.a.example.com"), "*.a.example.com");
  EXPECT_EQ(choose(port, "a.example.com"), "*.example.com");
  EXPECT_EQ(choose(port, "example.com"), "any");
  EXPECT_EQ(choose(port, ""), "any");
}

TEST(ChooseListener, NoneTakesAStranger) {
  const Port port = portWith({"*.example.com", "b.other.org"});
  EXPECT_EQ(choose(port, "example.com"), "-");
  EXPECT_EQ(choose(port, "c.other.org"), "-");
  EXPECT_EQ(choose(port, "deep.under.example.com"), "*.example.com");
}

}  // namespace
}  // namespace gatehouse::snapshot
