// The filters of a rule at work (resources.md 3.5). A request whose rule has none never comes here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/credential.h"
#include "http/head.h"
#include "proxy/exchange.h"
#include "snapshot/filter.h"
#include "upstream/credential_choice.h"

namespace gatehouse::proxy {

/// Makes the changes, in their order.
void change(http::Fields& fields, const snapshot::FieldChanges& changes);

/// `path` changed; `prefix` is the part of it that the rule matched, without a '/' at its end.
std::string changedPath(
    const snapshot::PathChange& change, std::string_view path, std::string_view prefix
);

/// Where a request came in.
struct ListenerPlace {
  bool secure = false;
  std::uint16_t port = 0;  // as the Gateway says
};

/// Value of Location.
std::string locationOf(
    const snapshot::Redirect& redirect,
    const http::RequestHead& head,
    std::string_view prefix,
    ListenerPlace place
);

/// Whether CORS lets scripts of `origin` read replies.
bool allows(const snapshot::Cors& cors, std::string_view origin);

/// OPTIONS with Origin and Access-Control-Request-Method.
bool isCorsPreflight(const http::RequestHead& head);

/// The fields of a reply to `head` that speak of CORS.
http::Fields corsFields(const snapshot::Cors& cors, const http::RequestHead& head);

/// The answer that needs no backend: to a CORS preflight, or a redirect. What a reply says of CORS
/// is kept for filterReply(), as the request's fields are not. x.filters is not null.
std::optional<Answer> answerByFilters(Exchange& x);

/// The same for the filters of the backendRef chosen, if it has its own. Without an answer the
/// request gets the path that everything behind here goes by. x.filters is not null.
std::optional<Answer> passBackendFilters(Exchange& x);

/// Changes the head that goes upstream, before the backend's credential is put into it. The
/// client's own is back in it where the backend has none; what a filter says of credentials counts
/// there alone.
void filterRequest(
    const snapshot::Filters& filters,
    http::RequestHead& head,
    http::ClientCredential& client,
    const upstream::BackendAuth& auth
);

/// Changes the head of a reply, the upstream's or ours. x.filters is not null.
void filterReply(Exchange& x, Answer& answer);

}  // namespace gatehouse::proxy
