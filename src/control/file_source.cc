#include "control/file_source.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <system_error>
#include <utility>

#include <fmt/format.h>

namespace gatehouse::control {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kStandardInput = "-";
constexpr std::uintmax_t kMaxFileSize = std::uintmax_t{64} << 20;

resource::Finding unreadable(const std::string& path, std::string message) {
  return resource::Finding{
      .severity = resource::Severity::kError,
      .file = path,
      .position = {},
      .object = {},
      .field = {},
      .message = std::move(message),
  };
}

/// Names that are passed over in a directory: dot-directories, what Kubernetes mounts and editors
/// leave beside the files.
bool isPassedOver(const fs::path& path, bool directory) {
  const std::string name = path.filename().string();
  if (directory) {
    return name.starts_with('.');
  }
  const std::string stem = path.stem().string();
  return name.starts_with("..") || name.starts_with(".#") || stem == "kustomization";
}

bool isManifest(const fs::path& path) {
  const fs::path extension = path.extension();
  return extension == ".yaml" || extension == ".yml" || extension == ".json";
}

/// Walks one directory, following links but entering no directory twice.
class Walk {
 public:
  std::error_code into(const fs::path& directory) {
    std::error_code error;
    const fs::path real = fs::canonical(directory, error);
    if (error || !seen_.insert(real).second) {
      return error;
    }
    for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
         entry.increment(error)) {
      if (const std::error_code inner = look(*entry)) {
        return inner;
      }
    }
    return error;
  }

  std::vector<std::string> take() {
    std::ranges::sort(found_);
    return std::move(found_);
  }

 private:
  std::error_code look(const fs::directory_entry& entry) {
    std::error_code error;
    const bool directory = entry.is_directory(error);
    if (isPassedOver(entry.path(), directory)) {
      return {};
    }
    if (directory) {
      return into(entry.path());
    }
    // A link to nothing is found, so that reading it says what is wrong.
    if (isManifest(entry.path())) {
      found_.push_back(entry.path().string());
    }
    return {};
  }

  std::set<fs::path> seen_;
  std::vector<std::string> found_;
};

Result<std::string> readFile(const std::string& path) {
  const auto problem = [&](std::string_view what) {
    return fail(
        ErrorKind::kInvalidConfiguration, Origin::kGateway, fmt::format("cannot be read: {}", what)
    );
  };
  std::error_code error;
  const std::uintmax_t size = fs::file_size(path, error);
  if (error) {
    return problem(error.message());
  }
  if (size > kMaxFileSize) {
    return problem("larger than 64 MiB");
  }
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  if (!stream || (text.fail() && size > 0)) {
    return problem(std::make_error_code(std::errc::permission_denied).message());
  }
  return std::move(text).str();
}

}  // namespace

Result<std::vector<std::string>> findManifests(const std::string& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) {
    if (error) {
      return fail(ErrorKind::kInvalidConfiguration, Origin::kGateway, error.message());
    }
    return std::vector<std::string>{path};
  }
  Walk walk;
  if ((error = walk.into(path))) {
    return fail(ErrorKind::kInvalidConfiguration, Origin::kGateway, error.message());
  }
  return walk.take();
}

std::string readStandardInput() {
  std::string text;
  char buffer[1 << 14];
  for (std::size_t got = 0; (got = std::fread(buffer, 1, sizeof buffer, stdin)) > 0;) {
    text.append(buffer, got);
  }
  return text;
}

FileSource::FileSource(const resource::SchemaSet& schemas, FileSourceOptions options)
    : schemas_(schemas), options_(std::move(options)) {
  options_.load.generation = [this](const resource::ObjectKey& key, const wire::Value& object) {
    return generations_.count(key, object);
  };
}

resource::Loaded FileSource::load() {
  resource::Loader loader(schemas_, options_.load);
  std::vector<resource::Finding> findings;
  std::set<std::string> read;
  Texts texts;
  for (const std::string& path : options_.paths) {
    if (path == kStandardInput) {
      addStandardInput(loader);
      continue;
    }
    const auto files = findManifests(path);
    if (!files) {
      findings.push_back(unreadable(path, files.error().detail()));
      continue;
    }
    for (const std::string& file : *files) {
      std::error_code error;
      const fs::path real = fs::canonical(file, error);
      if (!read.insert(error ? file : real.string()).second) {
        continue;
      }
      if (const auto added = addFile(file, loader, texts); !added) {
        findings.push_back(unreadable(file, added.error().detail()));
      }
    }
  }
  unchanged_ = texts == texts_;
  texts_ = std::move(texts);  // a file that is gone is forgotten
  resource::Loaded loaded = loader.finish();
  loaded.findings.insert(loaded.findings.end(), findings.begin(), findings.end());
  resource::sortFindings(loaded.findings);
  if (resource::countErrors(loaded.findings) == 0) {
    generations_.forgetUncounted();  // else what has errors is to be counted on when it has none
  }
  return loaded;
}

Result<void> FileSource::addFile(const std::string& file, resource::Loader& loader, Texts& next) {
  auto text = readFile(file);
  // Asked after the reading: a writer that began meanwhile is seen.
  const bool writing = being_written_ && being_written_(file);
  const bool whole = text && !writing;
  if (whole) {
    loader.add(file, *text);
    next.insert_or_assign(file, *std::move(text));
    return {};
  }
  if (const auto last = texts_.find(file); last != texts_.end()) {
    if (writing) {
      loader.add(file, last->second);
    }
    next.insert_or_assign(file, last->second);
  }
  return writing ? Result<void>() : std::unexpected(std::move(text).error());
}

Result<void> checkPaths(const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    if (path == kStandardInput) {
      continue;
    }
    if (auto files = findManifests(path); !files) {
      return fail(
          ErrorKind::kInvalidConfiguration,
          Origin::kGateway,
          fmt::format("cannot read {}: {}", path, files.error().detail())
      );
    }
  }
  return {};
}

void FileSource::addStandardInput(resource::Loader& loader) {
  if (!stdin_read_ && options_.read_stdin) {
    stdin_text_ = options_.read_stdin();
    stdin_read_ = true;
  }
  loader.add("(standard input)", stdin_text_);
}

void FileSource::keepWhileWritten(BeingWritten being_written) {
  being_written_ = std::move(being_written);
}

std::vector<std::string> FileSource::watchPaths() const {
  std::vector<std::string> paths = options_.paths;
  std::erase(paths, kStandardInput);
  return paths;
}

}  // namespace gatehouse::control
