#include "http/upgrade/web_socket.h"

#include <string>
#include <string_view>

#include "base/text.h"
#include "http/token.h"

namespace gatehouse::http {
namespace {

bool lists(const Fields& fields, FieldName name, std::string_view wanted) {
  return listHas(fields.joined(name), wanted);
}

}  // namespace

bool namesWebSocket(const Fields& fields) {
  return fields.has("upgrade") && lists(fields, "upgrade", "websocket");
}

bool asksForWebSocket(const RequestHead& head) {
  return head.method == Method::kGet && head.version == Version::kHttp11 &&
         namesWebSocket(head.fields) && lists(head.fields, "connection", "upgrade");
}

bool switchesToWebSocket(const ResponseHead& head) {
  return head.status == 101 && head.fields.count("upgrade") == 1 &&
         iequals(head.fields.get("upgrade").value_or(""), "websocket") &&
         lists(head.fields, "connection", "upgrade");
}

}  // namespace gatehouse::http
