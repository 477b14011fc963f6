// The OpenAI API, also as imitated by vLLM, xAI, Groq and many others (llm.md 3, 4).
#pragma once

#include "llm/provider/provider.h"

namespace gatehouse::llm::openai {

inline constexpr ProviderProfile kProfile{
    .default_host = "api.openai.com",
    .default_port = 443,
    .base = "/v1",
    .served =
        "/v1/chat/completions, /v1/responses, /v1/embeddings, /v1/rerank, /v1/completions, "
        "/v1/models",
};

bool serves(Dialect dialect);

/// `Authorization: Bearer`.
CredentialPlacement placeCredential();

}  // namespace gatehouse::llm::openai
