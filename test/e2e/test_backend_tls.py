"""BackendTLSPolicy against servers that have TLS: whom we trust, what name we ask for, and what happens when it does not fit."""

import json
import ssl

import pytest

import harness
import manifests
from issuing import Authority
from peer import Peer, read_request, response
from test_filters import conditions_of
from test_services import endpoint_slice, serve, service, to_service

NAMED = {"namespace": manifests.NAMESPACE}


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ours"), "ours")


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("theirs"), "theirs")


class TlsServer(Peer):
    """Answers with its name over TLS, and keeps the SNI of each connection."""

    def __init__(self, name, chain, key):
        self.asked, self.heads = [], []
        self._reply = response(name.encode())
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(chain, key)
        self._context.sni_callback = lambda _, asked, __: self.asked.append(asked)
        super().__init__(self._serve)

    def _serve(self, connection, _):
        with self._context.wrap_socket(connection, server_side=True) as secure:
            while (request := read_request(secure)) is not None:
                self.heads.append(request[0].lower())
                secure.sendall(self._reply)


def tls_server(stage, authority, *names, name="secure"):
    pair = authority.issue("leaf", *names)
    return stage.keep(TlsServer(name, pair.chain, pair.key))


def policy(name, target="web", kind="Service", section=None, created=None, **validation):
    group = "" if kind == "Service" else "agentgateway.dev"
    ref = {"group": group, "kind": kind, "name": target, **({"sectionName": section} if section else {})}
    if "wellKnownCACertificates" not in validation:
        validation.setdefault("caCertificateRefs", [{"group": "", "kind": "ConfigMap", "name": "ca"}])
    return {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "BackendTLSPolicy",
            "metadata": {"name": name, **NAMED, **({"creationTimestamp": created} if created else {})},
            "spec": {"targetRefs": [ref], "validation": {"hostname": "web.test", **validation}}}


def to_web(stage, peer, *objects):
    return serve(stage, to_service("web"), service("web"), endpoint_slice("web", peer.port), *objects)


def ask(gateway, path="/"):
    return harness.post(gateway.port("edge"), path, b"x", {"Host": "shop.example.org"})


def reasons(gateway, name):
    """Of the one ancestor of a policy: reason by type of condition."""
    listed = json.loads(gateway.get("admin", f"/api/resources?kind=BackendTLSPolicy&namespace=default&name={name}")[1])
    ancestor, = listed["items"][0]["status"]["ancestors"]
    assert ancestor["ancestorRef"]["name"] == "edge"
    return {item["type"]: (item["status"], item["reason"]) for item in ancestor["conditions"]}


ACCEPTED = {"Accepted": ("True", "Accepted"), "ResolvedRefs": ("True", "ResolvedRefs")}


def test_a_service_is_reached_by_tls_with_the_name_and_authority_of_its_policy(stage, ours):
    server = tls_server(stage, ours, "DNS:web.test")
    gateway = to_web(stage, server, ours.config_map("ca"), policy("secure"))
    reply = ask(gateway)
    assert (reply.status, reply.body) == (200, b"secure")
    assert server.asked == ["web.test"]
    assert b"\r\nhost: shop.example.org\r\n" in server.heads[0], "the name is for TLS; Host stays the client's"
    assert reasons(gateway, "secure") == ACCEPTED


def test_a_certificate_for_another_name_or_of_another_authority_is_refused(stage, ours, theirs):
    wrong_name = tls_server(stage, ours, "DNS:other.test")
    wrong_issuer = tls_server(stage, theirs, "DNS:web.test")
    gateway = serve(
        stage, to_service("name", prefix="/name"), service("name"), endpoint_slice("name", wrong_name.port),
        to_service("issuer", prefix="/issuer"), service("issuer"), endpoint_slice("issuer", wrong_issuer.port),
        ours.config_map("ca"), policy("name", "name"), policy("issuer", "issuer"),
    )
    for path in ("/name", "/issuer"):
        assert ask(gateway, path).status == 502, path
    assert wrong_name.heads == wrong_issuer.heads == [], "no request is sent to a server that is not trusted"


def test_a_plain_server_gets_nothing_where_a_policy_wants_tls(stage, ours):
    heads = []

    def handle(connection, _):
        connection.sendall(response())
        heads.append(connection.recv(65536))
    peer = stage.keep(Peer(handle))
    gateway = to_web(stage, peer, ours.config_map("ca"), policy("secure"))
    assert ask(gateway).status == 503
    assert not any(b"HTTP/1.1" in head for head in heads)


URI = "spiffe://example.org/web"


@pytest.mark.parametrize("certificate, wanted, status", [
    (["DNS:alt.test"], [{"type": "Hostname", "hostname": "alt.test"}], 200),
    (["DNS:alt.test"], [{"type": "Hostname", "hostname": "else.test"}, {"type": "Hostname", "hostname": "alt.test"}], 200),
    (["DNS:*.alt.test"], [{"type": "Hostname", "hostname": "a.alt.test"}], 200),
    (["DNS:web.test"], [{"type": "Hostname", "hostname": "alt.test"}], 502),
    ([f"URI:{URI}"], [{"type": "URI", "uri": URI}], 200),
    (["DNS:web.test", f"URI:{URI}"], [{"type": "URI", "uri": URI + "2"}], 502),
    (["DNS:alt.test"], [{"type": "URI", "uri": URI}, {"type": "Hostname", "hostname": "alt.test"}], 200),
    (["DNS:web.test"], [{"type": "URI", "uri": URI}, {"type": "Hostname", "hostname": "alt.test"}], 502),
])
def test_with_alternative_names_one_of_them_must_be_in_the_certificate(stage, ours, certificate, wanted, status):
    server = tls_server(stage, ours, *certificate)
    gateway = to_web(stage, server, ours.config_map("ca"), policy("secure", subjectAltNames=wanted))
    assert ask(gateway).status == status
    assert server.asked == ["web.test"]


def test_a_common_name_is_no_name(stage, ours):
    pair = ours.issue("web.test", f"URI:{URI}")
    server = stage.keep(TlsServer("secure", pair.chain, pair.key))
    gateway = to_web(stage, server, ours.config_map("ca"), policy("secure"))
    assert ask(gateway).status == 502
    assert server.heads == []


def test_two_requests_resume_what_was_verified(stage, ours):
    server = tls_server(stage, ours, f"URI:{URI}")
    gateway = to_web(stage, server, ours.config_map("ca"), policy("secure", subjectAltNames=[{"type": "URI", "uri": URI}]))
    assert [ask(gateway).status for _ in range(4)] == [200] * 4


def test_a_policy_for_one_port_leaves_the_others_alone(stage, ours):
    server = tls_server(stage, ours, "DNS:web.test")
    plain = stage.keep(Peer(lambda connection, _: (read_request(connection), connection.sendall(response(b"plain")))))
    ports = [{"name": "https", "port": 443}, {"name": "http", "port": 80}]
    slices = [endpoint_slice("web", server.port, n=1), endpoint_slice("web", plain.port, n=2)]
    for item, port in zip(slices, ports):
        item["ports"][0]["name"] = port["name"]
    both = to_service("web", 443)
    both["spec"]["rules"].append({"matches": [{"path": {"value": "/plain"}}], "backendRefs": [{"name": "web", "port": 80}]})
    gateway = serve(stage, both, service("web", ports=ports), *slices, ours.config_map("ca"), policy("secure", section="https"))
    assert ask(gateway).body == b"secure" and ask(gateway, "/plain").body == b"plain"


def test_the_older_of_two_policies_counts_and_the_other_says_that_it_lost(stage, ours, theirs):
    server = tls_server(stage, ours, "DNS:web.test")
    gateway = to_web(
        stage, server, ours.config_map("ca"), theirs.config_map("theirs"),
        policy("a-younger", created="2025-02-01T00:00:00Z", caCertificateRefs=[{"group": "", "kind": "ConfigMap", "name": "theirs"}]),
        policy("b-older", created="2025-01-01T00:00:00Z"),
    )
    assert ask(gateway).body == b"secure"
    assert reasons(gateway, "b-older") == ACCEPTED
    assert reasons(gateway, "a-younger")["Accepted"] == ("False", "Conflicted")


NO_AUTHORITY = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "ca", **NAMED}}


@pytest.mark.parametrize("authority", [None, {**NO_AUTHORITY, "data": {"ca.crt": "no certificate"}}, {**NO_AUTHORITY, "data": {}}])
def test_an_authority_that_cannot_be_read_closes_the_way(stage, ours, authority):
    server = tls_server(stage, ours, "DNS:web.test")
    gateway = to_web(stage, server, *([authority] if authority else []), policy("secure"))
    assert ask(gateway).status == 502
    assert server.connections == 0
    assert reasons(gateway, "secure") == {
        "Accepted": ("False", "NoValidCACertificate"), "ResolvedRefs": ("False", "InvalidCACertificateRef"),
    }


def test_a_policy_for_a_port_that_is_not_there_closes_the_way(stage, ours):
    heads = []
    peer = stage.keep(Peer(lambda connection, _: heads.append(connection.recv(65536))))
    gateway = to_web(stage, peer, ours.config_map("ca"), policy("secure", section="renamed"))
    assert ask(gateway).status == 502
    assert heads == [], "the port it was for may be any that has another name now"
    assert reasons(gateway, "secure")["Accepted"] == ("False", "TargetNotFound")


@pytest.mark.parametrize("section", [None, "renamed"])
def test_a_policy_that_cannot_be_read_closes_the_way(stage, ours, section):
    heads = []
    peer = stage.keep(Peer(lambda connection, _: heads.append(connection.recv(65536))))
    faulty = policy("secure", section=section)
    del faulty["spec"]["validation"]["hostname"]
    gateway = to_web(stage, peer, ours.config_map("ca"), faulty)
    assert ask(gateway).status == 502
    assert heads == [], "a policy meant to protect this, and its fault is no reason not to"


def test_a_policy_comes_changes_and_goes_with_the_configuration(stage, ours, theirs):
    server = tls_server(stage, ours, "DNS:web.test")
    objects = [manifests.gateway(), to_service("web"), service("web"), endpoint_slice("web", server.port)]

    def write(*more):
        return stage.write("config.yaml", manifests.to_text(*objects, *more))
    gateway = stage.gateway([write()], binds=["edge"])
    assert ask(gateway).status >= 500, "plain text to a server that has TLS"
    gateway.reloaded(lambda: write(theirs.config_map("ca"), policy("secure")))
    assert ask(gateway).status == 502
    gateway.reloaded(lambda: write(ours.config_map("ca"), policy("secure")))
    assert ask(gateway).status == 200
    gateway.reloaded(lambda: write())
    assert ask(gateway).status >= 500


def test_a_backend_has_the_tls_of_its_policy_unless_it_says_its_own(stage, ours, theirs):
    server = tls_server(stage, ours, "DNS:web.test")
    own = manifests.static("own", server.port)
    own["spec"]["policies"] = {"tls": {"sni": "web.test", "caCertificateRefs": [{"name": "ca"}]}}
    gateway = serve(
        stage, manifests.route("attached", "attached"), manifests.static("attached", server.port), manifests.route("own", "own", prefix="/own"), own,
        ours.config_map("ca"), theirs.config_map("theirs"),
        policy("attached", "attached", "AgentgatewayBackend"),
        policy("own", "own", "AgentgatewayBackend", caCertificateRefs=[{"group": "", "kind": "ConfigMap", "name": "theirs"}]),
    )
    assert ask(gateway).body == b"secure" and ask(gateway, "/own").body == b"secure"


def test_https_and_wss_need_a_policy(stage, ours):
    server = tls_server(stage, ours, "DNS:web.test")
    for protocol in ("https", "kubernetes.io/wss"):
        spoken = service("web")
        spoken["spec"]["ports"][0]["appProtocol"] = protocol
        objects = [to_service("web"), spoken, endpoint_slice("web", server.port)]
        gateway = serve(stage, *objects)
        assert ask(gateway).status == 500
        assert conditions_of(gateway, "web")["ResolvedRefs"]["reason"] == "UnsupportedProtocol"
        gateway.stop()
        gateway = serve(stage, *objects, ours.config_map("ca"), policy("secure"))
        assert ask(gateway).body == b"secure"
        gateway.stop()
