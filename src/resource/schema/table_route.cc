#include "resource/schema/tables.h"

namespace gatehouse::resource {

constinit const std::string_view kRouteTable = R"(
== HTTPRoute gateway.networking.k8s.io/v1,v1beta1 ns ==
spec: {}  // routeMatches
  parentRefs: [{}]..32 [distinctParents]
    group: group ="gateway.networking.k8s.io"
    kind: kind ="Gateway"
    namespace: ns
    name!: str(1..253)
    # One listener of the parent
    sectionName: dns
    port: port
  hostnames: [hostname]..16
  # Without rules: one that matches every path
  rules: [{}]1..16 [distinctRuleNames] // redirectWithoutBackends; prefixRewrite
    name: dns
    matches: [{}]..64
      path: {type:Exact|PathPrefix|RegularExpression="PathPrefix", value:str(..1024)="/"} [pathValue]
      headers: [{name!:hdr, type:Exact|RegularExpression="Exact", value!:str(1..4096)}]..16 key=name
      queryParams: [{name!:hdr, type:Exact|RegularExpression="Exact", value!:str(1..1024)}]..16 key=name
      method: GET|HEAD|POST|PUT|DELETE|CONNECT|OPTIONS|TRACE|PATCH
    filters: [@HTTPFilter]..16 [filtersOnce]
    backendRefs: [{}]..16 // portWhenService
      group: group =""
      kind: kind ="Service"
      name!: str(1..253)
      namespace: ns
      port: port
      # Share among the backendRefs of the rule
      weight: int(0..1000000) =1
      filters: [@HTTPFilter]..16 [filtersOnce]
    timeouts: {request:dur, backendRequest:dur} [timeoutOrder]
    retry: {codes:[int(400..599)], attempts:int(0..), backoff:dur}
    sessionPersistence: object

@HTTPFilter // filterType
  type!: RequestHeaderModifier|ResponseHeaderModifier|RequestMirror|RequestRedirect|URLRewrite|ExtensionRef|CORS
  requestHeaderModifier: @HeaderMod
  responseHeaderModifier: @HeaderMod
  requestMirror: {}  // <=1of(percent fraction)
    backendRef!: @BackendObjectRef
    fraction: {numerator!:int(0..), denominator:int(1..)=100} [fractionOrder]
    percent: int(0..100)
  requestRedirect: {scheme:http|https, hostname:dns, port:port, statusCode:int=302, path:@PathModifier} [redirectStatus]
  urlRewrite: {hostname:dns, path:@PathModifier}
  extensionRef: {group!:group, kind!:kind, name!:str(1..253)}
  cors: @Cors

@PathModifier // pathModifier
  type!: ReplaceFullPath|ReplacePrefixMatch
  replaceFullPath: str(..1024)
  replacePrefixMatch: str(..1024)

@HeaderMod
  set: [{name!:hdr, value!:str(1..4096)}]..16 key=name
  add: [{name!:hdr, value!:str(1..4096)}]..16 key=name
  remove: [str]..16

@BackendObjectRef // portWhenService
  group: group =""
  kind: kind ="Service"
  name!: str(1..253)
  namespace: ns
  port: port

@Cors
  allowOrigins: [origin]..64 [starAlone]
  allowMethods: [GET|HEAD|POST|PUT|DELETE|CONNECT|OPTIONS|TRACE|PATCH|*]..9 [starAlone]
  allowHeaders: [hdr]..64 [starAlone]
  exposeHeaders: [hdr]..64
  allowCredentials: bool
  # Seconds a browser may keep the answer
  maxAge: int(1..) =5
)";

}  // namespace gatehouse::resource
