#include "io/tls/tls_tickets.h"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include "base/clock.h"

namespace gatehouse::io {
namespace {

constexpr TicketKeys::Octets kSeed{1, 2, 3};

TEST(TicketKeys, WorkersOfOneSeedHaveTheSame) {
  ManualClock clock;
  const MonoTime start = clock.now();
  TicketKeys one(kSeed, start, clock);
  TicketKeys idle(kSeed, start, clock);
  for (int hour = 0; hour < 5; ++hour) {
    TicketKeys::Key key = one.newest();
    TicketKeys late(kSeed, start, clock);
    EXPECT_EQ(late.newest().cipher, key.cipher);
    EXPECT_EQ(late.newest().mac, key.mac);
    EXPECT_NE(key.cipher, key.mac);
    clock.advance(TicketKeys::kRotation);
  }
  EXPECT_EQ(idle.newest().name, one.newest().name);
  TicketKeys other(TicketKeys::newSeed(), start, clock);
  EXPECT_EQ(other.find(one.newest().name), nullptr);
}

TEST(TicketKeys, AKeySealsAnHourAndOpensTwoMore) {
  ManualClock clock;
  TicketKeys keys(kSeed, clock.now(), clock);
  const TicketKeys::Key first = keys.newest();
  clock.advance(TicketKeys::kRotation - Seconds(1));
  EXPECT_EQ(keys.newest().name, first.name);
  clock.advance(Seconds(1));
  EXPECT_NE(keys.newest().name, first.name);
  ASSERT_NE(keys.find(first.name), nullptr);
  EXPECT_EQ(keys.find(first.name)->cipher, first.cipher);
  clock.advance(2 * TicketKeys::kRotation - Seconds(1));
  EXPECT_NE(keys.find(first.name), nullptr);
  clock.advance(Seconds(1));
  EXPECT_EQ(keys.find(first.name), nullptr);
}

TEST(TicketKeys, NamesThatWereNeverGivenAreUnknown) {
  ManualClock clock;
  TicketKeys keys(kSeed, clock.now(), clock);
  EXPECT_EQ(keys.find(std::vector<unsigned char>(16, 0)), nullptr) << "of a key not yet made";
  EXPECT_EQ(keys.find({}), nullptr);
}

}  // namespace
}  // namespace gatehouse::io
