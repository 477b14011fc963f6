"""Services that answer while they read: the upload and the reply of one request go side by side, both held back by who is
slow and neither by the other."""

import hashlib
import random
import select
import socket
import ssl
import subprocess
import threading
import time

import pytest

import harness
import manifests
from peer import Peer, read_head
from test_http import Wire

HEAD = b"POST /echo HTTP/1.1\r\nHost: localhost\r\n"
REPLY = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
SIZE = 24 << 20  # more than all the buffers of the system on the way


class Echo(Peer):
    """Says 200 to a head and sends every piece of the body back before it reads the next."""

    def __init__(self, tls=None):
        self._tls = tls
        self.whole = 0
        self.left = threading.Event()
        super().__init__(self._until_left)

    def _until_left(self, connection, _):
        try:
            self._echo(connection)
        finally:
            self.left.set()

    def _echo(self, connection):
        if self._tls:
            connection = self._tls.wrap_socket(connection, server_side=True)
        while begun := read_head(connection):
            _, length, body = begun
            left = length - len(body)
            connection.sendall(REPLY + (chunk(body) if body else b""))
            while left:
                piece = connection.recv(16384)
                if not piece:
                    return
                left -= len(piece)
                connection.sendall(chunk(piece))
            self.whole += 1
            connection.sendall(b"0\r\n\r\n")


def chunk(piece):
    return b"%x\r\n%s\r\n" % (len(piece), piece)


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """A certificate for localhost and its key."""
    folder = tmp_path_factory.mktemp("certs")
    chain, key = folder / "chain.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", chain],
        check=True, capture_output=True)
    return chain, key


def before(stage, pair, secure):
    """An echo and a gateway before it, with TLS on both sides or on none."""
    chain, key = pair
    edge, documents, context = manifests.gateway(), [], None
    if secure:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain, key)
        edge["spec"]["listeners"][0] |= {"protocol": "HTTPS", "tls": {"certificateRefs": [{"name": "cert"}]}}
        documents = [
            {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "cert", "namespace": manifests.NAMESPACE},
             "type": "kubernetes.io/tls", "stringData": {"tls.crt": chain.read_text(), "tls.key": key.read_text()}},
        ]
    echo = stage.keep(Echo(context))
    backend = manifests.static("echo", echo.port)
    if secure:
        backend["spec"]["policies"] = {"tls": {"sni": "localhost"}}
    text = manifests.to_text(edge, manifests.route("all", "echo"), backend, *documents)
    environment = {"SSL_CERT_FILE": str(chain)} if secure else {}
    gateway = stage.gateway([stage.write("config.yaml", text)], binds=["edge"], workers=1, env=environment)
    return echo, gateway


def client(gateway, pair, secure):
    plain = socket.create_connection(("127.0.0.1", gateway.port("edge")), timeout=harness.PATIENCE)
    if not secure:
        return plain
    return ssl.create_default_context(cafile=pair[0]).wrap_socket(plain, server_hostname="localhost")


def both_ways(connection, data, ends):
    """Sends and receives as either goes until what came `ends`; how long nothing may go is the harness's patience."""
    connection.setblocking(False)
    received, sent, moved = bytearray(), 0, time.monotonic()
    while not received.endswith(ends):
        select.select([connection], [connection] if sent < len(data) else [], [], 1)
        assert time.monotonic() - moved < harness.PATIENCE, f"stuck after {sent} bytes up and {len(received)} down"
        before = sent, len(received)
        try:
            sent += connection.send(data[sent:sent + 65536]) if sent < len(data) else 0
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        try:
            piece = connection.recv(65536)
            assert piece, f"ended after {sent} bytes up and {len(received)} down"
            received += piece
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        moved = moved if (sent, len(received)) == before else time.monotonic()
    return bytes(received)


def digest_of_chunks(body):
    """The digest of the content of a chunked body."""
    whole, at = hashlib.sha256(), 0
    while size := int(body[at:(end := body.index(b"\r\n", at))], 16):
        whole.update(body[end + 2:end + 2 + size])
        at = end + 2 + size + 2
    return whole.hexdigest()


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
def test_a_large_upload_comes_back_while_it_is_sent(stage, pair, secure):
    echo, gateway = before(stage, pair, secure)
    data = random.Random(7).randbytes(SIZE)
    connection = client(gateway, pair, secure)
    received = both_ways(connection, HEAD + b"Content-Length: %d\r\n\r\n" % SIZE + data, b"\r\n0\r\n\r\n")
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert digest_of_chunks(body) == hashlib.sha256(data).hexdigest()
    assert echo.whole == 1
    line = gateway.access_log(1)[0]
    assert (line["gatehouse.outcome"], line["http.status"]) == ("Completed", 200)


def test_both_connections_are_used_again_after_it(stage, pair):
    echo, gateway = before(stage, pair, False)
    connection = client(gateway, pair, False)
    request = HEAD + b"Content-Length: 70000\r\n\r\n" + b"x" * 70000
    for _ in range(3):
        both_ways(connection, request, b"\r\n0\r\n\r\n")
    assert echo.connections == 1 and echo.whole == 3


def test_a_client_that_waits_for_the_echo_of_each_piece_gets_it(stage, pair):
    _, gateway = before(stage, pair, False)
    with Wire(gateway.port("edge")) as wire:
        wire.send(HEAD + b"Expect: 100-continue\r\nContent-Length: 15\r\n\r\n")
        assert wire.reply(bodyless=True)[0] == 100
        assert wire.reply(bodyless=True)[0] == 200
        for piece in (b"first", b"again", b"final"):
            wire.send(piece)
            assert wire._until(chunk(piece)).endswith(chunk(piece)) or piece == b"final"
        assert wire._until(b"0\r\n\r\n")


def test_a_client_that_leaves_in_the_middle_ends_both(stage, pair):
    echo, gateway = before(stage, pair, False)
    with Wire(gateway.port("edge")) as wire:
        wire.send(HEAD + b"Content-Length: 100\r\n\r\nfirst")
        wire._until(b"first")
    assert echo.left.wait(harness.PATIENCE)
    assert gateway.access_log(1)[0]["gatehouse.outcome"] == "ClientGone"
