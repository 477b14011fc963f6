// The Anthropic API (llm.md 3, 4).
#pragma once

#include <string_view>

#include "llm/provider/provider.h"

namespace gatehouse::llm::anthropic {

inline constexpr ProviderProfile kProfile{
    .default_host = "api.anthropic.com",
    .default_port = 443,
    .base = "/v1",
    .served = "/v1/messages, /v1/messages/count_tokens, /v1/models",
};

/// Sent when the client names no version.
inline constexpr std::string_view kVersion = "2023-06-01";

bool serves(Dialect dialect);

/// `x-api-key`; OAuth tokens (sk-ant-oat...) as `Authorization: Bearer`.
CredentialPlacement placeCredential(std::string_view key);

/// anthropic-version, if the client sent none.
void addFields(http::Fields& fields);

}  // namespace gatehouse::llm::anthropic
