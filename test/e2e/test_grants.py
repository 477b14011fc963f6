"""References into other namespaces: what a ReferenceGrant opens, and that it closes again when the grant goes."""

import http.client
import json
import ssl

import harness
import manifests
from issuing import Authority
from peer import Peer, answering, response
from test_filters import conditions_of
from test_services import endpoint_slice, service

FAR = "elsewhere"


def moved(item, namespace=FAR):
    """The same object in another namespace."""
    return {**item, "metadata": {**item["metadata"], "namespace": namespace}}


def grant(kind, target, name=None, target_group="", namespace=manifests.NAMESPACE):
    to = {"group": target_group, "kind": target, **({"name": name} if name else {})}
    return {"apiVersion": "gateway.networking.k8s.io/v1beta1", "kind": "ReferenceGrant",
            "metadata": {"name": "grant", "namespace": FAR},
            "spec": {"from": [{"group": "gateway.networking.k8s.io", "kind": kind, "namespace": namespace}], "to": [to]}}


def far_route(reference, filters=()):
    route = manifests.route("web", "web")
    route["spec"]["rules"][0]["backendRefs"] = [reference]
    route["spec"]["rules"][0]["filters"] = list(filters)
    return route


TO_SERVICE = {"name": "web", "namespace": FAR, "port": 80}
TO_BACKEND = {"group": "agentgateway.dev", "kind": "AgentgatewayBackend", "name": "web", "namespace": FAR}


def resolved(gateway):
    condition = conditions_of(gateway, "web")["ResolvedRefs"]
    return condition["status"], condition["reason"]


def test_routes_reach_another_namespace_for_as_long_as_a_grant_lets_them(stage):
    peer = stage.keep(Peer(answering(response(b"far"))))
    far = [moved(service("web")), moved(endpoint_slice("web", peer.port)), moved(manifests.static("web", peer.port))]
    for reference, group, kind in ((TO_SERVICE, "", "Service"), (TO_BACKEND, "agentgateway.dev", "AgentgatewayBackend")):
        def write(*grants):
            return stage.write(f"{kind}/config.yaml", manifests.to_text(manifests.gateway(), far_route(reference), *far, *grants))
        gateway = stage.gateway([write()], binds=["edge"])
        refused = [grant("Gateway", kind, target_group=group), grant("HTTPRoute", kind, "other", group),
                   grant("HTTPRoute", "Secret", target_group=group), grant("HTTPRoute", kind, target_group=group, namespace="third"),
                   moved(grant("HTTPRoute", kind, target_group=group), manifests.NAMESPACE)]
        assert harness.post(gateway.port("edge"), "/", b"x").status == 500
        assert resolved(gateway) == ("False", "RefNotPermitted")
        for other in refused:
            gateway.reloaded(lambda: write(other))
            assert harness.post(gateway.port("edge"), "/", b"x").status == 500, other
        for right in (grant("HTTPRoute", kind, target_group=group), grant("HTTPRoute", kind, "web", group)):
            gateway.reloaded(lambda: write(right))
            assert harness.post(gateway.port("edge"), "/", b"x").body == b"far"
            assert resolved(gateway) == ("True", "ResolvedRefs")
            gateway.reloaded(lambda: write())
            assert harness.post(gateway.port("edge"), "/", b"x").status == 500, "the grant is gone"
            assert resolved(gateway) == ("False", "RefNotPermitted")


def test_a_mirror_needs_a_grant_as_well(stage):
    main, shadow = (stage.keep(Peer(answering(response(name)))) for name in (b"main", b"shadow"))
    mirror = {"type": "RequestMirror", "requestMirror": {"backendRef": {**TO_BACKEND, "name": "shadow"}}}
    route = far_route({**TO_BACKEND, "namespace": manifests.NAMESPACE}, [mirror])
    objects = [manifests.gateway(), route, manifests.static("web", main.port), moved(manifests.static("shadow", shadow.port))]

    def write(*grants):
        return stage.write("config.yaml", manifests.to_text(*objects, *grants))
    gateway = stage.gateway([write()], binds=["edge"])
    assert harness.post(gateway.port("edge"), "/", b"x").body == b"main"
    assert resolved(gateway) == ("False", "RefNotPermitted") and shadow.connections == 0
    gateway.reloaded(lambda: write(grant("HTTPRoute", "AgentgatewayBackend", target_group="agentgateway.dev")))
    assert resolved(gateway) == ("True", "ResolvedRefs")
    assert harness.post(gateway.port("edge"), "/", b"x").body == b"main"
    name = f'gatehouse_mirrored_requests_total{{backend="{FAR}/shadow",result="sent"}} 1'
    harness.eventually(lambda: name in gateway.metrics(), "the copy is sent")


def listener_of(gateway, name):
    listed = json.loads(gateway.get("admin", "/api/resources?kind=Gateway&namespace=default&name=edge")[1])
    for listener in listed["items"][0]["status"]["listeners"]:
        if listener["name"] == name:
            return {item["type"]: (item["status"], item["reason"]) for item in listener["conditions"]}
    raise AssertionError(f"no listener {name}")


def test_a_gateway_shows_a_certificate_of_another_namespace_for_as_long_as_a_grant_lets_it(stage):
    authority = Authority(stage.folder, "ours")
    secret = authority.issue("leaf", "DNS:localhost").secret("cert", FAR)
    peer = stage.keep(Peer(answering(response(b"main"))))
    edge = manifests.gateway()
    edge["spec"]["listeners"].append({
        "name": "secure", "protocol": "HTTPS", "port": 443, "tls": {"certificateRefs": [{"name": "cert", "namespace": FAR}]},
    })
    objects = [edge, manifests.route("web", "web"), manifests.static("web", peer.port), secret]

    def write(*grants):
        return stage.write("config.yaml", manifests.to_text(*objects, *grants))
    gateway = stage.gateway([write()], extra=["--bind", "edge/http=127.0.0.1:0", "--bind", "edge/secure=127.0.0.1:0"])
    assert listener_of(gateway, "secure")["ResolvedRefs"] == ("False", "RefNotPermitted")
    assert listener_of(gateway, "secure")["Programmed"] == ("False", "Invalid")
    gateway.reloaded(lambda: write(grant("Gateway", "Secret", "cert")))
    assert listener_of(gateway, "secure")["Programmed"] == ("True", "Programmed")
    context = ssl.create_default_context(cafile=authority.pem)
    connection = http.client.HTTPSConnection("localhost", gateway.port("edge", "secure"), context=context, timeout=harness.PATIENCE)
    connection.request("GET", "/")
    assert connection.getresponse().read() == b"main"
    connection.close()
    gateway.reloaded(lambda: write())
    assert listener_of(gateway, "secure")["ResolvedRefs"] == ("False", "RefNotPermitted")
    assert listener_of(gateway, "secure")["Programmed"] == ("False", "Invalid")
    assert harness.post(gateway.port("edge", "http"), "/", b"x").body == b"main"
