"""Certificates of clients: Gateway.spec.tls.frontend, against clients of Python, curl and openssl."""

import http.client
import json
import socket
import ssl
import subprocess

import pytest

import harness
import manifests
from issuing import Authority, https

CORE = {"group": "", "kind": "ConfigMap"}


class Scene:
    """A server certificate, an authority of clients, and what clients show."""

    def __init__(self, folder):
        self.servers = Authority(folder, "servers")
        self.clients = Authority(folder, "clients")
        strangers = Authority(folder, "strangers")
        self.server = self.servers.issue("localhost", "DNS:localhost")
        self.shown = {
            "none": None,
            "valid": self.clients.issue("worker", extensions=["extendedKeyUsage=clientAuth"]),
            "spiffe": self.clients.issue("pod", "URI:spiffe://example.org/ns/team/sa/worker"),
            "expired": self.clients.issue("late", days=-1),
            "stranger": strangers.issue("worker"),
            "server's": self.clients.issue("worker", extensions=["extendedKeyUsage=serverAuth"]),
        }

    def text(self, frontend, *more, listeners=None):
        gateway = manifests.gateway()
        gateway["spec"]["listeners"] = listeners or [https()]
        gateway["spec"]["tls"] = {"frontend": frontend}
        return manifests.to_text(gateway, manifests.route("all", "m"), manifests.openai("m", 1, "served"),
                                 self.server.secret(), self.clients.config_map(), *more)

    def get(self, port, shown, sort=ssl.TLSVersion.TLSv1_3):
        """Status of an answer on a new connection; None when the handshake, or what follows it, is refused."""
        context = ssl.create_default_context(cafile=self.servers.pem)
        context.maximum_version = sort
        if pair := self.shown[shown]:
            context.load_cert_chain(pair.chain, pair.key)
        connection = http.client.HTTPSConnection("localhost", port, context=context, timeout=harness.PATIENCE)
        try:
            connection.request("GET", "/v1/models")
            return connection.getresponse().status
        except (ssl.SSLError, ConnectionError):
            return None
        finally:
            connection.close()


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    return Scene(tmp_path_factory.mktemp("certificates"))


def validation(*refs, mode=None):
    return {"validation": {"caCertificateRefs": list(refs) or [CORE | {"name": "ca"}]} | ({"mode": mode} if mode else {})}


def gateway_of(stage, text, binds=("edge",)):
    return stage.gateway([stage.write("c.yaml", text)], binds=binds)


def listener_conditions(gateway, name="https"):
    listed = json.loads(gateway.get("admin", "/api/resources?kind=Gateway&namespace=default&name=edge")[1])
    status = listed["items"][0]["status"]
    found = next(item for item in status["listeners"] if item["name"] == name)
    return {item["type"]: item for item in found["conditions"]}


def identities(gateway, count):
    return [line.get("src.identity") for line in gateway.access_log(count)]


@pytest.mark.parametrize("mode", [None, "AllowValidOnly"])
def test_only_clients_with_a_valid_certificate_get_in(stage, scene, mode):
    gateway = gateway_of(stage, scene.text({"default": validation(mode=mode)}))
    port = gateway.port("edge")
    for sort in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        assert {shown: scene.get(port, shown, sort) for shown in scene.shown} == {
            "none": None, "valid": 200, "spiffe": 200, "expired": None, "stranger": None, "server's": None}
    assert identities(gateway, 4) == ["CN = worker", "spiffe://example.org/ns/team/sa/worker"] * 2
    refused = 'gatehouse_protocol_errors_total{listener="https",kind="tls_certificate"} 8'
    gateway.wait_for(lambda: refused in gateway.metrics(), "the eight are counted")
    assert listener_conditions(gateway)["Accepted"]["status"] == "True"


@pytest.mark.parametrize("shown, why", [("none", "CERTIFICATE_REQUIRED"), ("stranger", "UNKNOWN_CA"), ("expired", "CERTIFICATE_EXPIRED")])
def test_who_is_refused_reads_why_although_it_was_sending(stage, scene, shown, why):
    gateway = gateway_of(stage, scene.text({"default": validation()}))
    context = ssl.create_default_context(cafile=scene.servers.pem)
    if pair := scene.shown[shown]:
        context.load_cert_chain(pair.chain, pair.key)
    with socket.create_connection(("localhost", gateway.port("edge")), timeout=harness.PATIENCE) as plain:
        with context.wrap_socket(plain, server_hostname="localhost") as client:  # whole for the client, with TLS 1.3
            client.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 200000\r\n\r\n" + bytes(200000))
            with pytest.raises(ssl.SSLError, match=why):
                client.recv(1)


def test_the_fallback_serves_everybody_and_names_only_who_is_valid(stage, scene):
    gateway = gateway_of(stage, scene.text({"default": validation(mode="AllowInsecureFallback")}))
    port = gateway.port("edge")
    for shown in scene.shown:
        assert scene.get(port, shown) == 200, shown
    known = {"valid": "CN = worker", "spiffe": "spiffe://example.org/ns/team/sa/worker"}
    assert identities(gateway, len(scene.shown)) == [known.get(shown) for shown in scene.shown]
    listed = json.loads(gateway.get("admin", "/api/resources?kind=Gateway&namespace=default&name=edge")[1])
    insecure = [item for item in listed["items"][0]["status"]["conditions"] if item["type"] == "InsecureFrontendValidationMode"]
    assert [(item["status"], item["reason"]) for item in insecure] == [("True", "ConfigurationChanged")]


def test_a_port_of_its_own_replaces_the_default(stage, scene):
    frontend = {"default": validation(), "perPort": [{"port": 8444, "tls": validation(mode="AllowInsecureFallback")},
                                                     {"port": 8445, "tls": {}}]}
    listeners = [https("one", 8443), https("two", 8444), https("three", 8445)]
    gateway = gateway_of(stage, scene.text(frontend, listeners=listeners), [f"edge/{name}" for name in ("one", "two", "three")])
    answers = {name: [scene.get(gateway.port("edge", name), shown) for shown in ("none", "valid")]
               for name in ("one", "two", "three")}
    assert answers == {"one": [None, 200], "two": [200, 200], "three": [200, 200]}
    assert identities(gateway, 5).count("CN = worker") == 2, "the third does not ask"


def test_several_authorities_and_those_of_other_namespaces(stage, scene, tmp_path):
    others = Authority(tmp_path, "others")
    scene.shown["other"] = others.issue("guest")
    refs = [CORE | {"name": "ca"}, {"group": "", "kind": "Secret", "name": "ca", "namespace": "far"}]
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "ca", "namespace": "far"},
              "stringData": {"ca.crt": others.pem.read_text()}}
    grant = {"apiVersion": "gateway.networking.k8s.io/v1beta1", "kind": "ReferenceGrant",
             "metadata": {"name": "g", "namespace": "far"},
             "spec": {"from": [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "namespace": "default"}],
                      "to": [{"group": "", "kind": "Secret", "name": "ca"}]}}
    text = scene.text({"default": validation(*refs)}, secret, grant)
    gateway = gateway_of(stage, text)
    port = gateway.port("edge")
    assert [scene.get(port, shown) for shown in ("valid", "other", "stranger")] == [200, 200, None]
    assert listener_conditions(gateway)["ResolvedRefs"]["status"] == "True"
    # Revoked at once; the one of its own namespace still counts.
    gateway.reloaded(lambda: stage.write("c.yaml", scene.text({"default": validation(*refs)}, secret)))
    assert [scene.get(port, shown) for shown in ("valid", "other", "stranger")] == [200, None, None]
    resolved = listener_conditions(gateway)["ResolvedRefs"]
    assert (resolved["status"], resolved["reason"]) == ("False", "RefNotPermitted")
    del scene.shown["other"]


def test_an_authority_that_is_no_certificate_is_said_and_nobody_gets_in(stage, scene):
    broken = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "broken", "namespace": "default"},
              "data": {"ca.crt": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"}}
    text = scene.text({"default": validation(CORE | {"name": "broken"})}, broken,
                      listeners=[https(), {"name": "http", "protocol": "HTTP", "port": 80}])
    gateway = gateway_of(stage, text, ["edge/http"])
    conditions = listener_conditions(gateway)
    assert (conditions["Accepted"]["status"], conditions["Accepted"]["reason"]) == ("False", "NoValidCACertificate")
    assert (conditions["ResolvedRefs"]["status"], conditions["ResolvedRefs"]["reason"]) == ("False", "InvalidCACertificateRef")
    assert "ConfigMap default/broken" in conditions["ResolvedRefs"]["message"]
    assert all(line["listener"] != "https" for line in gateway.json_lines() if line.get("msg") == "listening")


def test_connections_end_when_their_clients_must_show_more(stage, scene):
    gateway = gateway_of(stage, scene.text({"default": validation(mode="AllowInsecureFallback")}))
    context = ssl.create_default_context(cafile=scene.servers.pem)
    kept = http.client.HTTPSConnection("localhost", gateway.port("edge"), context=context, timeout=harness.PATIENCE)
    kept.request("GET", "/v1/models")
    assert kept.getresponse().read()
    gateway.reloaded(lambda: stage.write("c.yaml", scene.text({"default": validation()})))
    assert kept.sock.recv(1) == b"", "nothing more is served on it"


def test_curl_and_openssl_show_theirs(stage, scene):
    gateway = gateway_of(stage, scene.text({"default": validation()}))
    port, pair = gateway.port("edge"), scene.shown["valid"]
    url = f"https://localhost:{port}/v1/models"
    curl = ["curl", "-s", "--max-time", "20", "--cacert", scene.servers.pem, "-o", "/dev/null", "-w", "%{http_version} %{http_code}"]
    said = subprocess.run([*curl, "--cert", pair.chain, "--key", pair.key, url], capture_output=True, text=True, check=True)
    assert said.stdout == "2 200"
    assert subprocess.run([*curl, url], capture_output=True).returncode != 0
    client = ["openssl", "s_client", "-connect", f"localhost:{port}", "-CAfile", scene.servers.pem, "-brief"]
    told = subprocess.run([*client, "-ign_eof"], input=b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", capture_output=True)
    asked = subprocess.run([*client[:-1], "-cert", pair.chain, "-key", pair.key], input=b"", capture_output=True)
    assert b"certificate required" in told.stderr
    assert b"CN = clients" in asked.stdout.split(b"Acceptable client certificate CA names")[1]
