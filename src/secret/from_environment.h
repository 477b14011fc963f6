// Provider keys in the environment of the process, for the start without configuration: which
// variables mean which provider. Values are not read here: the configuration made for them names
// the variable, and the loader expands it into a Secret.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::secret {

/// Value of an environment variable, or nothing if it is not set.
using LookUpVariable = std::function<std::optional<std::string>(std::string_view name)>;

/// A variable that vendors' own tools read. Views of literals.
struct KeyVariable {
  std::string_view provider;  // "openai"
  std::string_view variable;  // "OPENAI_API_KEY"
};

/// All that are known, in order of preference within a provider.
std::span<const KeyVariable> keyVariables();

/// The first variable of each provider that is set and not blank, in the order of the table.
std::vector<KeyVariable> presentKeys(const LookUpVariable& look_up);

/// The environment of this process.
std::optional<std::string> processVariable(std::string_view name);

}  // namespace gatehouse::secret
