#include "compile/zero_config.h"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compile/compile.h"
#include "compile/describe.h"

namespace gatehouse::compile {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

using Environment = std::map<std::string, std::string, std::less<>>;

secret::LookUpVariable lookUpIn(const Environment& environment) {
  return [&environment](std::string_view name) -> std::optional<std::string> {
    const auto found = environment.find(name);
    return found == environment.end() ? std::nullopt : std::optional(found->second);
  };
}

struct Start {
  ZeroConfig config;
  Compiled compiled;
};

Start start(const Environment& environment, const std::vector<LocalServer>& servers) {
  const secret::LookUpVariable look_up = lookUpIn(environment);
  const resource::SchemaSet schemas = resource::SchemaSet::builtIn();
  Start result;
  result.config = makeZeroConfig(look_up, servers);
  resource::Loaded loaded = loadZeroConfig(result.config, schemas, look_up);
  for (const resource::Finding& finding : loaded.findings) {
    ADD_FAILURE() << resource::toString(finding);
  }
  result.compiled = compile(resource::ResourceSet(std::move(loaded.objects), 1), {});
  for (const resource::Finding& finding : result.compiled.findings) {
    ADD_FAILURE() << resource::toString(finding);
  }
  return result;
}

std::vector<std::string> paths(const Start& made) {
  std::vector<std::string> names;
  for (const ZeroRoute& route : made.config.routes) {
    names.push_back(route.path);
  }
  return names;
}

TEST(ZeroConfig, AlwaysHasTheSimulatedModel) {
  const Start made = start({}, {});
  EXPECT_THAT(paths(made), ElementsAre("/sim"));
  EXPECT_EQ(
      describe(*made.compiled.snapshot),
      "port gatehouse/gateway 8080 on 127.0.0.1:8080\n"
      "    listener http for *\n"
      "      * * prefix /sim: gatehouse/sim rule 0 -> gatehouse/echo*1\n"
      "backend gatehouse/echo\n"
      "    simulated model\n"
  );
}

TEST(ZeroConfig, AProviderForEveryKey) {
  const Start made = start(
      {{"OPENAI_API_KEY", "sk-o"}, {"ANTHROPIC_API_KEY", "sk-a"}, {"XAI_API_KEY", "sk-x"}}, {}
  );
  EXPECT_THAT(paths(made), ElementsAre("/openai", "/anthropic", "/xai", "/sim"));
  EXPECT_EQ(made.config.routes[2].key_from, "XAI_API_KEY");
  EXPECT_EQ(made.config.routes[2].target, "https://api.x.ai");
  const std::string text = describe(*made.compiled.snapshot);
  EXPECT_THAT(
      text,
      HasSubstr("openai model of the request base /v1: api.x.ai port 443 host api.x.ai, TLS sni "
                "api.x.ai verified as api.x.ai, own credential in header Authorization \"Bearer \"")
  );
  EXPECT_THAT(text, HasSubstr("own credential in header x-api-key"));
}

TEST(ZeroConfig, KeysAreNamedAndNeverWritten) {
  const Start made = start({{"OPENAI_API_KEY", "sk-hidden"}}, {});
  EXPECT_THAT(made.config.yaml, HasSubstr("Authorization: ${OPENAI_API_KEY}"));
  EXPECT_THAT(made.config.yaml, Not(HasSubstr("sk-hidden")));
}

TEST(ZeroConfig, ARouteForEveryLocalServer) {
  const Start made = start({}, {{11434}, {8000}});
  EXPECT_THAT(paths(made), ElementsAre("/ollama", "/local-8000", "/sim"));
  EXPECT_THAT(
      describe(*made.compiled.snapshot),
      HasSubstr("127.0.0.1 port 11434 host 127.0.0.1:11434, plain text, the client's credential")
  );
}

TEST(ZeroConfig, LeavesPort8080ToALocalServer) {
  const Start made = start({}, {{8080}});
  EXPECT_THAT(made.compiled.snapshot->ports[0].addresses, ElementsAre("127.0.0.1:8081"));
}

TEST(ZeroConfig, EveryKeyVariableHasAPreset) {
  for (const secret::KeyVariable& key : secret::keyVariables()) {
    const Start made = start({{std::string(key.variable), "k"}}, {});
    EXPECT_EQ(made.config.routes.size(), 2u) << key.variable;
  }
}

}  // namespace
}  // namespace gatehouse::compile
