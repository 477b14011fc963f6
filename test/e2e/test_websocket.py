"""WebSocket through plain routes: the handshake passes, then bytes both ways until both sides have ended."""

import json
import os
import pathlib
import re
import signal
import socket
import ssl
import struct
import subprocess
import threading

import pytest
import websockets
from websockets.sync.client import connect
from websockets.sync.server import serve

import harness
import manifests
from peer import Peer, read_head, read_request, response
from test_reload import GOOD, HTTPS, certificate

NODE = pathlib.Path(os.environ.get("GATEHOUSE_E2E_NODE", harness.ROOT / "build" / "e2e-node"))
ASK = (b"GET /socket?a=b HTTP/1.1\r\nHost: example.test\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
       b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
AGREE = (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")


def to_service(stage, port, extra=(), rule=None):
    route = manifests.route("r", "b")
    route["spec"]["rules"][0] |= rule or {}
    text = manifests.to_text(manifests.gateway(), route, manifests.static("b", port))
    return stage.gateway([stage.write("c.yaml", text)], binds=["edge"], extra=extra)


def counted(gateway, way):
    """Body bytes of ended requests."""
    lines = re.findall(r"^gatehouse_downstream_%s_bytes_total\{[^}]*\} (\d+)" % way, gateway.metrics(), re.MULTILINE)
    return sum(map(int, lines))


class Server:
    """A server of the package websockets, in a thread."""

    def __init__(self, handler, **options):
        self._server = serve(handler, "127.0.0.1", 0, **options)
        self.port = self._server.socket.getsockname()[1]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def stop(self):
        self._server.shutdown()
        self._thread.join(harness.PATIENCE)


def echo(connection):
    for message in connection:
        connection.send(message)


class Wire:
    """A client's end as raw bytes."""

    def __init__(self, gateway, data):
        self.socket = socket.create_connection(("127.0.0.1", gateway.port("edge")), timeout=harness.PATIENCE)
        self.socket.sendall(data)
        self.received = b""

    def until(self, mark):
        while mark not in self.received:
            piece = self.socket.recv(65536)
            assert piece, f"ended before {mark!r}: {self.received!r}"
            self.received += piece
        head, _, self.received = self.received.partition(mark)
        return head + mark

    def rest(self):
        try:
            while piece := self.socket.recv(65536):
                self.received += piece
        except ConnectionError:
            pass
        return self.received

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def stop(self):
        self.socket.close()


def agreeing(then, early=b""):
    """Agrees to switch, sends `early` with it, then does `then(connection, bytes that came behind the request)`."""
    seen = []

    def handle(connection, _):
        head, _, behind = read_head(connection)
        seen.append(head)
        connection.sendall(AGREE + early)
        then(connection, behind)
    handle.seen = seen
    return handle


def test_a_service_says_it_by_its_port(stage):
    server = stage.keep(Server(echo))
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "chat", "namespace": "default"},
               "spec": {"ports": [{"port": 80, "appProtocol": "kubernetes.io/ws"}]}}
    route = manifests.route("all", "chat")
    route["spec"]["rules"][0]["backendRefs"] = [{"name": "chat", "port": 80}]
    gateway = stage.gateway([stage.write("service.yaml", manifests.to_text(manifests.gateway(), service, route))],
                            binds=["edge"], resolve=[f"chat.default.svc:80:127.0.0.1:{server.port}"])
    with connect(f"ws://127.0.0.1:{gateway.port('edge')}/") as client:
        client.send("hello")
        assert client.recv(harness.PATIENCE) == "hello"


def test_python_talks_to_python(stage):
    service = stage.keep(Server(echo, subprotocols=["chat"], max_size=None))
    gateway = to_service(stage, service.port)
    url = f"ws://127.0.0.1:{gateway.port('edge')}/any?x=y"
    with connect(url, subprotocols=["chat"], max_size=None, compression=None) as client:
        assert client.subprotocol == "chat"
        for message in ["héllo", b"\x00\xff", "x" * (3 << 20), b"y" * 100_000]:
            client.send(message)
            assert client.recv() == message
        assert client.ping().wait(harness.PATIENCE)
        request_id = client.response.headers["x-gatehouse-request-id"]
    line = gateway.access_log(1)[0]
    assert line["request.id"] == request_id and line["gatehouse.outcome"] == "Completed"
    assert line["http.status"] == 101
    assert counted(gateway, "received") > 3 << 20 and counted(gateway, "sent") > 3 << 20


def test_it_passes_through_tls_on_both_sides(stage):
    """The service would rather speak HTTP/2, which has no Upgrade."""
    chain, secret = certificate(stage, *GOOD)
    secrets = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    secrets.load_cert_chain(chain, stage.folder / "key.pem")
    secrets.set_alpn_protocols(["h2", "http/1.1"])
    agreed = []

    def talk(connection):
        agreed.append(connection.socket.selected_alpn_protocol())
        echo(connection)
    service = stage.keep(Server(talk, ssl=secrets, max_size=None))
    front = manifests.gateway()
    front["spec"]["listeners"] = [{"name": "https", "port": 443, **HTTPS}]
    backend = manifests.static("b", service.port)
    backend["spec"]["policies"] = {"tls": {"insecureSkipVerify": "All"}}
    text = manifests.to_text(front, manifests.route("r", "b"), backend, secret)
    gateway = stage.gateway([stage.write("c.yaml", text)], binds=["edge"])
    for _ in range(2):
        reached = socket.create_connection(("127.0.0.1", gateway.port("edge")), timeout=harness.PATIENCE)
        trusted = ssl.create_default_context(cafile=chain)
        with connect("wss://localhost/", sock=reached, ssl=trusted, max_size=None, compression=None) as client:
            for message in ["héllo", b"z" * (2 << 20)]:
                client.send(message)
                assert client.recv() == message
    gateway.access_log(2)
    assert agreed == ["http/1.1"] * 2


def test_the_code_of_the_close_passes(stage):
    service = stage.keep(Server(lambda connection: connection.close(4000, "had enough")))
    gateway = to_service(stage, service.port)
    with connect(f"ws://127.0.0.1:{gateway.port('edge')}/") as client:
        with pytest.raises(websockets.ConnectionClosed) as closed:
            client.recv()
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4000, "had enough")


def test_node_talks_to_node(stage):
    if not (NODE / "node_modules" / "ws").exists():
        pytest.skip(f"{NODE} has no ws package")
    script = harness.ROOT / "test" / "e2e" / "ws_check.mjs"
    server = stage.process([script, "serve", NODE], binary="node")
    port = int(server.wait_for(lambda: server.stdout, "the port of the server")[0])
    gateway = to_service(stage, port)
    done = subprocess.run(["node", script, "talk", NODE, f"ws://127.0.0.1:{gateway.port('edge')}/"],
                          capture_output=True, timeout=harness.PATIENCE * 2)
    assert done.returncode == 0, done.stderr.decode()
    assert json.loads(done.stdout) == {
        "protocol": "chat.v2", "pong": "are you there", "messages": ["héllo", [0, 1, 255], 300000],
        "closed": [4001, "as you wish"],
    }


def test_the_handshake_passes_with_its_own_connection_fields(stage):
    handle = agreeing(lambda connection, _: connection.recv(1))
    peer = stage.keep(Peer(handle))
    gateway = to_service(stage, peer.port)
    wire = stage.keep(Wire(gateway, ASK))
    head = wire.until(b"\r\n\r\n").lower()
    assert head.startswith(b"http/1.1 101 ")
    assert b"\r\nupgrade: websocket\r\n" in head and b"\r\nconnection: upgrade\r\n" in head
    assert b"\r\nsec-websocket-accept: s3pp" in head
    assert b"content-length" not in head and b"transfer-encoding" not in head and b"close" not in head
    asked = handle.seen[0].lower()
    assert asked.startswith(b"get /socket?a=b http/1.1\r\n")
    assert len(re.findall(rb"\r\nupgrade: websocket", asked)) == 1 and len(re.findall(rb"\r\nconnection:", asked)) == 1
    assert b"\r\nsec-websocket-key: dghl" in asked


def test_bytes_that_come_with_the_heads_are_not_lost(stage):
    def give_back(connection, data):
        while len(data) < 10:
            data += connection.recv(10)
        connection.sendall(data)
    peer = stage.keep(Peer(agreeing(give_back, early=b"welcome ")))
    gateway = to_service(stage, peer.port)
    wire = stage.keep(Wire(gateway, ASK + b"early"))
    wire.until(b"\r\n\r\n")
    wire.until(b"welcome ")
    wire.socket.sendall(b" late")
    wire.until(b"early late")


def test_a_half_that_ends_leaves_the_other_open(stage):
    def count(connection, behind):
        data = behind
        while piece := connection.recv(65536):
            data += piece
        connection.sendall(b"%d bytes came" % len(data))
    peer = stage.keep(Peer(agreeing(count)))
    gateway = to_service(stage, peer.port)
    wire = stage.keep(Wire(gateway, ASK))
    wire.until(b"\r\n\r\n")
    wire.socket.sendall(b"x" * 100_000)
    wire.socket.shutdown(socket.SHUT_WR)
    assert wire.rest() == b"100000 bytes came"
    line = gateway.access_log(1)[0]
    assert line["gatehouse.outcome"] == "Completed"
    assert (counted(gateway, "received"), counted(gateway, "sent")) == (100_000, 17)


def test_a_client_that_breaks_off_ends_the_upstream(stage):
    ended = []

    def hold(connection, _):
        try:
            ended.append(connection.recv(1))
        except ConnectionError:
            ended.append(b"")
    peer = stage.keep(Peer(agreeing(hold)))
    gateway = to_service(stage, peer.port)
    wire = Wire(gateway, ASK)
    wire.until(b"\r\n\r\n")
    wire.reset()
    harness.eventually(lambda: ended == [b""], "the upstream learns it")
    assert gateway.access_log(1)[0]["gatehouse.outcome"] == "ClientGone"


def test_an_upstream_that_breaks_off_ends_the_client(stage):
    def drop(connection, _):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
    peer = stage.keep(Peer(agreeing(drop)))
    gateway = to_service(stage, peer.port)
    wire = stage.keep(Wire(gateway, ASK))
    wire.until(b"\r\n\r\n")
    assert wire.rest() == b""
    line = gateway.access_log(1)[0]
    assert line["gatehouse.outcome"] == "UpstreamTruncated"


def test_a_connection_that_switched_is_not_used_again(stage):
    def handle(connection, number):
        if number == 0:
            read_request(connection)
            connection.sendall(AGREE)
            return
        while read_request(connection) is not None:
            connection.sendall(response())
    peer = stage.keep(Peer(handle))
    gateway = to_service(stage, peer.port)
    wire = stage.keep(Wire(gateway, ASK))
    wire.until(b"\r\n\r\n")
    wire.socket.shutdown(socket.SHUT_WR)
    assert wire.rest() == b""
    assert harness.post(gateway.port("edge"), "/", b"").status == 200
    assert peer.connections == 2


def test_an_upstream_that_does_not_want_to_answers_as_ever(stage):
    peer = stage.keep(Peer(lambda connection, _: [connection.sendall(response(b"no", b"403 Forbidden"))
                                                  for _ in iter(lambda: read_request(connection), None)]))
    gateway = to_service(stage, peer.port)
    wire = stage.keep(Wire(gateway, ASK + ASK.replace(b"keep-alive, Upgrade", b"close, Upgrade")))
    assert wire.rest().count(b"HTTP/1.1 403 ") == 2
    assert peer.connections == 1


@pytest.mark.parametrize("fields", [b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABk\r\n",
                                    b"Upgrade: websocket\r\n", b"Upgrade: TLS/1.0\r\nConnection: upgrade\r\n"])
def test_another_protocol_is_not_asked_for(stage, fields):
    heads = []

    def handle(connection, _):
        while (request := read_request(connection)) is not None:
            heads.append(request[0].lower())
            connection.sendall(response(b"plain"))
    peer = stage.keep(Peer(handle))
    gateway = to_service(stage, peer.port)
    reply = harness.raw_exchange(gateway.port("edge"), b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + fields + b"\r\n")
    assert reply.startswith(b"HTTP/1.1 200 ")
    assert b"upgrade" not in heads[0] and b"http2-settings" not in heads[0]


@pytest.mark.parametrize("asked", [True, False])
def test_a_switch_to_something_else_is_an_error_of_the_upstream(stage, asked):
    agrees = AGREE.replace(b"Upgrade: websocket", b"Upgrade: other") if asked else AGREE
    peer = stage.keep(Peer(lambda connection, _: read_request(connection) and connection.sendall(agrees)))
    gateway = to_service(stage, peer.port)
    wire = stage.keep(Wire(gateway, ASK if asked else b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"))
    assert wire.until(b"\r\n\r\n").startswith(b"HTTP/1.1 502 ")


def test_the_time_of_a_rule_ends_with_the_switch(stage):
    """A second request under the same limit is cut by it before the first has spoken."""
    def handle(connection, number):
        read_request(connection)
        if number == 0:
            connection.sendall(AGREE)
            connection.sendall(connection.recv(9))
        connection.recv(1)
    peer = stage.keep(Peer(handle))
    gateway = to_service(stage, peer.port, rule={"timeouts": {"request": "2s", "backendRequest": "2s"}})
    wire = stage.keep(Wire(gateway, ASK))
    wire.until(b"\r\n\r\n")
    assert harness.post(gateway.port("edge"), "/", b"").status == 504
    wire.socket.sendall(b"still")
    assert wire.until(b"still")


def test_shutdown_waits_for_it_and_then_cuts(stage):
    service = stage.keep(Server(echo))
    gateway = to_service(stage, service.port, extra=["--drain-timeout", "1"])
    with connect(f"ws://127.0.0.1:{gateway.port('edge')}/", close_timeout=1) as client:
        gateway.signal(signal.SIGTERM)
        gateway.wait_for(lambda: [line for line in gateway.json_lines() if line.get("msg") == "draining"], "it drains")
        client.send("still there?")
        assert client.recv() == "still there?"
        with pytest.raises(websockets.ConnectionClosed):
            client.recv()
    gateway.exit_code()
    line = gateway.access_lines()[0]
    assert line["gatehouse.outcome"] == "GatewayFailed" and "shutdown" in line["error"]


@pytest.mark.parametrize("path, error", [
    ("/v1/responses", lambda body: body["error"]["code"]),
    ("/v1/chat/completions", lambda body: body["error"]["code"]),
    ("/v1/realtime?model=m", lambda body: body["error"]["code"]),
    ("/v1/messages", lambda body: body["error"]["type"]),
])
def test_a_model_refuses_in_the_words_of_its_api(stage, path, error):
    mock = stage.mock()
    gateway = stage.gateway([stage.write("c.yaml", manifests.one_model(mock.port))], binds=["edge"])
    with pytest.raises(websockets.InvalidStatus) as refused:
        connect(f"ws://127.0.0.1:{gateway.port('edge')}{path}")
    reply = refused.value.response
    assert reply.status_code == 426
    assert error(json.loads(reply.body))
    assert mock.requests() == []
