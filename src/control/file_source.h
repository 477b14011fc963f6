// Manifests in files: single files, directories with all below them (.yaml .yml .json; without
// dot-directories, "..data*" and kustomization files), and standard input as "-" (resources.md 2).
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "control/generations.h"
#include "control/source.h"
#include "resource/schema.h"

namespace gatehouse::control {

struct FileSourceOptions {
  std::vector<std::string> paths;
  resource::LoadOptions load;
  /// Reads standard input to its end; used once, at the first load, if "-" is among the paths.
  std::function<std::string()> read_stdin;
};

class FileSource final : public Source {
 public:
  /// `schemas` must outlive the source.
  FileSource(const resource::SchemaSet& schemas, FileSourceOptions options);
  FileSource(FileSource&&) = delete;
  FileSource& operator=(FileSource&&) = delete;
  ~FileSource() override = default;

  resource::Loaded load() override;
  bool unchanged() const override { return unchanged_; }
  std::vector<std::string> watchPaths() const override;
  void keepWhileWritten(BeingWritten being_written) override;

 private:
  using Texts = std::map<std::string, std::string>;

  void addStandardInput(resource::Loader& loader);
  /// The file's text, or the last whole one while it is being written, goes to `loader` and `next`.
  Result<void> addFile(const std::string& file, resource::Loader& loader, Texts& next);

  const resource::SchemaSet& schemas_;
  FileSourceOptions options_;
  BeingWritten being_written_;
  Generations generations_;
  Texts texts_;  // by file: the last that was whole
  std::string stdin_text_;
  bool stdin_read_ = false;
  bool unchanged_ = false;
};

/// The files a path stands for, in the order they are read; a file named itself is taken whatever
/// its name. kInvalidConfiguration when the path is not there or cannot be read.
Result<std::vector<std::string>> findManifests(const std::string& path);

/// kInvalidConfiguration, naming the path, when one is not there or cannot be read: a misspelt path
/// must not start as an empty configuration.
Result<void> checkPaths(const std::vector<std::string>& paths);

/// All of standard input.
std::string readStandardInput();

}  // namespace gatehouse::control
