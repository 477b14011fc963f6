"""Sessions of clients: resumed on every worker, over reloads that change nothing of them, and nowhere else."""

import http.client
import re
import socket
import ssl
import subprocess

import pytest

import harness
import manifests
from issuing import Authority, https


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("certificates"), "both")


@pytest.fixture(scope="module")
def pairs(authority):
    return {"server": authority.issue("localhost", "DNS:localhost"), "next": authority.issue("localhost", "DNS:localhost"),
            "client": authority.issue("worker")}


class Client:
    """One who resumes the last session it has."""

    def __init__(self, authority, pair=None, most=ssl.TLSVersion.TLSv1_3):
        self._context = ssl.create_default_context(cafile=authority.pem)
        self._context.maximum_version = most
        if pair:
            self._context.load_cert_chain(pair.chain, pair.key)
        self._session = None

    def resumes(self, port):
        plain = socket.create_connection(("localhost", port), timeout=harness.PATIENCE)
        with self._context.wrap_socket(plain, server_hostname="localhost", session=self._session) as secure:
            secure.sendall(b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n")
            reply = http.client.HTTPResponse(secure)
            reply.begin()
            assert reply.status == 200 and reply.read()
            self._session = secure.session
            return secure.session_reused


def text(pair, *more, listeners=None, frontend=None):
    gateway = manifests.gateway()
    gateway["spec"]["listeners"] = listeners or [https()]
    if frontend:
        gateway["spec"]["tls"] = {"frontend": frontend}
    return manifests.to_text(gateway, manifests.route("all", "m"), manifests.openai("m", 1, "served"), pair.secret(), *more)


def handshakes(gateway, listener="https"):
    found = re.findall(rf'handshake_duration_seconds_count{{listener="{listener}",result="(\w+)"}} (\d+)', gateway.metrics())
    return {result: int(count) for result, count in found}


@pytest.mark.parametrize("most", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_whatever_worker_takes_the_connection(stage, authority, pairs, most):
    gateway = stage.gateway([stage.write("c.yaml", text(pairs["server"]))], binds=["edge"], workers=2)
    client = Client(authority, most=most)
    assert [client.resumes(gateway.port("edge")) for _ in range(12)] == [False] + [True] * 11
    assert handshakes(gateway) == {"full": 1, "resumed": 11}


def test_over_a_reload_that_changes_something_else_and_not_over_a_new_certificate(stage, authority, pairs):
    gateway = stage.gateway([stage.write("c.yaml", text(pairs["server"]))], binds=["edge"], workers=2)
    port, client = gateway.port("edge"), Client(authority)
    assert not client.resumes(port)
    more = manifests.route("more", "m", "/more")
    gateway.reloaded(lambda: stage.write("c.yaml", text(pairs["server"], more)))
    assert client.resumes(port) and client.resumes(port)
    gateway.reloaded(lambda: stage.write("c.yaml", text(pairs["next"], more)))
    assert not client.resumes(port)
    assert client.resumes(port)


def test_not_where_other_clients_are_let_in(stage, authority, pairs):
    """A session made where nobody is asked opens no door where a certificate is required."""
    validation = {"caCertificateRefs": [{"group": "", "kind": "ConfigMap", "name": "ca"}]}
    frontend = {"default": {"validation": validation}, "perPort": [{"port": 8444, "tls": {}}]}
    document = text(pairs["server"], authority.config_map(), listeners=[https("strict", 8443), https("open", 8444)], frontend=frontend)
    gateway = stage.gateway([stage.write("c.yaml", document)], binds=["edge/strict", "edge/open"])
    strict, free = (gateway.port("edge", name) for name in ("strict", "open"))
    guest = Client(authority)
    assert not guest.resumes(free) and guest.resumes(free)
    with pytest.raises((ssl.SSLError, ConnectionError)):
        guest.resumes(strict)
    known = Client(authority, pairs["client"])
    assert not known.resumes(free)
    assert not known.resumes(strict) and known.resumes(strict)
    lines = [line for line in gateway.access_log(5) if line["listener"] == "strict"]
    assert [line.get("src.identity") for line in lines] == ["CN = worker"] * 2


def test_openssl_reconnects(stage, authority, pairs):
    gateway = stage.gateway([stage.write("c.yaml", text(pairs["server"]))], binds=["edge"], workers=2)
    client = ["openssl", "s_client", "-connect", f"localhost:{gateway.port('edge')}", "-CAfile", authority.pem]
    said = subprocess.run([*client, "-tls1_2", "-reconnect"], input=b"", capture_output=True).stdout
    assert (said.count(b"\nNew, TLSv1.2"), said.count(b"\nReused, TLSv1.2")) == (1, 5)
    request = b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    session = stage.folder / "session"
    first = subprocess.run([*client, "-ign_eof", "-sess_out", session], input=request, capture_output=True).stdout
    then = subprocess.run([*client, "-ign_eof", "-sess_in", session], input=request, capture_output=True).stdout
    assert b"\nNew, TLSv1.3" in first and b"\nReused, TLSv1.3" in then
