#include "control/file_source.h"

#include <algorithm>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "control/folder_for_test.h"

namespace gatehouse::control {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string gateway(std::string_view name) {
  return fmt::format(
      "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {{name: {}}}\n"
      "spec: {{gatewayClassName: gatehouse, listeners: [{{name: a, port: 80, protocol: HTTP}}]}}\n",
      name
  );
}

class FileSourceTest : public testing::Test {
 protected:
  /// Names of the objects the paths hold.
  std::vector<std::string> load(std::vector<std::string> paths) {
    FileSource source(schemas_, {.paths = std::move(paths), .load = {}, .read_stdin = [] {
                                   return gateway("piped");
                                 }});
    return names(source);
  }

  std::vector<std::string> names(FileSource& source) {
    loaded_ = source.load();
    std::vector<std::string> names;
    for (const resource::AnyObject& object : loaded_.objects) {
      names.push_back(resource::metaOf(object).key.name);
    }
    std::ranges::sort(names);
    return names;
  }

  TestFolder folder_;
  resource::SchemaSet schemas_ = resource::SchemaSet::builtIn();
  resource::Loaded loaded_;
};

TEST_F(FileSourceTest, ReadsAllBelowADirectory) {
  folder_.write("a.yaml", gateway("a"));
  folder_.write("deep/er/b.yml", gateway("b"));
  folder_.write(
      "c.json", R"({"apiVersion":"gateway.networking.k8s.io/v1","kind":"Gateway",
    "metadata":{"name":"c"},"spec":{"gatewayClassName":"x","listeners":[{"name":"l","port":80,"protocol":"HTTP"}]}})"
  );
  EXPECT_THAT(load({folder_.path()}), ElementsAre("a", "b", "c"));
  EXPECT_THAT(loaded_.findings, IsEmpty());
}

TEST_F(FileSourceTest, PassesOverWhatIsNoManifest) {
  folder_.write("a.yaml", gateway("a"));
  folder_.write(".git/b.yaml", gateway("b"));
  folder_.write("..data/c.yaml", gateway("c"));
  folder_.write("kustomization.yaml", "resources: [a.yaml]\n");
  folder_.write("notes.txt", "text");
  folder_.write(".#a.yaml", "lock");
  EXPECT_THAT(load({folder_.path()}), ElementsAre("a"));
}

TEST_F(FileSourceTest, FollowsTheLinksOfAMountedConfigMap) {
  folder_.write("..2024/a.yaml", gateway("a"));
  std::filesystem::create_directory_symlink("..2024", folder_.path("..data"));
  std::filesystem::create_symlink("..data/a.yaml", folder_.path("a.yaml"));
  std::filesystem::create_directory_symlink(".", folder_.path("loop"));
  EXPECT_THAT(load({folder_.path()}), ElementsAre("a"));
}

TEST_F(FileSourceTest, AFileNamedItselfIsReadOnceWhateverItsName) {
  folder_.write("manifests.txt", gateway("a"));
  EXPECT_THAT(
      load({folder_.path("manifests.txt"), folder_.path("./manifests.txt")}), ElementsAre("a")
  );
}

TEST_F(FileSourceTest, StandardInput) {
  folder_.write("a.yaml", gateway("a"));
  EXPECT_THAT(load({"-", folder_.path("a.yaml")}), ElementsAre("a", "piped"));
}

TEST_F(FileSourceTest, AFileThatIsBeingWrittenIsKeptAsItWas) {
  FileSource source(schemas_, {.paths = {folder_.path()}, .load = {}, .read_stdin = {}});
  std::string written;
  source.keepWhileWritten([&](const std::string& file) { return file == written; });
  folder_.write("a.yaml", gateway("a"));
  EXPECT_THAT(names(source), ElementsAre("a"));
  written = folder_.path("a.yaml");
  folder_.write("a.yaml", "");
  folder_.write("b.yaml", gateway("b"));
  EXPECT_THAT(names(source), ElementsAre("a", "b"));
  EXPECT_THAT(names(source), ElementsAre("a", "b")) << "as often as it is read";
  written.clear();
  folder_.write("a.yaml", gateway("c"));
  EXPECT_THAT(names(source), ElementsAre("b", "c"));
  folder_.remove("a.yaml");
  EXPECT_THAT(names(source), ElementsAre("b"));
  written = folder_.path("a.yaml");
  folder_.write("a.yaml", gateway("half"));
  EXPECT_THAT(names(source), ElementsAre("b")) << "what was never whole is left out";
  EXPECT_THAT(loaded_.findings, IsEmpty());
}

TEST_F(FileSourceTest, AMissingPathIsAFinding) {
  folder_.write("a.yaml", gateway("a"));
  EXPECT_THAT(load({folder_.path(), folder_.path("none.yaml")}), ElementsAre("a"));
  ASSERT_EQ(loaded_.findings.size(), 1u);
  EXPECT_THAT(
      resource::toString(loaded_.findings[0]),
      HasSubstr("none.yaml: error: No such file or directory")
  );
}

TEST_F(FileSourceTest, AMissingPathIsNoStart) {
  EXPECT_TRUE(checkPaths({"-", folder_.path()}));
  auto checked = checkPaths({folder_.path(), folder_.path("none")});
  ASSERT_FALSE(checked);
  EXPECT_THAT(checked.error().chain(), HasSubstr("none: No such file or directory"));
}

TEST_F(FileSourceTest, ALinkToNothingIsAFinding) {
  std::filesystem::create_symlink("gone.yaml", folder_.path("a.yaml"));
  EXPECT_THAT(load({folder_.path()}), IsEmpty());
  ASSERT_EQ(loaded_.findings.size(), 1u);
  EXPECT_THAT(resource::toString(loaded_.findings[0]), HasSubstr("cannot be read"));
}

TEST_F(FileSourceTest, WatchesAllButStandardInput) {
  const FileSource source(schemas_, {.paths = {"-", "a", "b"}, .load = {}, .read_stdin = {}});
  EXPECT_THAT(source.watchPaths(), ElementsAre("a", "b"));
}

}  // namespace
}  // namespace gatehouse::control
