#include "resource/schema/tables.h"

namespace gatehouse::resource {

constinit const std::string_view kSecretsTable = R"(
== ExternalSecret external-secrets.io/v1,v1beta1 ns ==
spec!: {}
  secretStoreRef: @StoreRef
  refreshPolicy: CreatedOnce|Periodic|OnChange
  # Go style: 1h, 90s, 1h0m0s; 0 = once
  refreshInterval: str ="1h0m0s"
  syncWindows: {kind!:allow|deny, windows!:[{schedule!:str, duration!:str}]1..}
  target: {}
    name: dns
    creationPolicy: Owner|Orphan|Merge|None|CreateOrMerge ="Owner"
    deletionPolicy: Delete|Merge|Retain ="Retain"
    immutable: bool
    manifest: {apiVersion!:str, kind!:str}
    template: {}
      type: str
      engineVersion: "v2"
      mergePolicy: Replace|Merge ="Replace"
      metadata: {labels:map<str>, annotations:map<str>, finalizers:[str]}
      data: map<str>
      templateFrom: [{configMap:@TemplateSource, secret:@TemplateSource, literal:str, target:str="Data", valuesDecodingStrategy:str}]
  data: [{}]
    secretKey!: dataKey
    remoteRef!: @RemoteRef
    sourceRef: @SourceRef
  dataFrom: [{}]
    extract: @RemoteRef
    find: {name:{regexp:str}, path:str, tags:map<str>, decodingStrategy:Auto|Base64|Base64URL|None, conversionStrategy:Default|Unicode, nullBytePolicy:Ignore|Fail}
    rewrite: [{}]  // 1of(regexp transform merge)
      regexp: {source!:str, target!:str}
      transform: {template!:str}
      merge: {into:str, conflictPolicy:Ignore|Error="Error", priority:[str], priorityPolicy:IgnoreNotFound|Strict="Strict", strategy:Extract|JSON="Extract"}
    sourceRef: @SourceRef

@StoreRef = {kind:SecretStore|ClusterSecretStore, name:dns}
@SourceRef = {storeRef:@StoreRef, generatorRef:{apiVersion:str, kind!:str, name!:str}} [<=1of(storeRef generatorRef)]
@TemplateSource = {name!:str, items!:[{key!:str, templateAs:Values|KeysAndValues="Values"}]}
@RemoteRef
  key!: str
  property: str
  version: str
  metadataPolicy: None|Fetch
  decodingStrategy: Auto|Base64|Base64URL|None
  conversionStrategy: Default|Unicode
  nullBytePolicy: Ignore|Fail

== SecretStore external-secrets.io/v1,v1beta1 ns ==
spec!: @StoreSpec

== ClusterSecretStore external-secrets.io/v1,v1beta1 cluster ==
spec!: @StoreSpec

@StoreSpec
  controller: str
  refreshInterval: intOrStr
  retrySettings: {maxRetries:int, retryInterval:str}
  # Of a ClusterSecretStore: who may use it
  conditions: [{namespaces:[str], namespaceSelector:@LabelSelector, namespaceRegexes:[str]}]
  provider!: {}  // oneProvider
    vault: @VaultProvider
    openBao: @VaultProvider
    fake: {data!:[{key!:str, value!:secret, version:str}], validationResult:int}
    kubernetes: {}
      remoteNamespace: str ="default"
      server: {url:str="kubernetes.default", caBundle:base64, caProvider:@CaProvider}
      auth: {cert:{clientCert:@SecretRef, clientKey:@SecretRef}, token:{bearerToken:@SecretRef}, serviceAccount:@ServiceAccountRef}
      authRef: @SecretRef
    # Known to External Secrets Operator, not resolved here
    akeyless: object
    aws: object
    azurekv: object
    bitwardensecretsmanager: object
    conjur: object
    delinea: object
    doppler: object
    gcpsm: object
    github: object
    gitlab: object
    ibm: object
    infisical: object
    keepersecurity: object
    onepassword: object
    onepasswordSDK: object
    oracle: object
    passbolt: object
    pulumi: object
    scaleway: object
    senhasegura: object
    webhook: object
    yandexlockbox: object

# Vault and OpenBao
@VaultProvider
  server!: str(1..)
  # The mount; may hold slashes
  path: str
  version: v1|v2 ="v2"
  namespace: str
  headers: map<str>
  caBundle: base64
  caProvider: @CaProvider
  tls: {certSecretRef:@SecretRef, keySecretRef:@SecretRef}
  readYourWrites: bool
  forwardInconsistent: bool
  checkAndSet: {required:bool}
  auth: {}  // <=1of(tokenSecretRef appRole kubernetes jwt userPass ldap cert iam gcp)
    namespace: str
    tokenSecretRef: @SecretRef
    appRole: {path:str="approle", roleId:str, roleRef:@SecretRef, secretRef!:@SecretRef} [1of(roleId roleRef)]
    kubernetes: {mountPath:str="kubernetes", role!:str, serviceAccountRef:@ServiceAccountRef, secretRef:@SecretRef}
    jwt: {path:str="jwt", role:str, secretRef:@SecretRef, kubernetesServiceAccountToken:{serviceAccountRef!:@ServiceAccountRef, audiences:[str], expirationSeconds:int}}
    userPass: {path:str="userpass", username!:str, secretRef:@SecretRef}
    ldap: {path:str="ldap", username!:str, secretRef:@SecretRef}
    cert: {path:str="cert", clientCert:@SecretRef, secretRef:@SecretRef, vaultRole:str}
    iam: object
    gcp: object
@CaProvider = {type!:Secret|ConfigMap, name!:str, key:str, namespace:str}
@ServiceAccountRef = {name!:str, namespace:str, audiences:[str]}
@SecretRef = {name:dns, key:str(1..253), namespace:ns}
)";

}  // namespace gatehouse::resource
