"""Versions, suites, groups, protocols and the time of a handshake, as policies set them (spec.frontend.tls)."""

import json
import socket
import ssl
import subprocess

import pytest

import harness
import manifests
from issuing import EC, RSA, Authority, https

GCM128 = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"
CHACHA = "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"
ONE_OF_13 = "TLS13_AES_128_GCM_SHA256"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("certificates"), "servers")


@pytest.fixture(scope="module")
def pair(authority):
    return authority.issue("localhost", "DNS:localhost")


def policy(name, tls, created=None, **target):
    metadata = {"name": name, "namespace": manifests.NAMESPACE} | ({"creationTimestamp": created} if created else {})
    return {"apiVersion": "agentgateway.dev/v1alpha1", "kind": "AgentgatewayPolicy", "metadata": metadata,
            "spec": {"targetRefs": [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "edge", **target}],
                     "frontend": {"tls": tls}}}


def text(pair, *policies, listeners=None):
    gateway = manifests.gateway()
    gateway["spec"]["listeners"] = listeners or [https()]
    return manifests.to_text(gateway, manifests.route("all", "m"), manifests.openai("m", 1, "served"), pair.secret(), *policies)


class Edge:
    """A gateway under one policy, and what openssl agrees on with it."""

    def __init__(self, stage, pair, tls):
        self.stage, self.pair = stage, pair
        self.path = stage.write("c.yaml", text(pair, policy("p", tls)))
        self.gateway = stage.gateway([self.path], binds=["edge"])
        self.port = self.gateway.port("edge")

    def change(self, tls):
        self.gateway.reloaded(lambda: self.stage.write("c.yaml", text(self.pair, policy("p", tls))))

    def agreed(self, *options):
        """Version and suite; None when the handshake fails."""
        said = subprocess.run(["openssl", "s_client", "-connect", f"localhost:{self.port}", "-brief", *options],
                              input=b"", capture_output=True).stderr.decode()
        lines = dict(line.split(": ", 1) for line in said.splitlines() if ": " in line)
        return (lines["Protocol version"], lines["Ciphersuite"]) if "Protocol version" in lines else None

    def alpn(self, *offered):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols(list(offered))
        try:
            with context.wrap_socket(socket.create_connection(("localhost", self.port), timeout=harness.PATIENCE)) as secure:
                return secure.selected_alpn_protocol()
        except (ssl.SSLError, ConnectionError):
            return None


def test_versions(stage, pair):
    edge = Edge(stage, pair, {"minProtocolVersion": "1.3"})
    assert edge.agreed("-tls1_2") is None and edge.agreed()[0] == "TLSv1.3"
    edge.change({"maxProtocolVersion": "1.2"})
    assert edge.agreed("-tls1_3") is None and edge.agreed()[0] == "TLSv1.2"
    edge.change({"handshakeTimeout": "5s"})
    assert edge.agreed("-tls1_2")[0] == "TLSv1.2" and edge.agreed()[0] == "TLSv1.3"


def test_cipher_suites_and_the_versions_they_leave(stage, pair):
    edge = Edge(stage, pair, {"cipherSuites": [CHACHA, GCM128, ONE_OF_13]})
    assert edge.agreed() == ("TLSv1.3", "TLS_AES_128_GCM_SHA256")
    assert edge.agreed("-tls1_2") == ("TLSv1.2", "ECDHE-ECDSA-CHACHA20-POLY1305"), "the order is ours"
    assert edge.agreed("-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-GCM-SHA384") is None
    assert edge.agreed("-tls1_3", "-ciphersuites", "TLS_AES_256_GCM_SHA384") is None
    edge.change({"cipherSuites": [GCM128]})
    assert edge.agreed() == ("TLSv1.2", "ECDHE-ECDSA-AES128-GCM-SHA256") and edge.agreed("-tls1_3") is None
    edge.change({"cipherSuites": [ONE_OF_13]})
    assert edge.agreed("-tls1_2") is None and edge.agreed()[0] == "TLSv1.3"


def test_key_exchange_groups(stage, pair):
    edge = Edge(stage, pair, {"keyExchangeGroups": ["P-384"]})
    assert edge.agreed("-groups", "X25519:P-256") is None
    assert edge.agreed("-groups", "P-384") is not None


def test_protocols_by_alpn(stage, pair):
    edge = Edge(stage, pair, {"alpnProtocols": ["http/1.1"]})
    assert edge.alpn("h2", "http/1.1") == "http/1.1" and edge.alpn("h2") is None
    edge.change({"alpnProtocols": ["http/1.1", "spdy/3", "h2"]})
    assert edge.alpn("h2", "http/1.1") == "http/1.1" and edge.alpn("h2") == "h2"
    edge.change({"handshakeTimeout": "5s"})
    assert edge.alpn("h2", "http/1.1") == "h2"


def test_a_handshake_that_takes_too_long_is_ended(stage, pair):
    edge = Edge(stage, pair, {"handshakeTimeout": "100ms"})
    for _ in range(3):  # a look at whether the port is there is no mistake
        socket.create_connection(("localhost", edge.port), timeout=harness.PATIENCE).close()
    with socket.create_connection(("localhost", edge.port), timeout=harness.PATIENCE) as silent:
        assert silent.recv(1) == b""
    edge.gateway.wait_for(lambda: 'protocol_errors_total{listener="https",kind="tls"} 1' in edge.gateway.metrics(), "it is counted")


def test_plain_http_is_told_that_the_port_takes_https(stage, pair):
    gateway = stage.gateway([stage.write("c.yaml", text(pair))], binds=["edge"])
    for method, body in (("GET", None), ("POST", {"text": "x" * 200_000}), ("OPTIONS", None)):
        reply = harness.post(gateway.port("edge"), "/v1/models", body, method=method)
        assert (reply.status, reply.headers["content-type"], reply.headers["connection"]) == (400, "application/problem+json", "close")
        problem = reply.json()
        assert problem["code"] == "plain_http" and "https://" in problem["detail"]
        assert problem["request_id"] == reply.headers["x-gatehouse-request-id"]
        assert gateway.access_of(reply)["gatehouse.outcome"] == "Refused"
    gateway.wait_for(lambda: 'protocol_errors_total{listener="https",kind="tls"} 3' in gateway.metrics(), "all are counted")
    assert harness.post(gateway.port("edge"), "/v1/models", None, method="GET").status == 400


def test_a_port_of_its_own_and_the_older_of_two(stage, pair):
    listeners = [https("one", 8443), https("two", 8444)]
    objects = (policy("late", {"maxProtocolVersion": "1.2"}, "2026-02-01T00:00:00Z"),
               policy("early", {"minProtocolVersion": "1.3"}, "2026-01-01T00:00:00Z"),
               policy("port", {"maxProtocolVersion": "1.2"}, "2026-03-01T00:00:00Z", port=8444))
    gateway = stage.gateway([stage.write("c.yaml", text(pair, *objects, listeners=listeners))], binds=["edge/one", "edge/two"])
    def version(name):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with context.wrap_socket(socket.create_connection(("localhost", gateway.port("edge", name)), timeout=harness.PATIENCE)) as secure:
            return secure.version()
    assert (version("one"), version("two")) == ("TLSv1.3", "TLSv1.2")
    listed = json.loads(gateway.get("admin", "/api/resources?kind=AgentgatewayPolicy&namespace=default&name=late")[1])
    told = {item["type"]: item for item in listed["items"][0]["status"]["ancestors"][0]["conditions"]}
    assert told["Overridden"]["status"] == "True" and "default/early" in told["Overridden"]["message"]


@pytest.mark.parametrize("tls, words", [
    ({"minProtocolVersion": "1.3", "maxProtocolVersion": "1.2"}, "spec.frontend.tls.minProtocolVersion"),
    ({"minProtocolVersion": "1.3", "cipherSuites": [GCM128]}, "spec.frontend.tls.cipherSuites"),
    ({"alpnProtocols": ["spdy/3"]}, "spec.frontend.tls.alpnProtocols"),
])
def test_what_leaves_nothing_to_speak_stops_the_listener_and_is_said(stage, pair, tls, words):
    listeners = [https(), {"name": "http", "protocol": "HTTP", "port": 80}]
    path = stage.write("c.yaml", text(pair, policy("p", tls), listeners=listeners))
    gateway = stage.gateway([path], binds=["edge/http"])
    listed = json.loads(gateway.get("admin", "/api/resources?kind=Gateway&namespace=default&name=edge")[1])
    found = {item["name"]: {one["type"]: one for one in item["conditions"]} for item in listed["items"][0]["status"]["listeners"]}
    accepted = found["https"]["Accepted"]
    assert (accepted["status"], accepted["reason"]) == ("False", "UnsupportedValue") and words in accepted["message"]
    assert found["http"]["Programmed"]["status"] == "True"
    program = stage.process(["validate", "-f", path])
    assert program.exit_code() == 1 and f"error: AgentgatewayPolicy default/p: {words}" in program.text()


@pytest.mark.parametrize("key, owner", [(RSA, "ECDHE-RSA-AES128-GCM-SHA256"), (EC, "ECDHE-ECDSA-AES128-GCM-SHA256")])
def test_suites_of_the_kind_of_key(stage, authority, key, owner):
    pair = authority.issue("localhost", "DNS:localhost", key=key)
    edge = Edge(stage, pair, {"cipherSuites": [GCM128, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"]})
    assert edge.agreed() == ("TLSv1.2", owner)
