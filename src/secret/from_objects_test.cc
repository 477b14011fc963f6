#include "secret/from_objects.h"

#include <gtest/gtest.h>

namespace gatehouse::secret {
namespace {

using resource::Secret;

resource::AnyObject makeSecret(
    std::string name, std::vector<std::pair<std::string, std::string_view>> data
) {
  auto secret = std::make_shared<Secret>();
  secret->meta.key = {"", "Secret", "ns", std::move(name)};
  for (auto& [key, value] : data) {
    secret->data.emplace(key, resource::SensitiveText(value));
  }
  return std::shared_ptr<const Secret>(std::move(secret));
}

resource::SecretKeyRef refTo(std::string name, std::string key = "") {
  resource::SecretKeyRef ref;
  ref.ns = "ns";
  ref.name = std::move(name);
  ref.key = std::move(key);
  return ref;
}

/// The value, or the error's sentence in angle brackets.
std::string read(const resource::ResourceSet& resources, const resource::SecretKeyRef& ref) {
  const auto value = credentialFrom(resources, ref);
  return value ? std::string((*value)->reveal()) : "<" + value.error().detail() + ">";
}

resource::ResourceSet setOf(std::vector<std::pair<std::string, std::string_view>> data) {
  return resource::ResourceSet({makeSecret("keys", std::move(data))}, 1);
}

TEST(CredentialFrom, DefaultKeyIsTrimmedAndLosesBearer) {
  EXPECT_EQ(read(setOf({{"Authorization", "sk-1"}}), refTo("keys")), "sk-1");
  EXPECT_EQ(read(setOf({{"Authorization", "  Bearer sk-1\n"}}), refTo("keys")), "sk-1");
  EXPECT_EQ(read(setOf({{"Authorization", "Basic abc"}}), refTo("keys")), "Basic abc");
}

TEST(CredentialFrom, NamedKeyIsRaw) {
  EXPECT_EQ(read(setOf({{"token", " Bearer sk-1"}}), refTo("keys", "token")), " Bearer sk-1");
  EXPECT_EQ(
      read(setOf({{"Authorization", "Bearer sk-1"}}), refTo("keys", "Authorization")), "Bearer sk-1"
  );
}

TEST(CredentialFrom, SaysWhatIsMissing) {
  EXPECT_EQ(read(setOf({{"Authorization", "x"}}), refTo("other")), "<Secret ns/other not found>");
  EXPECT_EQ(
      read(setOf({{"api-key", "x"}, {"b", "y"}}), refTo("keys")),
      "<Secret ns/keys has no key \"Authorization\"; its keys: api-key, b>"
  );
  EXPECT_EQ(
      read(setOf({}), refTo("keys", "k")), "<Secret ns/keys has no key \"k\"; it has no keys>"
  );
}

TEST(CredentialFrom, AKeyWithAnErrorIsNamed) {
  auto secret = std::make_shared<Secret>();
  secret->meta.key = {"", "Secret", "ns", "keys"};
  secret->data.emplace("good", resource::SensitiveText("x"));
  secret->unusable = {"bad"};
  const resource::ResourceSet resources({std::shared_ptr<const Secret>(std::move(secret))}, 1);
  EXPECT_EQ(
      read(resources, refTo("keys", "bad")),
      "<key \"bad\" of Secret ns/keys has an error of its own>"
  );
  EXPECT_EQ(read(resources, refTo("keys", "good")), "x");
}

TEST(CredentialFrom, AnEmptyValueIsMissing) {
  for (const std::string_view value : {"", "  \n", "Bearer ", "Bearer"}) {
    EXPECT_EQ(
        read(setOf({{"Authorization", value}}), refTo("keys")),
        "<key \"Authorization\" of Secret ns/keys is empty>"
    ) << value;
  }
}

TEST(CredentialFrom, ALineBreakCannotBeSentAndIsNotShown) {
  const std::string text = read(setOf({{"token", "sk-very-secret\n"}}), refTo("keys", "token"));
  EXPECT_TRUE(text.contains("line break")) << text;
  EXPECT_FALSE(text.contains("sk-very-secret"));
}

TEST(CredentialFrom, NamesTheExternalSecretThatWouldMakeIt) {
  auto maker = std::make_shared<resource::ExternalSecret>();
  maker->meta.key = {"external-secrets.io", "ExternalSecret", "ns", "from-vault"};
  maker->spec.set("target", wire::Object{}).set("name", "keys");
  const resource::ResourceSet resources(
      {std::shared_ptr<const resource::ExternalSecret>(maker)}, 1
  );
  EXPECT_EQ(
      read(resources, refTo("keys")),
      "<Secret ns/keys not found: ExternalSecret ns/from-vault is not resolved yet>"
  );
  EXPECT_EQ(read(resources, refTo("from-vault")), "<Secret ns/from-vault not found>");
}

TEST(ValueFrom, LeavesLineBreaksAlone) {
  const auto resources = setOf({{"tls.crt", "a\nb\n"}});
  EXPECT_EQ((*valueFrom(resources, "ns", "keys", "tls.crt"))->reveal(), "a\nb\n");
  EXPECT_EQ(
      valueFrom(resources, "ns", "keys", "tls.key").error().kind(), ErrorKind::kCredentialMissing
  );
}

}  // namespace
}  // namespace gatehouse::secret
