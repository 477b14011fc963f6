#include "upstream/credential_choice.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "http/credential.h"
#include "http/field_name.h"
#include "http/h1_strict.h"
#include "http/h1_write.h"
#include "http/token.h"
#include "wire/percent.h"

namespace gatehouse::upstream {
namespace {

bool isNamed(std::string_view parameter, std::string_view name) {
  auto decoded = wire::decodeQueryPart(parameter.substr(0, parameter.find('=')));
  return decoded && *decoded == name;
}

// A parameter of the client's with our name, however it is encoded: of two, a server takes the one
// it likes.
void removeFromQuery(http::RequestHead& head, std::string_view name) {
  std::size_t mark = head.target.find('?');
  if (mark == std::string::npos) {
    return;
  }
  std::string kept = head.target.substr(0, mark);
  char before = '?';
  auto rest = std::optional(std::string_view(head.target).substr(mark + 1));
  for (auto part = takePart(rest, '&'); part; part = takePart(rest, '&')) {
    if (!isNamed(*part, name)) {
      kept.append(1, before).append(*part);
      before = '&';
    }
  }
  head.target = std::move(kept);
}

void putIntoQuery(http::RequestHead& head, const PlacedCredential& credential) {
  removeFromQuery(head, credential.name);
  head.target += head.target.find('?') == std::string::npos ? '?' : '&';
  head.target += wire::encodePercent(credential.name);
  head.target += '=';
  head.target += wire::encodePercent(credential.value->reveal());
}

void putIntoCookie(http::RequestHead& head, const PlacedCredential& credential) {
  std::string cookie = head.fields.joined("cookie");
  cookie += cookie.empty() ? "" : "; ";
  cookie += credential.name;
  cookie += '=';
  cookie += credential.value->reveal();
  head.fields.set("Cookie", cookie);
  crypto::wipe(cookie);
}

void put(http::RequestHead& head, const PlacedCredential& credential) {
  switch (credential.placement) {
    case Placement::kHeader:
      head.fields.set(credential.name, credential.prefix, credential.value->reveal());
      return;
    case Placement::kQuery:
      putIntoQuery(head, credential);
      return;
    case Placement::kCookie:
      putIntoCookie(head, credential);
      return;
  }
}

std::string faultOfField(const PlacedCredential& credential) {
  if (!http::isToken(credential.name)) {
    return "header \"" + printable(credential.name, 40) + "\" is no field name";
  }
  const http::FieldName name(credential.name);
  if (name.id() != http::kUnknownField && http::kDecidedByWriter.has(name.id())) {
    return "header " + credential.name + " belongs to the connection and can hold no credential";
  }
  if (!http::isFieldValue(credential.prefix)) {
    return "the prefix of header " + credential.name + " holds a control character";
  }
  return "";
}

std::string faultOfCookie(const PlacedCredential& credential) {
  if (!http::isToken(credential.name)) {
    return "cookie \"" + printable(credential.name, 40) + "\" is no cookie name";
  }
  if (credential.value->reveal().contains(';')) {
    return "the credential holds a ';', which ends a cookie";
  }
  return "";
}

}  // namespace

std::string faultOf(const PlacedCredential& credential) {
  if (credential.placement == Placement::kQuery) {
    return "";  // percent-encoded
  }
  std::string fault = credential.placement == Placement::kHeader ? faultOfField(credential)
                                                                 : faultOfCookie(credential);
  if (fault.empty() && !http::isFieldValue(credential.value->reveal())) {
    fault = "the credential holds a control character, which no request field can carry";
  }
  return fault;
}

Result<void> applyCredential(
    http::RequestHead& head, http::ClientCredential client, const BackendAuth& auth
) {
  if (!auth.missing.empty()) {
    return fail(ErrorKind::kCredentialMissing, Origin::kGateway, auth.missing);
  }
  if (auth.credentials.empty()) {
    client.putBack(head);
    return {};
  }
  for (const PlacedCredential& credential : auth.credentials) {
    put(head, credential);
  }
  return {};
}

}  // namespace gatehouse::upstream
