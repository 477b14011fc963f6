#include "cli/flags.h"

#include <gtest/gtest.h>

namespace gatehouse::cli {
namespace {

/// What is wrong with the flags; empty if nothing is.
std::string wrongWith(const RunOptions& options) {
  const Result<ParsedFlags> flags = parseFlags(options);
  return flags ? "" : flags.error().detail();
}

TEST(Flags, TheDefaultsAreGood) {
  EXPECT_EQ(wrongWith({}), "");
}

TEST(Flags, OneThatHasNotItsFormIsNamed) {
  RunOptions options;
  options.admin = "15000";
  EXPECT_EQ(
      wrongWith(options),
      "--admin \"15000\": expected ADDR:PORT, for example 127.0.0.1:15000 or [::1]:15000"
  );
  options.admin = "[fe80::1%1]:15000";
  EXPECT_EQ(wrongWith(options), "") << "a zone is part of an address";
  options = {};
  options.host = "localhost";
  EXPECT_EQ(wrongWith(options), "--host \"localhost\": expected an IP address of this machine");
}

TEST(Flags, TwoThatNameOneAddressAreBothNamed) {
  RunOptions options;
  options.metrics = options.admin;
  EXPECT_EQ(
      wrongWith(options),
      "--admin 127.0.0.1:15000 and --metrics 127.0.0.1:15000 name the same address; choose "
      "another for one of them"
  );
  options.metrics = "0.0.0.0:15021";
  EXPECT_NE(wrongWith(options).find("--metrics 0.0.0.0:15021 and --readiness"), std::string::npos);
  options.metrics = "127.0.0.1:0";
  options.readiness = "127.0.0.1:0";
  EXPECT_EQ(wrongWith(options), "") << "the kernel chooses two";
}

}  // namespace
}  // namespace gatehouse::cli
