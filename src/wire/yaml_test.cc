#include "wire/yaml.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "wire/json.h"
#include "wire/json_write.h"
#include "wire/syntax_error.h"

namespace gatehouse::wire {
namespace {

/// Documents as JSON, one a line, then the errors.
std::string read(std::string_view text, const YamlLimits& limits = {}) {
  YamlStream stream = readYaml(text, limits);
  std::string out;
  for (const Value& document : stream.documents) {
    out += writeJson(document) + "\n";
  }
  for (const SyntaxError& error : stream.errors) {
    out += std::to_string(error.position.line) + ":" + std::to_string(error.position.column) + " " +
           error.message + "\n";
  }
  return out;
}

Value only(std::string_view text) {
  YamlStream stream = readYaml(text);
  EXPECT_TRUE(stream.errors.empty()) << read(text);
  EXPECT_EQ(stream.documents.size(), 1u);
  return stream.documents.empty() ? Value() : stream.documents.front();
}

TEST(Yaml, ReadsAsKubernetesDoes) {
  EXPECT_EQ(
      read("a: yes\nb: 'yes'\nc: 0x10\nd: !!str 12\ne:\nf: ~\ng: |\n  x\n  y\nh: >-\n  p\n  q\non: "
           "1\n"),
      "{\"a\":true,\"b\":\"yes\",\"c\":16,\"d\":\"12\",\"e\":null,\"f\":null,\"g\":\"x\\ny\\n\","
      "\"h\":\"p q\",\"on\":1}\n"
  );
  EXPECT_EQ(read("- [a, {b: c}]\n-\n- - 1\n"), "[[\"a\",{\"b\":\"c\"}],null,[1]]\n");
}

TEST(Yaml, DocumentsStandAlone) {
  EXPECT_EQ(
      read("\xEF\xBB\xBF# only a comment\n---\na: 1\n--- # empty\n---\nb: [\n---\nc: 3\n...\n%YAML "
           "1.2\n---\nd: 4"),
      "{\"a\":1}\n{\"c\":3}\n{\"d\":4}\n7:1 expected ',' or ']'\n"
  );
  EXPECT_EQ(read(""), "");
  EXPECT_EQ(read("# nothing\n\n# at all"), "");
  EXPECT_EQ(read("---\n---\n"), "");
  EXPECT_EQ(
      read("a: \"---\"\nb: --- x\nc: ---x\n"), "{\"a\":\"---\",\"b\":\"--- x\",\"c\":\"---x\"}\n"
  );
}

TEST(Yaml, EveryKeyAndValueHasItsPosition) {
  Value root =
      only("# c\r\nspec:\r\n  list:\r\n  - name: x\r\n    port: 80\r\n  empty:\r\n  q: \"s\"\r\n");
  EXPECT_EQ(root.position, (Position{2, 1}));
  const Object& spec = *root.find("spec")->object();
  EXPECT_EQ(root.object()->front().key_position, (Position{2, 1}));
  EXPECT_EQ(spec[0].key_position, (Position{3, 3}));
  const Value& item = spec[0].value.array()->front();
  EXPECT_EQ(item.position, (Position{4, 5}));
  EXPECT_EQ((*item.object())[1].key_position, (Position{5, 5}));
  EXPECT_EQ((*item.object())[1].value.position, (Position{5, 11}));
  EXPECT_EQ(spec[1].value.position, (Position{6, 3})) << "an absent value is where its key is";
  EXPECT_EQ(spec[2].value.position, (Position{7, 6}));
}

TEST(Yaml, PositionsCountFromTheStartOfTheFile) {
  YamlStream stream = readYaml("a: 1\n---\n{\"b\": 2}\n---\nc: \xC3\xA4\xC3\xA4\nd: {e: f}\n");
  ASSERT_EQ(stream.documents.size(), 3u);
  EXPECT_EQ(stream.documents[1].find("b")->position, (Position{3, 7}));
  EXPECT_EQ(stream.documents[2].find("d")->find("e")->position, (Position{6, 8}));
}

TEST(Yaml, JsonGoesTheSameWay) {
  EXPECT_EQ(
      read("{\n\t\"a\": \"\\ud83d\\ude00\\/\",\n\t\"b\": [1.50, true, \"yes\"]\n}\n"),
      "{\"a\":\"\xF0\x9F\x98\x80/\",\"b\":[1.50,true,\"yes\"]}\n"
  );
  EXPECT_EQ(read("[{\"a\":1}]"), "[{\"a\":1}]\n");
  EXPECT_EQ(read("{\"a\":1,\n \"a\":2}"), "2:2 duplicate key \"a\"\n");
  EXPECT_EQ(read("{\"a\" 1}"), "1:6 expected ':' after the key, found '1'\n");
  EXPECT_EQ(read("[[x]]\n---\n{\"a\": x, }"), "[[\"x\"]]\n{\"a\":\"x\"}\n");
  EXPECT_EQ(read("{a: yes, b: [c]}"), "{\"a\":true,\"b\":[\"c\"]}\n");
}

TEST(Yaml, AnchorsAndMergeKeys) {
  EXPECT_EQ(
      read("base: &b {x: 1, y: 2}\nuse:\n  <<: *b\n  y: 3\nboth:\n  <<: [{x: 9}, *b]\nname: &n "
           "k\n*n : v\n"),
      "{\"base\":{\"x\":1,\"y\":2},\"use\":{\"y\":3,\"x\":1},\"both\":{\"x\":9,\"y\":2},"
      "\"name\":\"k\",\"k\":\"v\"}\n"
  );
  EXPECT_EQ(read("a: &a [*a]"), "1:8 an alias within the value it stands for\n");
  EXPECT_EQ(read("<<: 1"), "1:5 '<<' takes a map or a list of maps\n");
  EXPECT_EQ(read("a: *nowhere"), "1:4 the referenced anchor is not defined\n");
}

TEST(Yaml, ExpansionIsCapped) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 10; ++i) {
    std::string below = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + below;
    for (int k = 0; k < 9; ++k) {
      bomb += ", " + below;
    }
    bomb += "]\n";
  }
  EXPECT_NE(read(bomb, {.max_nodes = 10'000}).find("more than 10000 values"), std::string::npos);
}

TEST(Yaml, DepthAndSizeAreCapped) {
  EXPECT_EQ(read("[[[[x]]]]", {.max_depth = 3}), "1:4 nested deeper than 3 levels\n");
  EXPECT_NE(read(std::string(3000, '['), {}).find("nested deeper"), std::string::npos);
  EXPECT_EQ(read("abc", {.max_bytes = 2}), "1:1 larger than 2 bytes\n");
}

struct Fault {
  const char* text;
  const char* errors;
};

class YamlFault : public testing::TestWithParam<Fault> {};

TEST_P(YamlFault, SaysWhereAndWhat) {
  EXPECT_EQ(read(GetParam().text), GetParam().errors);
}

INSTANTIATE_TEST_SUITE_P(
    All,
    YamlFault,
    testing::Values(
        Fault{"a:\n\tb: 1\n", "2:1 a tab in the indentation: YAML takes only spaces\n"},
        Fault{"a:\n\t- b\n", "2:1 a tab in the indentation: YAML takes only spaces\n"},
        Fault{
            "a: 1\nb: 2\na: 3\nb: 4\n",
            "3:1 duplicate key 'a', first on line 1\n4:1 duplicate key 'b', first on line 2\n"
        },
        Fault{"a: 1\nb\n", "2:1 expected ':' after the key 'b'\n"},
        Fault{
            "a: b: c\n",
            "1:5 ':' is not allowed here: is there a key without ':' above, or text that needs "
            "quotes?\n"
        },
        Fault{"a: \"x\nb: 1\n", "1:4 a quoted text without its closing quote\n"},
        Fault{"a: !!str 'x''\n", "1:10 a quoted text without its closing quote\n"},
        Fault{
            "a:\n - b\n c: d\n",
            "3:2 expected a key with ':' or the end of the block: is the indentation right?\n"
        },
        Fault{"a: @x\n", "1:4 plain text cannot begin with this character: put it in quotes\n"},
        Fault{"[1, 2] rest\n", "1:8 expected the end of the document\n"},
        Fault{", a\n", "1:1 expected the end of the document\n"},
        Fault{"a: 1\n]\n", "2:1 a closing bracket that was never opened\n"},
        Fault{"? [a]\n: b\n", "1:3 a key must be text, not a list\n"},
        Fault{": b\n", "1:1 a key is missing before ':'\n"},
        Fault{"a: .inf\n", "1:4 '.inf' is a number JSON cannot express\n"},
        Fault{"a: !secret b\n", "1:4 tag '!secret' is not supported\n"},
        Fault{"a: \"\\q\"\n", "1:7 unknown escape character: q\n"},
        Fault{"a: \x01\n", "1:4 control character 0x01\n"},
        Fault{"a: b\n\xFF\n", "2:1 not UTF-8\n"}
    )
);

}  // namespace
}  // namespace gatehouse::wire
