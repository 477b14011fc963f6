#include "control/reconcile.h"

#include <algorithm>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "control/file_source.h"
#include "control/folder_for_test.h"
#include "wire/json_write.h"

namespace gatehouse::control {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string gateway(std::string_view name, std::string_view port = "80") {
  return fmt::format(
      "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {{name: {}}}\n"
      "spec: {{gatewayClassName: gatehouse, listeners: [{{name: a, port: {}, protocol: HTTP}}]}}\n",
      name,
      port
  );
}

/// Keeps what it is given; fails to bind what it is told to.
class RecordingPublisher final : public snapshot::Publisher {
 public:
  snapshot::Published publish(snapshot::SnapshotHandle next) override {
    published.push_back(std::move(next));
    return {.bound = bound, .failures = failures};
  }

  std::vector<snapshot::SnapshotHandle> published;
  std::vector<snapshot::BoundAddress> bound;
  std::vector<snapshot::BindFailure> failures;
};

class ReconcilerTest : public testing::Test {
 protected:
  /// Gateways of the newest snapshot, each "name port".
  std::vector<std::string> served() const {
    std::vector<std::string> names;
    for (const snapshot::Port& port : publisher_.published.back()->ports) {
      names.push_back(fmt::format("{} {}", port.gateway.view(), port.port));
    }
    return names;
  }

  /// The condition of that type of an object as JSON, or "-".
  static std::string status(const View& view, std::string_view name) {
    const auto found = std::ranges::find_if(view.objects, [&](const ObjectView& object) {
      return object.key.name == name;
    });
    return found == view.objects.end() ? "-" : wire::writeJson(found->status);
  }

  TestFolder folder_;
  resource::SchemaSet schemas_ = resource::SchemaSet::builtIn();
  FileSource source_{schemas_, {.paths = {folder_.path()}, .load = {}, .read_stdin = {}}};
  RecordingPublisher publisher_;
  ManualClock clock_;
  Logger log_{{.fd = 2, .level = LogLevel::kError, .burst = 0}, clock_};
  Reconciler reconciler_{
      {.source = source_, .publisher = publisher_, .clock = clock_, .log = log_}, {}
  };
};

/// lastTransitionTime of the condition of that type of the only Gateway.
std::string transitionOf(const View& view, std::string_view type) {
  for (const ObjectView& object : view.objects) {
    for (const wire::Value& condition : *object.status.find("conditions")->array()) {
      if (*condition.find("type")->string() == type) {
        return *condition.find("lastTransitionTime")->string();
      }
    }
  }
  return "";
}

TEST_F(ReconcilerTest, ConditionsKeepTheTimeOfTheirStatus) {
  folder_.write("a.yaml", gateway("a"));
  const ViewHandle first = reconciler_.reload();
  const std::string begun = transitionOf(*first, "Programmed");

  clock_.advance(Seconds(10));
  folder_.write("a.yaml", gateway("a", "81"));
  const ViewHandle second = reconciler_.reload();
  EXPECT_EQ(transitionOf(*second, "Programmed"), begun) << "another spec, the same status";

  clock_.advance(Seconds(10));
  publisher_.failures = {
      {.gateway = "default/a",
       .listener = "a",
       .port = 82,
       .address = "127.0.0.1:30000",
       .reason = "address already in use"}
  };
  folder_.write("a.yaml", gateway("a", "82"));
  const ViewHandle third = reconciler_.reload();
  EXPECT_EQ(transitionOf(*third, "Accepted"), begun);
  EXPECT_NE(transitionOf(*third, "Programmed"), begun) << "the status is another";

  clock_.advance(Seconds(10));
  folder_.write("a.yaml", gateway("a", "82") + "# looked at anew\n");
  const ViewHandle fourth = reconciler_.reload();
  EXPECT_EQ(transitionOf(*fourth, "Programmed"), transitionOf(*third, "Programmed"));
}

TEST_F(ReconcilerTest, PublishesWhatIsThere) {
  folder_.write("a.yaml", gateway("a"));
  const ViewHandle view = reconciler_.reload();
  EXPECT_THAT(served(), ElementsAre("default/a 80"));
  EXPECT_EQ(view->generation, 1u);
  EXPECT_EQ(publisher_.published.back()->generation, 1u);
  EXPECT_EQ(view->loaded_at, clock_.wall());
  EXPECT_EQ(view->last_error, "");
  EXPECT_EQ(reconciler_.view(), view);
  EXPECT_THAT(status(*view, "a"), HasSubstr("listening on 127.0.0.1:8080"));
}

TEST_F(ReconcilerTest, AFlagThatNamesNothingKeepsTheFirstLoadFromBeingServed) {
  folder_.write("a.yaml", gateway("a"));
  compile::CompileOptions options;
  options.addresses.binds = {{.target = "b", .address = "127.0.0.1:0"}};
  Reconciler reconciler(
      {.source = source_, .publisher = publisher_, .clock = clock_, .log = log_}, options
  );
  const ViewHandle view = reconciler.reload();
  EXPECT_EQ(view->generation, 0u);
  EXPECT_EQ(view->flag_errors.size(), 1u);
  EXPECT_TRUE(publisher_.published.empty());
  folder_.write("b.yaml", gateway("b"));
  EXPECT_EQ(reconciler.reload()->generation, 1u);
  folder_.remove("b.yaml");
  EXPECT_EQ(reconciler.reload()->generation, 2u) << "what was meant once may go";
  EXPECT_EQ(reconciler.view()->flag_errors.size(), 1u);
}

TEST_F(ReconcilerTest, AChangeMakesTheNextGeneration) {
  folder_.write("a.yaml", gateway("a"));
  reconciler_.reload();
  folder_.write("b.yaml", gateway("b", "9000"));
  folder_.remove("a.yaml");
  EXPECT_EQ(reconciler_.reload()->generation, 2u);
  EXPECT_THAT(served(), ElementsAre("default/b 9000"));
}

TEST_F(ReconcilerTest, AFileThatCannotBeReadKeepsItsLastGoodState) {
  folder_.write("a.yaml", gateway("a"));
  folder_.write("b.yaml", gateway("b", "9000"));
  reconciler_.reload();
  folder_.write("a.yaml", "kind: {Gateway\n  broken");
  folder_.write("b.yaml", gateway("b", "9001"));
  const ViewHandle view = reconciler_.reload();
  EXPECT_THAT(served(), ElementsAre("default/a 80", "default/b 9001"));
  EXPECT_THAT(
      view->last_error, HasSubstr("a.yaml cannot be read; the last good state of 1 object")
  );
  EXPECT_EQ(view->rejected_reloads, 1u);
  EXPECT_GE(resource::countErrors(view->findings), 1u);

  folder_.write("a.yaml", gateway("a", "9002"));
  const ViewHandle healed = reconciler_.reload();
  EXPECT_THAT(served(), ElementsAre("default/a 9002", "default/b 9001"));
  EXPECT_EQ(healed->last_error, "");
}

TEST_F(ReconcilerTest, NothingOfABrokenFileIsTakenOver) {
  const std::string whole = gateway("a") + "---\n" + gateway("b", "9000");
  folder_.write("a.yaml", whole);
  reconciler_.reload();
  for (const std::string_view end : {"---\nfoo: [", "---\napiVersion: v1\n", "---\n- 1\n"}) {
    folder_.write("a.yaml", gateway("a", "9001") + std::string(end));
    const ViewHandle view = reconciler_.reload();
    EXPECT_THAT(served(), ElementsAre("default/a 80", "default/b 9000")) << end;
    EXPECT_THAT(view->last_error, HasSubstr("the last good state of 2 objects")) << end;
  }
  const std::string cut = gateway("a", "9001") + "---\n" + gateway("b");
  folder_.write("a.yaml", cut.substr(0, cut.rfind("me: b")));  // metadata: {na
  reconciler_.reload();
  EXPECT_THAT(served(), ElementsAre("default/a 80", "default/b 9000"));
}

TEST_F(ReconcilerTest, NothingOfANewFileThatIsBrokenIsTakenOver) {
  folder_.write("a.yaml", gateway("a"));
  reconciler_.reload();
  folder_.write("b.yaml", gateway("b", "9000") + "---\nfoo: [");
  const ViewHandle view = reconciler_.reload();
  EXPECT_THAT(served(), ElementsAre("default/a 80"));
  EXPECT_THAT(view->last_error, HasSubstr("b.yaml cannot be read; nothing of it is taken over"));
}

TEST_F(ReconcilerTest, AnObjectThatMovesIntoABrokenFileStays) {
  folder_.write("a.yaml", gateway("a"));
  reconciler_.reload();
  folder_.remove("a.yaml");
  folder_.write("b.yaml", gateway("a", "9000") + "---\nfoo: [");
  reconciler_.reload();
  EXPECT_THAT(served(), ElementsAre("default/a 80"));
}

TEST_F(ReconcilerTest, AReloadIsAppliedOrRejectedAndNeverBoth) {
  folder_.write("a.yaml", gateway("a"));
  folder_.write("b.yaml", gateway("b", "9000") + "---\nfoo: [");
  ViewHandle view = reconciler_.reload();  // the first start serves what can be read
  EXPECT_THAT(served(), ElementsAre("default/a 80", "default/b 9000"));
  EXPECT_EQ(view->reloads, 1u);
  EXPECT_EQ(view->rejected_reloads, 0u);
  view = reconciler_.reload();
  EXPECT_EQ(view->reloads, 1u);
  EXPECT_EQ(view->rejected_reloads, 1u);
  folder_.write("b.yaml", gateway("b", "9001"));
  view = reconciler_.reload();
  EXPECT_EQ(view->reloads, 2u);
  EXPECT_EQ(view->rejected_reloads, 1u);
}

TEST_F(ReconcilerTest, ANewObjectWithAnErrorIsToldAndLeftOut) {
  folder_.write("a.yaml", gateway("a"));
  reconciler_.reload();
  folder_.write("b.yaml", gateway("b", "eighty"));
  ViewHandle view = reconciler_.reload();
  EXPECT_THAT(served(), ElementsAre("default/a 80"));
  EXPECT_EQ(view->last_error, "Gateway default/b has errors and never was good; it is left out");
  EXPECT_EQ(view->rejected_reloads, 1U);
  folder_.write("b.yaml", gateway("b", "9000"));
  view = reconciler_.reload();
  EXPECT_THAT(served(), ElementsAre("default/a 80", "default/b 9000"));
  EXPECT_EQ(view->last_error, "");
}

TEST_F(ReconcilerTest, AnObjectWithAnErrorKeepsItsLastGoodState) {
  folder_.write("a.yaml", gateway("a") + "---\n" + gateway("b", "9000"));
  reconciler_.reload();
  folder_.write("a.yaml", gateway("a", "eighty") + "---\n" + gateway("b", "9001"));
  const ViewHandle view = reconciler_.reload();
  EXPECT_THAT(served(), ElementsAre("default/a 80", "default/b 9001"));
  EXPECT_THAT(view->last_error, HasSubstr("Gateway default/a has errors"));
}

/// A Secret with the given keys; the value of each is base64, or is not.
std::string secret(std::string_view keys) {
  std::string text = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata:\n";
  for (const char key : keys) {
    text += fmt::format("  {}: {}\n", key, key < 'a' ? "not-base64" : "Z29vZA==");
  }
  return text;
}

TEST_F(ReconcilerTest, ASecretWithABadValueKeepsItsLastGoodState) {
  folder_.write("s.yaml", secret("ab"));
  reconciler_.reload();
  folder_.write("s.yaml", secret("b") + "  a: not-base64\n  c: Z29vZA==\n");
  const ViewHandle view = reconciler_.reload();
  EXPECT_THAT(view->objects[0].secret_keys, ElementsAre("a", "b"));
  EXPECT_THAT(view->last_error, HasSubstr("Secret default/s has errors"));
}

TEST_F(ReconcilerTest, ABadValueThatNeverWasGoodDoesNotHoldTheOthersBack) {
  folder_.write("s.yaml", secret("aB"));
  EXPECT_THAT(reconciler_.reload()->objects[0].secret_keys, ElementsAre("a"));
  folder_.write("s.yaml", secret("aBc"));
  const ViewHandle view = reconciler_.reload();
  EXPECT_THAT(view->objects[0].secret_keys, ElementsAre("a", "c"));
  EXPECT_EQ(view->last_error, "");
}

TEST_F(ReconcilerTest, ADeletedFileIsGone) {
  folder_.write("a.yaml", gateway("a"));
  folder_.write("b.yaml", gateway("b", "9000"));
  reconciler_.reload();
  folder_.remove("a.yaml");
  reconciler_.reload();
  EXPECT_THAT(served(), ElementsAre("default/b 9000"));
}

TEST_F(ReconcilerTest, AFolderThatVanishesIsAFaultNotAnEmptyConfiguration) {
  folder_.write("a.yaml", gateway("a"));
  reconciler_.reload();
  folder_.remove("");
  const ViewHandle view = reconciler_.reload();
  EXPECT_THAT(served(), ElementsAre("default/a 80"));
  EXPECT_THAT(view->last_error, HasSubstr("cannot be read"));
}

TEST_F(ReconcilerTest, SocketsThatDoNotOpenAreConditions) {
  folder_.write("a.yaml", gateway("a"));
  publisher_.failures = {{"default/a", "", 80, "127.0.0.1:8080", "address in use"}};
  const ViewHandle view = reconciler_.reload();
  EXPECT_EQ(view->unbound.size(), 1u);
  EXPECT_THAT(status(*view, "a"), HasSubstr("PortUnavailable"));
  EXPECT_THAT(status(*view, "a"), HasSubstr("127.0.0.1:8080: address in use"));
}

TEST_F(ReconcilerTest, TheStatusNamesThePortsThatTheKernelChose) {
  folder_.write("a.yaml", gateway("a") + "---\n" + gateway("b", "9000"));
  publisher_.bound = {
      {"default/a", 80, "127.0.0.1:0", "127.0.0.1:41000"},
      {"default/a", 80, "[::1]:0", "[::1]:41001"},
      {"default/b", 80, "127.0.0.1:0", "127.0.0.1:41002"}
  };
  for (int reload = 0; reload < 2; ++reload) {
    const ViewHandle view = reconciler_.reload();
    EXPECT_THAT(
        status(*view, "a"),
        HasSubstr("No errors found; listening on 127.0.0.1:41000, [::1]:41001\"")
    );
    EXPECT_THAT(status(*view, "b"), HasSubstr("listening on 127.0.0.1:9000\""));
    EXPECT_EQ(view->bound.size(), 3u);
  }
}

TEST_F(ReconcilerTest, ConditionsKeepTheTimeOfTheirLastChange) {
  folder_.write("a.yaml", gateway("a"));
  const std::string before = status(*reconciler_.reload(), "a");
  clock_.advance(Seconds(60));
  EXPECT_EQ(status(*reconciler_.reload(), "a"), before);
}

TEST_F(ReconcilerTest, NoSecretValueIsInTheView) {
  folder_.write(
      "s.yaml",
      "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {token: sk-hidden}\n"
  );
  const ViewHandle view = reconciler_.reload();
  ASSERT_EQ(view->objects.size(), 1u);
  EXPECT_EQ(view->objects[0].document, nullptr);
  EXPECT_THAT(view->objects[0].secret_keys, ElementsAre("token"));
}

TEST_F(ReconcilerTest, AnEmptyFolderServesNothing) {
  const ViewHandle view = reconciler_.reload();
  EXPECT_THAT(publisher_.published.back()->ports, IsEmpty());
  EXPECT_THAT(view->objects, IsEmpty());
}

TEST_F(ReconcilerTest, WhatIsServedAlreadyIsNotPublishedAnew) {
  folder_.write("a.yaml", gateway("a"));
  reconciler_.reload();
  clock_.advance(Seconds(1));
  ViewHandle view = reconciler_.reload();
  EXPECT_EQ(publisher_.published.size(), 1u);
  EXPECT_EQ(view->generation, 1u);
  EXPECT_EQ(view->reloads, 1u);
  EXPECT_EQ(view->rejected_reloads, 0u);
  EXPECT_EQ(view->unchanged_reloads, 1u);
  EXPECT_EQ(view->unchanged_at, clock_.wall());
  folder_.write("a.yaml", gateway("a", "9000"));
  EXPECT_EQ(reconciler_.reload()->generation, 2u);
  folder_.write("a.yaml", gateway("a"));
  view = reconciler_.reload();
  EXPECT_EQ(view->generation, 3u) << "as it once was, but not as it is";
  EXPECT_EQ(view->unchanged_reloads, 1u);
}

TEST_F(ReconcilerTest, WhatIsNotServedAsWrittenIsTriedAgain) {
  folder_.write("a.yaml", gateway("a"));
  publisher_.failures.emplace_back();
  reconciler_.reload();
  publisher_.failures.clear();
  EXPECT_EQ(reconciler_.reload()->generation, 2u);
  folder_.write("b.yaml", "kind: [");
  reconciler_.reload();
  const ViewHandle view = reconciler_.reload();
  EXPECT_EQ(view->rejected_reloads, 2u) << "it is as broken as before";
  EXPECT_EQ(view->unchanged_reloads, 0u);
}

}  // namespace
}  // namespace gatehouse::control
