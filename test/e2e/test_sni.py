"""Which listener and which certificate a name gets; requests on a connection that was made for another name."""

import http.client
import json
import socket
import ssl
import subprocess

import pytest

import harness
import manifests
from issuing import EC, RSA, Authority, https
from h2_client import Client

NAMES = {"exact": "a.example.com", "wild": "*.example.com", "other": "b.example.org", "any": None}


def listeners(names=NAMES):
    return [https(name, hostname=hostname, secrets=[f"cert-{name}"]) for name, hostname in names.items()]


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("certificates"), "servers")


def text(authority, names, **secrets):
    gateway = manifests.gateway()
    gateway["spec"]["listeners"] = listeners(names)
    made = [authority.issue(f"of {name}", f"DNS:{hostname or 'fallback.test'}").secret(f"cert-{name}") for name, hostname in names.items()]
    return manifests.to_text(gateway, manifests.route("all", "m"), manifests.openai("m", 1, "served"), *made)


@pytest.fixture(scope="module")
def edge(shared_stage, authority):
    return shared_stage.gateway([shared_stage.write("sni.yaml", text(authority, NAMES))], binds=["edge"])


def connected(port, authority, name, alpn=None, **options):
    """A TLS connection that asks for `name`, and does not check it."""
    context = ssl.create_default_context(cafile=authority.pem)
    context.check_hostname = False
    for option, value in options.items():
        setattr(context, option, value)
    return context.wrap_socket(socket.create_connection(("127.0.0.1", port), timeout=harness.PATIENCE), server_hostname=name)


def common_name(secure):
    return dict(field for part in secure.getpeercert()["subject"] for field in part)["commonName"]


def ask(secure, host, path="/v1/models"):
    secure.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    reply = http.client.HTTPResponse(secure)
    reply.begin()
    return reply.status, reply.read(), reply


@pytest.mark.parametrize("name, owner", [
    ("a.example.com", "exact"), ("A.Example.COM", "exact"), ("x.example.com", "wild"), ("x.y.example.com", "wild"),
    ("b.example.org", "other"), ("example.com", "any"), ("elsewhere.test", "any"), (None, "any"),
])
def test_the_certificate_is_that_of_the_listener(edge, authority, name, owner):
    with connected(edge.port("edge"), authority, name) as secure:
        assert common_name(secure) == f"of {owner}"


@pytest.mark.parametrize("name, host, status, listener", [
    ("a.example.com", "a.example.com", 200, "exact"), ("a.example.com", "A.EXAMPLE.COM:443", 200, "exact"),
    ("a.example.com", "b.example.org", 421, "other"), ("a.example.com", "x.example.com", 421, "wild"),
    ("x.example.com", "y.example.com", 200, "wild"), ("x.example.com", "a.example.com", 421, "exact"),
    ("elsewhere.test", "a.example.com", 421, "exact"), ("a.example.com", "elsewhere.test", 421, "any"),
    ("elsewhere.test", "other.test", 200, "any"), (None, "a.example.com", 200, "exact"), (None, "elsewhere.test", 200, "any"),
])
def test_a_request_on_a_connection_made_for_another_listener_is_misdirected(edge, authority, name, host, status, listener):
    with connected(edge.port("edge"), authority, name) as secure:
        got, body, reply = ask(secure, host)
        assert got == status
        if status == 421:
            error = json.loads(body)["error"]
            assert error["code"] == "misdirected_request" and error["type"] == "invalid_request_error"
            assert name in error["message"]
        # The connection goes on for who it was made for.
        if name:
            assert ask(secure, name)[0] == 200
    line = edge.access_of(reply)
    assert (line["http.status"], line["listener"]) == (status, listener)


def test_the_same_over_http2_and_in_the_dialect_of_messages(edge, authority):
    context = ssl.create_default_context(cafile=authority.pem)
    client = Client(edge.port("edge"), cafile=authority.pem, name="a.example.com")
    try:
        statuses = {}
        for host in ("a.example.com", "b.example.org", "a.example.com"):
            pseudo = [(":method", "POST"), (":scheme", "https"), (":authority", host), (":path", "/v1/messages")]
            number = client.start("POST", "/v1/messages", [("content-type", "application/json")], b"{}", pseudo=pseudo)
            client.until(lambda: client.streams[number].ended, "an answer")
            statuses.setdefault(host, []).append(client.streams[number].status)
            if host == "b.example.org":
                assert json.loads(bytes(client.streams[number].body))["type"] == "error"
    finally:
        client.stop()
    assert statuses["b.example.org"] == [421] and 421 not in statuses["a.example.com"] and len(statuses["a.example.com"]) == 2


def test_hosts_of_no_listener_are_not_found(stage, authority):
    names = {"exact": "a.example.com", "other": "b.example.org"}
    gateway = stage.gateway([stage.write("c.yaml", text(authority, names))], binds=["edge"])
    for name, host, status in (("a.example.com", "elsewhere.test", 404), ("elsewhere.test", "elsewhere.test", 404),
                               ("elsewhere.test", "a.example.com", 421), ("a.example.com", "b.example.org", 421)):
        with connected(gateway.port("edge"), authority, name) as secure:
            assert ask(secure, host)[0] == status, (name, host)


def test_overlapping_names_are_said_and_gone_with_the_overlap(stage, authority):
    def overlapping(gateway):
        listed = json.loads(gateway.get("admin", "/api/resources?kind=Gateway&namespace=default&name=edge")[1])
        return {item["name"]: [(one["status"], one["reason"]) for one in item["conditions"] if one["type"] == "OverlappingTLSConfig"]
                for item in listed["items"][0]["status"]["listeners"]}
    names = {"exact": "a.example.com", "wild": "*.example.com", "other": "b.example.org"}
    gateway = stage.gateway([stage.write("c.yaml", text(authority, names))], binds=["edge"])
    said = [("True", "OverlappingHostnames")]
    assert overlapping(gateway) == {"exact": said, "wild": said, "other": []}
    del names["wild"]
    gateway.reloaded(lambda: stage.write("c.yaml", text(authority, names)))
    assert overlapping(gateway) == {"exact": [], "other": []}


@pytest.fixture(scope="module")
def many(shared_stage, authority):
    """One listener for any name with several certificates: of two kinds of key for one name, of others for others."""
    gateway = manifests.gateway()
    pairs = {
        "rsa": authority.issue("rsa", "DNS:twin.test", key=RSA), "ec": authority.issue("ec", "DNS:twin.test", key=EC),
        "wild": authority.issue("wild", "DNS:*.wild.test"), "named": authority.issue("named", "DNS:named.wild.test", "DNS:alias.test"),
    }
    gateway["spec"]["listeners"] = [https(secrets=list(pairs))]
    objects = [pair.secret(name) for name, pair in pairs.items()]
    document = manifests.to_text(gateway, manifests.route("all", "m"), manifests.openai("m", 1, "served"), *objects)
    return shared_stage.gateway([shared_stage.write("many.yaml", document)], binds=["edge"])


@pytest.mark.parametrize("name, owner", [
    ("named.wild.test", "named"), ("x.wild.test", "wild"), ("alias.test", "named"), ("twin.test", "ec"), ("x.y.wild.test", "ec"),
    ("elsewhere.test", "ec"), (None, "ec"),
])
def test_of_several_certificates_the_one_issued_for_the_name(many, authority, name, owner):
    with connected(many.port("edge"), authority, name) as secure:
        assert common_name(secure) == owner


@pytest.mark.parametrize("algorithms, owner", [("rsa_pss_rsae_sha256", "rsa"), ("ecdsa_secp256r1_sha256", "ec")])
def test_a_client_gets_the_kind_of_key_that_it_takes(many, authority, algorithms, owner):
    said = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{many.port('edge')}", "-servername", "twin.test", "-sigalgs", algorithms],
        input=b"", capture_output=True).stdout
    assert f"subject=CN = {owner}".encode() in said
