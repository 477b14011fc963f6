#include "resource/schema/tables.h"

namespace gatehouse::resource {

constinit const std::string_view kCoreTable = R"(
== Secret v1 ns ==
type: str
# Base64
data: map<secretBase64>
# Plain text; wins over data. Standalone, ${NAME} stands for the environment variable
stringData: map<secret>
immutable: bool

== ConfigMap v1 ns ==
data: map<str>
binaryData: map<base64>
immutable: bool

== Namespace v1 cluster ==
spec: {finalizers:[str]}

== ServiceAccount v1 ns ==
automountServiceAccountToken: bool
imagePullSecrets: [object]
secrets: [object]

== Service v1 ns ==
spec: {}
  allocateLoadBalancerNodePorts: bool
  clusterIP: str
  clusterIPs: [str]
  externalIPs: [str]
  externalName: str
  externalTrafficPolicy: Cluster|Local
  healthCheckNodePort: int
  internalTrafficPolicy: Cluster|Local
  ipFamilies: [IPv4|IPv6]
  ipFamilyPolicy: SingleStack|PreferDualStack|RequireDualStack
  loadBalancerClass: str
  loadBalancerIP: str
  loadBalancerSourceRanges: [str]
  ports: [{}]
    appProtocol: str
    name: str
    # Standalone: the port of a Gateway's Service of type NodePort is where its listener is bound
    nodePort: int(0..65535)
    port!: port
    protocol: TCP|UDP|SCTP ="TCP"
    targetPort: intOrStr
  publishNotReadyAddresses: bool
  selector: map<str>
  sessionAffinity: ClientIP|None
  sessionAffinityConfig: object
  trafficDistribution: str
  type: ClusterIP|NodePort|LoadBalancer|ExternalName ="ClusterIP"

== EndpointSlice discovery.k8s.io/v1 ns ==
addressType!: IPv4|IPv6|FQDN
endpoints: [{}]
  addresses!: [str]1..100
  conditions: {ready:bool, serving:bool, terminating:bool}
  deprecatedTopology: map<str>
  hints: object
  hostname: str
  nodeName: str
  targetRef: object
  zone: str
ports: [{appProtocol:str, name:str, port:port, protocol:TCP|UDP|SCTP="TCP"}]..20000
)";

}  // namespace gatehouse::resource
