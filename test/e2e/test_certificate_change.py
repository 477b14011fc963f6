"""Certificates that change, expire or are wrong, while others are served."""

import http.client
import json
import socket
import ssl

import harness
import manifests
from issuing import Authority, https
from peer import Peer, read_request
from test_sni import ask, common_name, connected


def conditions(gateway):
    listed = json.loads(gateway.get("admin", "/api/resources?kind=Gateway&namespace=default&name=edge")[1])
    return {item["name"]: {one["type"]: one for one in item["conditions"]} for item in listed["items"][0]["status"]["listeners"]}


def text(*secrets, listeners, backend=None):
    gateway = manifests.gateway()
    gateway["spec"]["listeners"] = listeners
    return manifests.to_text(gateway, manifests.route("all", "m"), backend or manifests.openai("m", 1, "served"), *secrets)


class Dripping:
    """An upstream that sends a piece of its answer when told."""

    def __init__(self):
        self.connection = None

    def __call__(self, connection, _):
        read_request(connection)
        self.connection = connection  # before the client can know of it
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        connection.recv(1)

    def send(self, piece):
        self.connection.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))

    def end(self):
        self.connection.sendall(b"0\r\n\r\n")


def test_a_new_certificate_is_served_to_new_handshakes_and_drops_nobody(stage):
    authority = Authority(stage.folder, "servers")
    upstream = Dripping()
    backend = manifests.static("m", stage.keep(Peer(upstream)).port)
    def with_certificate(name):
        return text(authority.issue(name, "DNS:localhost").secret(), listeners=[https()], backend=backend)
    gateway = stage.gateway([stage.write("c.yaml", with_certificate("first"))], binds=["edge"])
    port = gateway.port("edge")
    streaming = connected(port, authority, "localhost")
    streaming.sendall(b"GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
    reply = http.client.HTTPResponse(streaming)
    reply.begin()
    upstream.send(b"one")
    assert reply.read(3) == b"one"
    gateway.reloaded(lambda: stage.write("c.yaml", with_certificate("second")))
    assert common_name(connected(port, authority, "localhost")) == "second"
    assert common_name(streaming) == "first"
    upstream.send(b"two")
    assert reply.read(3) == b"two"
    upstream.end()
    assert reply.read() == b""
    # And it takes the next request.
    streaming.sendall(b"GET /none HTTP/1.1\r\nHost: localhost\r\n\r\n")
    again = http.client.HTTPResponse(streaming)
    again.begin()
    assert again.status == 200


def test_a_key_of_another_certificate_stops_that_listener_alone(stage):
    authority = Authority(stage.folder, "servers")
    good, bad = authority.issue("good", "DNS:good.test"), authority.issue("bad", "DNS:bad.test")
    mixed = bad.secret("bad")
    mixed["stringData"]["tls.key"] = good.key.read_text()
    listeners = [https("good", hostname="good.test", secrets=["good"]), https("bad", hostname="bad.test", secrets=["bad"])]
    gateway = stage.gateway([stage.write("c.yaml", text(good.secret("good"), mixed, listeners=listeners))], binds=["edge"])
    with connected(gateway.port("edge"), authority, "good.test") as secure:
        assert ask(secure, "good.test")[0] == 200
        assert ask(secure, "bad.test")[0] == 404
    found = conditions(gateway)
    assert found["good"]["ResolvedRefs"]["status"] == found["good"]["Programmed"]["status"] == "True"
    resolved = found["bad"]["ResolvedRefs"]
    assert (resolved["status"], resolved["reason"]) == ("False", "InvalidCertificateRef") and "Secret default/bad" in resolved["message"]
    assert found["bad"]["Programmed"]["status"] == "False"
    # Repaired, it is served.
    gateway.reloaded(lambda: stage.write("c.yaml", text(good.secret("good"), bad.secret("bad"), listeners=listeners)))
    with connected(gateway.port("edge"), authority, "bad.test") as secure:
        assert common_name(secure) == "bad" and ask(secure, "bad.test")[0] == 200


def test_a_key_that_no_library_takes_is_said_as_well(stage):
    authority = Authority(stage.folder, "servers")
    short = authority.issue("short", "DNS:short.test", key=("rsa:1024",))
    listeners = [https("short", hostname="short.test"), {"name": "http", "protocol": "HTTP", "port": 80}]
    gateway = stage.gateway([stage.write("c.yaml", text(short.secret(), listeners=listeners))], binds=["edge/http"])
    resolved = conditions(gateway)["short"]["ResolvedRefs"]
    assert resolved["reason"] == "InvalidCertificateRef" and "too small" in resolved["message"]


def test_an_expired_certificate_is_said_of_its_listener_and_its_clients_see_it(stage):
    authority = Authority(stage.folder, "servers")
    late = authority.issue("late", "DNS:late.test", days=-1)
    fresh = authority.issue("fresh", "DNS:fresh.test")
    listeners = [https("late", hostname="late.test", secrets=["late"]), https("fresh", hostname="fresh.test", secrets=["fresh"])]
    path = stage.write("c.yaml", text(late.secret("late"), fresh.secret("fresh"), listeners=listeners))
    gateway = stage.gateway([path], binds=["edge"])
    port = gateway.port("edge")
    with connected(port, authority, "fresh.test") as secure:
        assert ask(secure, "fresh.test")[0] == 200
    context = ssl.create_default_context(cafile=authority.pem)
    try:
        with context.wrap_socket(socket.create_connection(("127.0.0.1", port), timeout=harness.PATIENCE), server_hostname="late.test"):
            raise AssertionError("it was taken")
    except ssl.SSLCertVerificationError as error:
        assert "expired" in str(error)
    found = conditions(gateway)
    resolved = found["late"]["ResolvedRefs"]
    assert (resolved["status"], resolved["reason"]) == ("False", "InvalidCertificateRef")
    assert "Secret default/late: its certificate expired at" in resolved["message"]
    assert found["fresh"]["ResolvedRefs"]["status"] == "True"
    program = stage.process(["validate", "-f", path])
    assert program.exit_code() == 1 and "spec.listeners[0].tls.certificateRefs[0].name: Secret default/late: its certificate expired" in program.text()


def test_the_admin_service_lists_what_is_used_until_when_and_where(stage):
    authority = Authority(stage.folder, "servers")
    server, shown = authority.issue("server", "DNS:a.test", "DNS:b.test", days=30), authority.issue("shown", days=-1)
    backend = manifests.static("m", 1)
    backend["spec"]["policies"] = {"tls": {"mtlsCertificateRef": [{"name": "shown"}]}}
    listeners = [https("one", 8443), https("two", 8444)]
    path = stage.write("c.yaml", text(server.secret(), shown.secret("shown"), listeners=listeners, backend=backend))
    gateway = stage.gateway([path], binds=["edge/one", "edge/two"])
    first, second = json.loads(gateway.get("admin", "/api/certificates")[1])["certificates"]
    assert (first["secret"], first["subject"], first["names"]) == ("default/cert", "CN = server", ["a.test", "b.test"])
    assert first["used_by"] == ["Gateway default/edge listener one", "Gateway default/edge listener two"]
    assert first["not_before"] < first["not_after"] and first["not_after"].endswith("Z")
    assert (second["secret"], second["used_by"]) == ("default/shown", ["AgentgatewayBackend default/m"])
    said = "spec.policies.tls.mtlsCertificateRef[0].name: Secret default/shown: its certificate expired at"
    program = stage.process(["validate", "-f", path])
    assert program.exit_code() == 1 and said in program.text()
