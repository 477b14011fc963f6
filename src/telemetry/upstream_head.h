// What a provider says about our request in the head of its reply: its own request id and its rate
// limits. Only these fields are read.
#pragma once

#include "http/fields.h"
#include "telemetry/record.h"

namespace gatehouse::telemetry {

/// Fills provider_request_id and rate_limit of the record's last attempt. Fields of OpenAI
/// (`x-ratelimit-*`), Anthropic
/// (`anthropic-ratelimit-*`), Azure (`apim-request-id`) and AWS (`x-amzn-requestid`).
void noteUpstreamHead(RequestRecord& record, const http::Fields& fields);

}  // namespace gatehouse::telemetry
