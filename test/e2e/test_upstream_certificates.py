"""Certificates shown to upstreams: of a backend (policies.tls.mtlsCertificateRef) and of a Gateway (spec.tls.backend)."""

import json
import ssl

import pytest

import harness
import manifests
from issuing import Authority
from tls_peer import TlsPeer


@pytest.fixture(scope="module")
def authorities(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    class Made:
        servers, clients = Authority(folder, "servers"), Authority(folder, "clients")
        server = servers.issue("localhost", "DNS:localhost")
        backends, gateways = clients.issue("of the backend"), clients.issue("of the gateway")
    return Made


def backend(name, port, tls):
    made = manifests.static(name, port, host="localhost")
    made["spec"]["policies"] = {"tls": tls}
    return made


def bound(gateway_of, certificate=None):
    made = manifests.gateway(gateway_of)
    if certificate:
        made["spec"]["tls"] = {"backend": {"clientCertificateRef": {"name": certificate}}}
    return made


def scene(authorities, peer):
    """Gateways `certified` and `bare` share the backends: /own has a certificate of its own, / has none."""
    own = {"caCertificateRefs": [{"name": "ca"}], "mtlsCertificateRef": [{"name": "own"}]}
    routes = []
    for name in ("certified", "bare"):
        routes += [manifests.route(f"{name}-own", "own", "/own", gateway=name), manifests.route(f"{name}-none", "none", gateway=name)]
    return [bound("certified", "gateways"), bound("bare"), *routes,
            backend("own", peer.port, own), backend("none", peer.port, {"caCertificateRefs": [{"name": "ca"}]}),
            authorities.servers.config_map(), authorities.backends.secret("own"), authorities.gateways.secret("gateways")]


def get(gateway, name, path):
    return harness.post(gateway.port(name), path, None, method="GET").status


@pytest.mark.parametrize("most", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_who_shows_what(stage, authorities, most):
    peer = stage.keep(TlsPeer(authorities.server, authorities.clients.pem, required=False, most=most))
    path = stage.write("c.yaml", manifests.to_text(*scene(authorities, peer)))
    gateway = stage.gateway([path], binds=["certified", "bare"], workers=1)
    for name in ("certified", "bare"):
        assert [get(gateway, name, path) for path in ("/own", "/")] == [200, 200]
    assert [name for name, _ in peer.shown] == ["of the backend", "of the gateway", None], "one that shows the same is shared"


def test_an_upstream_that_demands_one_refuses_who_has_none(stage, authorities):
    peer = stage.keep(TlsPeer(authorities.server, authorities.clients.pem))
    gateway = stage.gateway([stage.write("c.yaml", manifests.to_text(*scene(authorities, peer)))], binds=["certified", "bare"])
    assert get(gateway, "certified", "/") == 200
    assert get(gateway, "bare", "/own") == 200
    assert get(gateway, "bare", "/") in (502, 503)


def test_a_new_certificate_is_shown_on_the_next_connection(stage, authorities):
    peer = stage.keep(TlsPeer(authorities.server, authorities.clients.pem))
    objects = scene(authorities, peer)
    gateway = stage.gateway([stage.write("c.yaml", manifests.to_text(*objects))], binds=["certified", "bare"])
    assert get(gateway, "certified", "/") == 200
    objects[-1] = authorities.clients.issue("the next one").secret("gateways")
    gateway.reloaded(lambda: stage.write("c.yaml", manifests.to_text(*objects)))
    assert get(gateway, "certified", "/") == 200
    assert [name for name, _ in peer.shown] == ["of the gateway", "the next one"]


def test_a_key_of_another_certificate_is_said(stage, authorities):
    peer = stage.keep(TlsPeer(authorities.server))
    wrong = authorities.gateways.secret("own")
    wrong["stringData"]["tls.key"] = authorities.backends.key.read_text()
    objects = [item for item in scene(authorities, peer) if item["metadata"]["name"] not in ("own", "gateways") or item["kind"] != "Secret"]
    wrong_gateway = json.loads(json.dumps(wrong))
    wrong_gateway["metadata"]["name"] = "gateways"
    gateway = stage.gateway([stage.write("c.yaml", manifests.to_text(*objects, wrong, wrong_gateway))], binds=["certified", "bare"])
    reply = harness.post(gateway.port("bare"), "/own", None, method="GET")
    assert reply.status == 503 and "does not belong" in reply.json()["detail"]
    listed = json.loads(gateway.get("admin", "/api/resources?kind=Gateway&namespace=default&name=certified")[1])
    resolved = next(item for item in listed["items"][0]["status"]["conditions"] if item["type"] == "ResolvedRefs")
    assert (resolved["status"], resolved["reason"]) == ("False", "InvalidClientCertificateRef")
    assert "Secret default/gateways" in resolved["message"]


@pytest.mark.parametrize("most", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_sessions_with_an_upstream_are_resumed(stage, authorities, most):
    """Also when no connection was left in between, and after a reload that changes nothing of it."""
    peer = stage.keep(TlsPeer(authorities.server, keep=False, most=most))
    objects = scene(authorities, peer)
    gateway = stage.gateway([stage.write("c.yaml", manifests.to_text(*objects))], binds=["certified", "bare"], workers=1)
    for _ in range(3):
        assert get(gateway, "bare", "/") == 200
    objects.append(manifests.route("more", "none", "/more", gateway="bare"))
    gateway.reloaded(lambda: stage.write("c.yaml", manifests.to_text(*objects)))
    assert get(gateway, "bare", "/more") == 200
    assert [resumed for _, resumed in peer.shown] == [False, True, True, True]
    assert get(gateway, "certified", "/") == 200
    assert peer.shown[-1] == (None, False), "another certificate is shown there"
