// What the record learns about a model call: at the request, and from what the reply reader saw.
#pragma once

#include "llm/dialect.h"
#include "llm/dialect_match.h"
#include "llm/passthrough.h"
#include "llm/prepare.h"
#include "proxy/exchange.h"

namespace gatehouse::proxy {

void noteDialect(Exchange& x, const llm::DialectMatch& match, const snapshot::AiProvider& provider);
void noteSimulated(Exchange& x, llm::Dialect dialect, const snapshot::SimulatedBackend& backend);

/// What the client asked for.
void noteRequest(
    Exchange& x,
    llm::Dialect dialect,
    const llm::RequestFacts& facts,
    const llm::ProviderSettings& settings
);

/// The session that the fields of the head name: of a request whose body does not tell, or was not
/// read to its end. Before the fields leave the head.
void noteSession(Exchange& x);

/// What came back; once, when the reply has ended.
void noteReply(Exchange& x, llm::ReplyFacts facts);

}  // namespace gatehouse::proxy
