// Takes credentials out of texts that others wrote, before a record keeps them (D9, telemetry
// specification 1.4). A net below the rule that no credential is handed to telemetry at all: it
// knows shapes, not secrets.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace gatehouse::telemetry {

/// Whether `text` may hold one of the shapes; a quick look that may say yes too often, never no
/// wrongly.
bool mayHoldCredential(std::string_view text);
/// The same for a text behind which kZerosBehind zeros stand.
inline constexpr std::size_t kZerosBehind = 34;
bool mayHoldCredentialBeforeZeros(std::string_view text);

/// `text` with each of these replaced by "[redacted]": the token after `Bearer`, the credentials
/// after `Basic`, words that begin with `sk-`, `xai-`, `gh_` or `AIza`, JSON Web Tokens, and the
/// user-info of a URL. Case of the scheme words does not matter.
std::string redacted(std::string_view text);

}  // namespace gatehouse::telemetry
