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
       "--keep-alive",
       "0.5",
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
  EXPECT_EQ(run->keep_alive, Millis(500));
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

/// The one sentence of a mistake in a subcommand's arguments.
template <std::size_t N>
std::string sentence(const char* const (&argv)[N]) {
  const std::string text = mistakeIn(parse(argv));
  const std::string name = "gatehouse " + std::string(argv[1]);
  EXPECT_TRUE(text.starts_with(name + ": ")) << text;
  EXPECT_TRUE(text.ends_with("\nSee " + name + " --help\n")) << text;
  return text.substr(name.size() + 2, text.find('\n') - name.size() - 2);
}

TEST(Arguments, AMistakeBeforeTheSubcommand) {
  EXPECT_EQ(
      mistakeIn(parse({"gatehouse"})),
      "gatehouse: a subcommand is missing; there are run, validate, mock and version\n"
      "See gatehouse --help\n"
  );
  EXPECT_EQ(mistakeIn(parse({"gatehouse", "-f", "config/"})), mistakeIn(parse({"gatehouse"})));
  EXPECT_EQ(
      mistakeIn(parse({"gatehouse", "valid", "-f", "config/"})),
      "gatehouse: \"valid\" is no subcommand; did you mean \"validate\"?\nSee gatehouse --help\n"
  );
  EXPECT_EQ(
      mistakeIn(parse({"gatehouse", "nosuch", "--help"})),
      "gatehouse: \"nosuch\" is no subcommand; there are run, validate, mock and version\n"
      "See gatehouse --help\n"
  );
  EXPECT_EQ(
      mistakeIn(parse({"gatehouse", "--versoin"})),
      "gatehouse: unknown option --versoin; did you mean \"--version\"?\nSee gatehouse --help\n"
  );
}

TEST(Arguments, AMistakeIsOneSentenceAndWhereTheHelpIs) {
  EXPECT_EQ(
      sentence({"gatehouse", "run", "-f", "a", "--binds=edge=127.0.0.1:1"}),
      "unknown option --binds; did you mean \"--bind\"?"
  );
  EXPECT_EQ(sentence({"gatehouse", "run", "-x"}), "unknown option -x");
  EXPECT_EQ(
      sentence({"gatehouse", "run", "-workers", "2"}),
      "unknown option -workers; did you mean \"--workers\"?"
  );
  EXPECT_EQ(
      sentence({"gatehouse", "run", "config/"}),
      "\"config/\" is no option; files and folders are given with -f: gatehouse run -f config/"
  );
  EXPECT_EQ(
      sentence({"gatehouse", "validate", "a.yaml"}),
      "\"a.yaml\" is no option; files and folders are given with -f: gatehouse validate -f a.yaml"
  );
  EXPECT_EQ(
      sentence({"gatehouse", "mock", "9000"}),
      "\"9000\" is no option, and nothing but options is expected"
  );
  EXPECT_EQ(
      sentence({"gatehouse", "run", "--log-format", "xml"}), "--log-format: xml not in {text,json}"
  );
  EXPECT_EQ(
      sentence({"gatehouse", "validate"}),
      "--file is missing; name the files and folders with -f PATH"
  );
  EXPECT_EQ(
      sentence({"gatehouse", "validate", "-f"}), "--file has no value; give it as --file PATH"
  );
  EXPECT_EQ(
      sentence({"gatehouse", "run", "--admin"}),
      "--admin has no value; give it as --admin ADDR:PORT"
  );
  EXPECT_EQ(
      sentence({"gatehouse", "run", "--workers", "many"}),
      "--workers: \"many\" is no number from 1 to 256"
  );
  EXPECT_EQ(
      sentence({"gatehouse", "run", "--drain-timeout=-1"}),
      "--drain-timeout: \"-1\" is no number from 0 to 86400"
  );
  EXPECT_EQ(sentence({"gatehouse", "mock", "--ca-out", "ca.pem"}), "--ca-out requires --tls-names");
  EXPECT_EQ(sentence({"gatehouse", "mock", "--record-keys"}), "--record-keys requires --record");
}

std::string helpIn(const Command& command) {
  const auto* answer = std::get_if<PrintAndExit>(&command);
  return answer != nullptr && answer->exit_code == 0 ? answer->text : "no help";
}

TEST(Arguments, HelpIsASubcommandToo) {
  EXPECT_EQ(helpIn(parse({"gatehouse", "help"})), helpIn(parse({"gatehouse", "--help"})));
  EXPECT_EQ(
      helpIn(parse({"gatehouse", "help", "run"})), helpIn(parse({"gatehouse", "run", "--help"}))
  );
  EXPECT_NE(helpIn(parse({"gatehouse", "help"})), "no help");
  EXPECT_NE(mistakeIn(parse({"gatehouse", "help", "nosuch"})), "no mistake");
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
