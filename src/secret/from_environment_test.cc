#include "secret/from_environment.h"

#include <map>

#include <gtest/gtest.h>

namespace gatehouse::secret {
namespace {

std::vector<std::string> variablesFound(
    const std::map<std::string, std::string, std::less<>>& environment
) {
  std::vector<std::string> names;
  const auto look_up = [&](std::string_view name) {
    const auto found = environment.find(name);
    return found == environment.end() ? std::nullopt : std::optional(found->second);
  };
  for (const KeyVariable& key : presentKeys(look_up)) {
    names.emplace_back(key.variable);
  }
  return names;
}

TEST(PresentKeys, NamesVariablesThatAreSet) {
  EXPECT_EQ(variablesFound({}), std::vector<std::string>{});
  EXPECT_EQ(
      variablesFound({{"XAI_API_KEY", "x"}, {"OPENAI_API_KEY", "o"}}),
      (std::vector<std::string>{"OPENAI_API_KEY", "XAI_API_KEY"})
  );
}

TEST(PresentKeys, ABlankVariableIsNoKey) {
  EXPECT_EQ(variablesFound({{"OPENAI_API_KEY", " \n"}}), std::vector<std::string>{});
}

TEST(PresentKeys, OneVariableAProvider) {
  EXPECT_EQ(
      variablesFound({{"DEEPINFRA_TOKEN", "b"}, {"DEEPINFRA_API_KEY", "a"}}),
      std::vector<std::string>{"DEEPINFRA_API_KEY"}
  );
  EXPECT_EQ(
      variablesFound({{"DEEPINFRA_TOKEN", "b"}}), std::vector<std::string>{"DEEPINFRA_TOKEN"}
  );
}

}  // namespace
}  // namespace gatehouse::secret
