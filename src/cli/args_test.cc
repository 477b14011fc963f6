#include "cli/args.h"

#include <gtest/gtest.h>

namespace gatehouse::cli {
namespace {

template <std::size_t N>
Command parse(const char* const (&argv)[N]) {
  return parseArguments(static_cast<int>(N), argv);
}

TEST(Arguments, RunTakesRepeatedFilesBindsAndResolves) {
  Command command = parse(
      {"gatehouse",
       "run",
       "-f",
       "a",
       "-f",
       "b",
       "--bind",
       "g=127.0.0.1:1",
       "--resolve",
       "api.openai.com:443:127.0.0.1:9443,[::1]:9443",
       "--drain-timeout",
       "1.5",
       "--log-format",
       "json"}
  );
  const auto* run = std::get_if<RunOptions>(&command);
  ASSERT_NE(run, nullptr);
  EXPECT_EQ(run->files, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(run->binds, (std::vector<std::string>{"g=127.0.0.1:1"}));
  EXPECT_EQ(run->resolve.size(), 1u);
  EXPECT_EQ(run->drain_timeout, Millis(1500));
  EXPECT_EQ(run->log_format, LogFormat::kJson);
}

TEST(Arguments, AMisspeltCommandIsNamed) {
  Command command = parse({"gatehouse", "serve"});
  const auto* answer = std::get_if<PrintAndExit>(&command);
  ASSERT_NE(answer, nullptr);
  EXPECT_EQ(answer->exit_code, 2);
  EXPECT_NE(answer->text.find("serve"), std::string::npos) << answer->text;
}

std::string mistakeIn(const Command& command) {
  const auto* answer = std::get_if<PrintAndExit>(&command);
  return answer != nullptr && answer->exit_code == 2 ? answer->text : "no mistake";
}

TEST(Arguments, ANamespaceIsOne) {
  EXPECT_EQ(
      mistakeIn(parse({"gatehouse", "validate", "-f", "a", "-n", "Bad_NS"})),
      "gatehouse validate: --namespace: \"Bad_NS\" is no namespace, as team-a is one\n"
      "See gatehouse validate --help\n"
  );
  EXPECT_NE(mistakeIn(parse({"gatehouse", "run", "-f", "a", "-n", ""})), "no mistake");
  EXPECT_EQ(mistakeIn(parse({"gatehouse", "run", "-f", "a", "-n", "team-a"})), "no mistake");
}

TEST(Arguments, AMistakeIsOneSentenceAndWhereTheHelpIs) {
  EXPECT_EQ(
      mistakeIn(parse({"gatehouse"})),
      "gatehouse: a subcommand is missing; there are run, validate, mock and version\n"
      "See gatehouse --help\n"
  );
  EXPECT_EQ(mistakeIn(parse({"gatehouse", "-f", "config/"})), mistakeIn(parse({"gatehouse"})));
  EXPECT_EQ(
      mistakeIn(parse({"gatehouse", "valid", "-f", "config/"})),
      "gatehouse: \"valid\" is no subcommand; did you mean \"validate\"?; there are run, validate, "
      "mock "
      "and version\nSee gatehouse --help\n"
  );
  EXPECT_EQ(
      mistakeIn(parse({"gatehouse", "run", "-f", "a", "--binds=edge=127.0.0.1:1"})),
      "gatehouse run: unknown option --binds; did you mean \"--bind\"?\nSee gatehouse run --help\n"
  );
  EXPECT_EQ(
      mistakeIn(parse({"gatehouse", "run", "config/"})),
      "gatehouse run: The following argument was not expected: config/; files and folders are "
      "given "
      "with -f\nSee gatehouse run --help\n"
  );
  EXPECT_EQ(
      mistakeIn(parse({"gatehouse", "run", "--log-format", "xml"})),
      "gatehouse run: --log-format: xml not in {text,json}\nSee gatehouse run --help\n"
  );
}

TEST(Arguments, ValidateNeedsAFile) {
  Command command = parse({"gatehouse", "validate"});
  const auto* print = std::get_if<PrintAndExit>(&command);
  ASSERT_NE(print, nullptr);
  EXPECT_EQ(print->exit_code, 2);
  EXPECT_NE(print->text.find("--file"), std::string::npos);
}

TEST(Arguments, HelpShowsExamples) {
  Command command = parse({"gatehouse", "run", "--help"});
  const auto* print = std::get_if<PrintAndExit>(&command);
  ASSERT_NE(print, nullptr);
  EXPECT_EQ(print->exit_code, 0);
  EXPECT_NE(print->text.find("Examples:"), std::string::npos);
}

TEST(Arguments, VersionIsAFlagToo) {
  Command command = parse({"gatehouse", "--version"});
  EXPECT_TRUE(std::holds_alternative<VersionOptions>(command));
}

TEST(Arguments, HelpNamesTheLogFormatsAsTheyAreWritten) {
  Command command = parse({"gatehouse", "run", "--help"});
  const auto* print = std::get_if<PrintAndExit>(&command);
  ASSERT_NE(print, nullptr);
  EXPECT_NE(print->text.find("FORMAT:{text,json}"), std::string::npos) << print->text;
}

}  // namespace
}  // namespace gatehouse::cli
