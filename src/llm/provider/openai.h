// The OpenAI API, also as imitated by vLLM, xAI, Groq and many others (llm.md 3, 4).
#pragma once

#include "llm/provider/provider.h"

namespace gatehouse::llm::openai {

inline constexpr ProviderProfile kProfile{
    .default_host = "api.openai.com",
    .default_port = 443,
    .base = "/v1",
};

bool serves(Dialect dialect);

/// `Authorization: Bearer`.
CredentialPlacement placeCredential();

}  // namespace gatehouse::llm::openai
