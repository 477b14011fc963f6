"""HTTP/2 from clients: agreed by ALPN or begun with its preface, many streams side by side, each like a request of its own."""

import json
import os
import shutil
import signal
import subprocess

import pytest

import events
import harness
import manifests
from events import CHAT_EVENTS, Held, respond
from h2_client import Client
from peer import Peer, answering, read_request, response
from test_metrics import Exposition
from test_reload import GOOD, HTTPS, certificate

CHAT = "/v1/chat/completions"
BODY = json.dumps(harness.CHAT).encode()
STREAM = json.dumps({**harness.CHAT, "stream": True, "stream_options": {"include_usage": True}}).encode()
JSON = [("content-type", "application/json")]


def sized(body):
    return [*JSON, ("content-length", str(len(body)))]


@pytest.fixture(scope="module")
def edge(shared_stage):
    """A gateway of one worker before one mock: one that died or hung would be noticed by the next test."""
    mock = shared_stage.mock()
    text = manifests.to_text(
        manifests.gateway(), manifests.route("all", "model"), manifests.openai("model", mock.port, "served-model"),
        manifests.route("plain", "plain", "/plain"), manifests.static("plain", mock.port),
    )
    gateway = shared_stage.gateway([shared_stage.write("h2.yaml", text)], binds=["edge"], workers=1)
    gateway.mock = mock
    return gateway


@pytest.fixture
def client(stage, edge):
    return stage.keep(Client(edge.port("edge")))


def line_of(gateway, stream):
    wanted = stream.headers["x-gatehouse-request-id"]
    def find():
        return [line for line in gateway.access_lines() if line["request.id"] == wanted]
    return gateway.wait_for(find, f"access-log line of {wanted}")[0]


def curl(*arguments):
    done = subprocess.run(["curl", "-sS", "--max-time", str(int(harness.PATIENCE)), *map(str, arguments)],
                          capture_output=True, timeout=2 * harness.PATIENCE)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_curl_with_prior_knowledge(edge):
    url = f"http://127.0.0.1:{edge.port('edge')}"
    answer = curl("--http2-prior-knowledge", "-w", "\n%{http_version} %{http_code}", f"{url}/v1/models")
    assert answer.endswith(b"\n2 200")
    answer = curl("--http2-prior-knowledge", "-w", "\n%{http_version} %{http_code}", "-H", "Content-Type: application/json",
                  "-d", BODY.decode(), url + CHAT)
    assert answer.endswith(b"\n2 200") and json.loads(answer.rsplit(b"\n", 1)[0])["object"] == "chat.completion"


def test_a_client_that_still_uploads_sees_the_refusal(stage, edge):
    large = stage.folder / "large"
    with open(large, "wb") as file:
        file.truncate(70 << 20)
    answer = curl("--http2-prior-knowledge", "-w", "\n%{http_code}", "--data-binary", f"@{large}",
                  f"http://127.0.0.1:{edge.port('edge')}{CHAT}")
    assert answer.endswith(b"\n413") and b"request_too_large" in answer


def test_tls_clients_get_what_they_ask_for(stage):
    mock = stage.mock()
    chain, secret = certificate(stage, *GOOD)
    gateway = manifests.gateway()
    gateway["spec"]["listeners"] = [{"name": "http", "port": 443, **HTTPS}]
    text = manifests.to_text(gateway, manifests.route("all", "m"), manifests.openai("m", mock.port, "served"), secret)
    running = stage.gateway([stage.write("c.yaml", text)], binds=["edge"])
    url = f"https://localhost:{running.port('edge')}{CHAT}"
    ask = ["--cacert", chain, "-w", "\n%{http_version}", "-d", BODY.decode(), url]
    for version, flag in {b"2": "--http2", b"1.1": "--http1.1"}.items():
        body, _, spoken = curl(flag, *ask).rpartition(b"\n")
        assert spoken == version and json.loads(body)["object"] == "chat.completion"
    assert [line["http.version"] for line in running.access_log(2)] == ["2", "1.1"]
    # Without ALPN there is no HTTP/2.
    unasked = stage.keep(Client(running.port("edge"), host="localhost", cafile=chain, alpn=()))
    received = b""
    while piece := unasked.socket.recv(65536):
        received += piece
    assert received.startswith(b"HTTP/1.1 505 ")


def test_a_request_is_forwarded_and_recorded_as_any_other(edge, client):
    before = len(edge.mock.requests())
    reply = client.request("POST", CHAT, [*sized(BODY), ("cookie", "a=1"), ("cookie", "b=2")], BODY)
    assert reply.status == 200 and json.loads(reply.body)["model"] == "served-model"
    assert "transfer-encoding" not in reply.headers and reply.headers["content-length"] == str(len(reply.body))
    line = line_of(edge, reply)
    assert (line["http.version"], line["http.status"], line["gatehouse.outcome"]) == ("2", 200, "Completed")
    assert line["gen_ai.usage.input_tokens"] > 0
    assert len(edge.mock.requests(before + 1)) == before + 1


def begun_stream(stage):
    """A stream of which the client has the first event, and who holds the rest."""
    held = stage.keep(Held())
    peer = stage.keep(Peer(held))
    gateway = stage.gateway([stage.write("c.yaml", manifests.one_model(peer.port))], binds=["edge"])
    client = stage.keep(Client(gateway.port("edge")))
    number = client.start("POST", CHAT, sized(STREAM), STREAM)
    client.until(lambda: b"data: " in client.streams[number].body, "the first event")
    return held, gateway, client, number


def test_an_event_stream_is_not_held_back(stage):
    held, gateway, client, number = begun_stream(stage)
    held.finish()
    stream = client.wait(number)
    assert stream.ended and stream.body == "".join(CHAT_EVENTS[1:]).encode()
    assert line_of(gateway, stream)["gatehouse.outcome"] == "Completed"


def test_many_streams_at_once(edge, client):
    numbers = [client.start("POST", CHAT, sized(BODY), BODY) for _ in range(100)]
    ids = {client.wait(number).headers["x-gatehouse-request-id"] for number in numbers}
    assert len(ids) == 100
    assert all(json.loads(client.streams[number].body)["object"] == "chat.completion" for number in numbers)


def test_an_upload_larger_than_the_windows(edge, client):
    body = os.urandom(3 << 20)
    before = len(edge.mock.requests())
    number = client.start("POST", "/plain/upload", [("content-length", str(len(body)))], body=b"", end=False)
    sent = 0
    while sent < len(body):
        room = min(client.h2.local_flow_control_window(number), client.h2.max_outbound_frame_size, len(body) - sent)
        if room == 0:
            client.receive()
        else:
            client.data(number, body[sent:sent + room], end=sent + room == len(body))
            sent += room
    assert client.wait(number).status == 404  # the mock knows no such path
    assert edge.mock.requests(before + 1)[-1]["body_sha256"] == harness.sha256(body)


def test_a_stream_whose_window_is_shut_stops_its_upstream(stage):
    size = 32 << 20
    peer = stage.keep(Peer(answering(response(b"x" * size))))
    text = manifests.to_text(manifests.gateway(), manifests.route("all", "plain"), manifests.static("plain", peer.port))
    gateway = stage.gateway([stage.write("c.yaml", text)], binds=["edge"], workers=1)
    client = stage.keep(Client(gateway.port("edge"), window=1000))
    slow = client.start("GET", "/slow")
    client.until(lambda: len(client.streams[slow].body) == 1000, "what the window lets through")
    resident = gateway.resident_bytes()
    other = client.start("HEAD", "/other")
    assert client.wait(other).status == 200, "other streams go on"
    assert len(client.streams[slow].body) == 1000
    assert gateway.resident_bytes() < resident + (8 << 20)
    while not client.streams[slow].ended:
        client.widen(slow, 1 << 20)
        before = len(client.streams[slow].body)
        client.until(lambda: client.streams[slow].ended or len(client.streams[slow].body) > before, "more")
    assert client.streams[slow].body == b"x" * size


def test_a_reset_cancels_its_upstream_and_nothing_else(stage):
    script = respond([events.chunk("one"), events.chunk("two")], fault={"after": len(events.chunk("one")), "kind": "hang"})
    mock = stage.mock(script=script)
    gateway = stage.gateway([stage.write("c.yaml", manifests.one_model(mock.port))], binds=["edge"])
    client = stage.keep(Client(gateway.port("edge")))
    numbers = [client.start("POST", CHAT, sized(STREAM), STREAM) for _ in range(2)]
    for number in numbers:
        client.until(lambda number=number: b"one" in client.streams[number].body, "the first event")
    client.reset(numbers[0])
    mock.aborted(1)
    line = gateway.access_log(1)[0]
    assert line["gatehouse.outcome"] == "ClientGone"
    assert client.request("GET", "/v1/models").status == 200
    assert client.streams[numbers[1]].reset is None and len(mock.aborted(1)) == 1
    client.stop()
    mock.aborted(2)


def test_an_upstream_that_breaks_off_resets_the_stream(stage):
    mock = stage.mock(script=respond(CHAT_EVENTS, fault={"after": 300, "kind": "close"}))
    gateway = stage.gateway([stage.write("c.yaml", manifests.one_model(mock.port))], binds=["edge"])
    client = stage.keep(Client(gateway.port("edge")))
    stream = client.request("POST", CHAT, sized(STREAM), STREAM)
    assert stream.reset == 2 and not stream.ended
    assert b"upstream_truncated" in stream.body and b"[DONE]\n" not in stream.body
    assert line_of(gateway, stream)["gatehouse.outcome"] == "UpstreamTruncated"
    assert client.request("GET", "/v1/models").status == 200


def test_trailers_of_a_service_pass(stage):
    reply = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: x-sum\r\n\r\n2\r\nab\r\n0\r\nX-Sum: 7\r\nConnection: x\r\n\r\n"
    peer = stage.keep(Peer(answering(reply)))
    text = manifests.to_text(manifests.gateway(), manifests.route("all", "plain"), manifests.static("plain", peer.port))
    gateway = stage.gateway([stage.write("c.yaml", text)], binds=["edge"])
    stream = stage.keep(Client(gateway.port("edge"))).request("GET", "/")
    assert stream.body == b"ab" and stream.ended and stream.trailers == {"x-sum": "7"}


def test_nothing_of_a_field_becomes_a_field_behind(stage):
    """What goes on as HTTP/1.1 is one request, whatever its values hold."""
    heads = []
    def keep(connection, _):
        while (request := read_request(connection)) is not None:
            heads.append(request)
            connection.sendall(response())
    peer = stage.keep(Peer(keep))
    text = manifests.to_text(manifests.gateway(), manifests.route("all", "plain"), manifests.static("plain", peer.port))
    gateway = stage.gateway([stage.write("c.yaml", text)], binds=["edge"])
    client = stage.keep(Client(gateway.port("edge")))
    good = client.request("POST", "/good", [("x-a", "b"), ("te", "trailers"), ("content-length", "2")], b"ab")
    assert good.status == 200
    for fields in ([("x-a", "b\r\nX-Evil: 1")], [("x-a\r\nx-evil", "1")], [("x-a", "b\nc")], [("x-a", "b\0c")],
                   [("transfer-encoding", "chunked")], [("connection", "x-a")]):
        assert client.request("GET", "/bad", fields).status == 400
    evil = [(":method", "GET"), (":scheme", "http"), (":authority", "h"), (":path", "/ HTTP/1.1\r\nX-Evil: 1")]
    assert client.wait(client.start(None, None, pseudo=evil)).status == 400
    assert len(heads) == 1
    lines = heads[0][0].split(b"\r\n")
    assert lines[0] == b"POST /good HTTP/1.1" and heads[0][1] == b"ab"
    assert not [line for line in lines if line.lower().startswith((b"transfer-encoding:", b":"))]
    assert [line for line in lines if line.lower().startswith((b"te:", b"connection:"))] == [b"TE: trailers", b"Connection: TE"]


@pytest.mark.parametrize("kind, fields", {
    "connection_field": [("connection", "close")], "field": [("Capital", "x")], "control_character": [("a", "b\nc")],
    "host": [("host", "other")], "framing": [("content-length", "1")], "too_large": [("a", "x" * 100)] * 101,
}.items())
def test_malformed_requests_are_answered_counted_and_recorded(edge, client, kind, fields):
    def counted():
        samples = Exposition(edge.metrics()).samples
        return sum(value for (name, labels), value in samples.items()
                   if name == "gatehouse_protocol_errors_total" and dict(labels).get("kind") == kind)
    before = counted()
    stream = client.request("GET", CHAT, fields)
    assert stream.status == (431 if kind == "too_large" else 400)
    assert json.loads(stream.body)["error"]["message"]
    assert counted() == before + 1
    line = line_of(edge, stream)
    assert (line["gatehouse.outcome"], line["http.version"]) == ("Refused", "2")
    assert client.request("GET", "/v1/models").status == 200, "the connection goes on"


def test_a_flood_of_resets_ends_the_connection(edge, client):
    try:
        while not client.closed and not client.goaways:
            for _ in range(50):
                client.reset(client.start("POST", CHAT, sized(BODY), BODY))
            client.start("GET", "/v1/models")
            client.receive()
    except OSError:
        pass
    assert client.closed or client.goaways == [11]
    text = edge.wait_for(lambda: 'kind="h2_rapid_reset"' in edge.metrics() and edge.metrics(), "it is counted")
    assert text
    assert harness.post(edge.port("edge"), CHAT, harness.CHAT).status == 200


def test_a_drain_lets_streams_finish(stage):
    held, gateway, client, number = begun_stream(stage)
    gateway.signal(signal.SIGTERM)
    client.until(lambda: len(client.goaways) == 2, "the connection says that it ends")
    assert client.goaways == [0, 0]
    held.finish()
    assert client.wait(number).body == "".join(CHAT_EVENTS[1:]).encode()
    client.wait_close()
    client.stop()
    assert gateway.exit_code() == 0
    assert [line["gatehouse.outcome"] for line in gateway.access_lines()] == ["Completed"]


def test_a_drain_cuts_streams_off_at_its_limit(stage):
    held = stage.keep(Held())
    peer = stage.keep(Peer(held))
    gateway = stage.gateway([stage.write("c.yaml", manifests.one_model(peer.port))], binds=["edge"],
                            extra=["--drain-timeout", "0.2"])
    client = stage.keep(Client(gateway.port("edge")))
    number = client.start("POST", CHAT, sized(STREAM), STREAM)
    client.until(lambda: b"data: " in client.streams[number].body, "the first event")
    gateway.signal(signal.SIGTERM)
    stream = client.wait(number)
    assert stream.reset is not None and b"The gateway is shutting down" in stream.body
    assert gateway.exit_code() == 0


def test_idle_connections_do_not_hold_up_a_drain(stage):
    mock = stage.mock()
    gateway = stage.gateway([stage.write("c.yaml", manifests.one_model(mock.port))], binds=["edge"],
                            extra=["--drain-timeout", "3600"])
    client = stage.keep(Client(gateway.port("edge")))
    assert client.request("GET", "/v1/models").status == 200
    gateway.signal(signal.SIGTERM)
    client.wait_close()
    client.stop()
    assert gateway.exit_code() == 0


NODE = """
const http2 = require('node:http2');
const session = http2.connect(process.argv[1]);
const body = process.argv[2];
let left = 20;
for (let i = 0; i < 20; i++) {
  const stream = session.request({':method': 'POST', ':path': '/v1/chat/completions', 'content-type': 'application/json'});
  let text = '';
  stream.setEncoding('utf8');
  stream.on('response', (head) => { if (head[':status'] !== 200) process.exit(2); });
  stream.on('data', (piece) => { text += piece; });
  stream.on('end', () => { JSON.parse(text); if (--left === 0) session.close(); });
  stream.end(body);
}
"""


def test_node_as_client(edge):
    done = subprocess.run(["node", "-e", NODE, f"http://127.0.0.1:{edge.port('edge')}", BODY.decode()],
                          capture_output=True, timeout=2 * harness.PATIENCE)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(shutil.which("h2load") is None, reason="nghttp2-client is not installed")
def test_h2load_as_client(stage, edge):
    body = stage.write("body.json", BODY.decode())
    done = subprocess.run(
        ["h2load", "-n", "1000", "-c", "4", "-m", "100", "-d", body, "-H", "content-type: application/json",
         f"http://127.0.0.1:{edge.port('edge')}{CHAT}"],
        capture_output=True, text=True, timeout=4 * harness.PATIENCE)
    assert "1000 succeeded, 0 failed, 0 errored" in done.stdout, done.stdout
