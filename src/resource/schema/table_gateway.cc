#include "resource/schema/tables.h"

namespace gatehouse::resource {

constinit const std::string_view kGatewayTable = R"(
== GatewayClass gateway.networking.k8s.io/v1,v1beta1 cluster ==
spec!: {}
  # Which controller runs the Gateways of this class, as domain/path
  controllerName!: domain
  description: str(..64)
  parametersRef: {group!:group, kind!:kind, name!:str(1..253), namespace:ns}

== Gateway gateway.networking.k8s.io/v1,v1beta1 ns ==
spec!: {}
  gatewayClassName!: str(1..253)
  listeners!: [@Listener]1..64 key=name
  # Where to listen; see also the annotation gatehouse.dev/bind
  addresses: [{type:IPAddress|Hostname|NamedAddress|domain="IPAddress", value:str(..253)}]..16 [distinctAddresses]
  allowedListeners: {namespaces:{from:All|Selector|Same|None="None", selector:@LabelSelector} [selectedNamespaces]}
  infrastructure: {}
    labels: map<str(0..63)>..8
    annotations: map<str(0..4096)>..16
    parametersRef: {group!:group, kind!:kind, name!:str(1..253)}
  tls: {}
    backend: {clientCertificateRef:@CertificateRef}
    frontend: {}
      default!: {validation:@FrontendValidation}
      perPort: [{port!:port, tls!:{validation:@FrontendValidation}}]..64 key=port

@Listener // listenerFields
  name!: dns
  port!: port
  protocol!: HTTP|HTTPS|TLS|TCP|UDP|domain
  # Lower case, perhaps with *. in front; without it the listener takes every host
  hostname: hostname
  tls: {}  // terminateNeedsCertificate
    mode: Terminate|Passthrough ="Terminate"
    certificateRefs: [@CertificateRef]..64
    options: map<str(0..4096)>..16
  allowedRoutes: {}
    namespaces: {from:All|Selector|Same="Same", selector:@LabelSelector} [selectedNamespaces]
    kinds: [{group:group="gateway.networking.k8s.io", kind!:kind}]..8

@CertificateRef = {group:group="", kind:kind="Secret", name!:str(1..253), namespace:ns}
@FrontendValidation = {caCertificateRefs!:[{group!:group, kind!:kind, name!:str(1..253), namespace:ns}]1..16, mode:AllowValidOnly|AllowInsecureFallback="AllowValidOnly"}
@LabelSelector = {matchLabels:map<str>, matchExpressions:[{key!:str, operator!:In|NotIn|Exists|DoesNotExist, values:[str]} [selectorExpression]]}

== ListenerSet gateway.networking.k8s.io/v1 ns ==
spec!: {}
  parentRef!: {group:group="gateway.networking.k8s.io", kind:kind="Gateway", name!:str(1..253), namespace:ns}
  listeners!: [@Listener]1..64 key=name

== ReferenceGrant gateway.networking.k8s.io/v1,v1beta1 ns ==
spec!: {}
  from!: [{group!:group, kind!:kind, namespace!:ns}]1..16
  to!: [{group!:group, kind!:kind, name:str(1..253)}]1..16

== BackendTLSPolicy gateway.networking.k8s.io/v1,v1alpha3 ns ==
spec!: {}
  targetRefs!: [{group!:group, kind!:kind, name!:str(1..253), sectionName:dns}]1..16 [distinctTargets]
  validation!: {}  // 1of(caCertificateRefs wellKnownCACertificates)
    hostname!: dns
    caCertificateRefs: [{group!:group, kind!:kind, name!:str(1..253)}]..8
    wellKnownCACertificates: System|domain
    subjectAltNames: [{type!:Hostname|URI, hostname:hostname, uri:uri} [subjectAltName]]..5
  options: map<str(0..4096)>..16
)";

}  // namespace gatehouse::resource
