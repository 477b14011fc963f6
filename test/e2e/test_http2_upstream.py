"""HTTP/2 towards upstreams: agreed by ALPN or known beforehand, many requests on one connection, each like one of its own."""

import concurrent.futures
import hashlib
import http.client
import json
import pathlib
import shutil
import signal
import subprocess

import pytest

import harness
import manifests
from h2_client import Client
from test_metrics import counted
from test_reload import GOOD, certificate

UPSTREAM = pathlib.Path(__file__).with_name("h2_upstream.mjs")
CHAT = "/v1/chat/completions"
HTTP2 = {"http": {"version": "HTTP2"}}


class Upstream(harness.Process):
    """A server of node that says what it sees."""

    def __init__(self, **options):
        super().__init__([UPSTREAM, json.dumps(options)], binary=shutil.which("node"))
        self.port = self.wait_for(lambda: self.seen("listening"), "the upstream listens")[0]["port"]

    def seen(self, event):
        return [line for line in self.json_lines() if line["event"] == event]

    def wait_seen(self, event, count=1):
        self.wait_for(lambda: len(self.seen(event)) >= count, f"{count} times {event}")
        return self.seen(event)


def static(name, port, policies=None, host="127.0.0.1"):
    backend = manifests.static(name, port, host)
    if policies:
        backend["spec"]["policies"] = policies
    return backend


def gateway_before(stage, port, policies=HTTP2, more=(), **options):
    """A gateway of one worker with everything going there."""
    text = manifests.to_text(manifests.gateway(), manifests.route("all", "up"), static("up", port, policies), *more)
    return stage.gateway([stage.write("up.yaml", text)], binds=["edge"], workers=1, **options)


def get(port, path, **options):
    return harness.post(port, path, None, method="GET", **options)


@pytest.fixture(scope="module")
def upstream(shared_stage):
    return shared_stage.keep(Upstream())


@pytest.fixture(scope="module")
def edge(shared_stage, upstream):
    """A gateway before an upstream that speaks HTTP/2 without TLS."""
    text = manifests.to_text(
        manifests.gateway(), manifests.route("all", "up"), static("up", upstream.port, HTTP2),
        manifests.route("chat", "model", "/v1"), model(upstream.port),
    )
    return shared_stage.gateway([shared_stage.write("up.yaml", text)], binds=["edge"], workers=1)


def model(port, policies=HTTP2):
    backend = manifests.openai("model", port, "m")
    backend["spec"]["policies"] = policies
    return backend


@pytest.fixture
def client(stage, edge):
    return stage.keep(Client(edge.port("edge")))


def test_clients_of_both_versions_reach_it(edge, client, upstream):
    reply = get(edge.port("edge"), "/a?b=c")
    assert (reply.status, reply.json()) == (200, {"path": "/a?b=c", "size": 0, "version": "2"})
    reply = harness.post(edge.port("edge"), "/sized", b"12345")
    assert reply.json()["size"] == 5
    stream = client.request("POST", "/streamed", body=b"1234567")
    assert stream.status == 200 and json.loads(stream.body)["size"] == 7
    head = upstream.seen("stream")[0]["headers"]
    assert head[":authority"] == f"127.0.0.1:{upstream.port}" and head[":scheme"] == "http"
    assert not {"host", "connection", "te", "transfer-encoding"} & set(head)
    line = edge.access_of(reply)
    assert line["gatehouse.outcome"] == "Completed"


def test_an_upload_and_its_echo_pass_whole_and_side_by_side(edge, client):
    body = bytes(range(256)) * 12_000
    reply = harness.post(edge.port("edge"), "/echo", body)
    assert harness.sha256(reply.body) == hashlib.sha256(body).hexdigest()
    number = client.start("POST", "/echo", end=False)
    for word in (b"one", b"two", b"three"):
        client.data(number, word)
        client.until(lambda: client.streams[number].body.endswith(word), "what was sent comes back before the rest is")
    client.data(number, b"", end=True)
    assert bytes(client.wait(number).body) == b"onetwothree"


def test_a_large_reply_waits_for_its_reader_alone(stage, edge):
    slow = stage.keep(Client(edge.port("edge"), window=1000))
    number = slow.start("GET", "/large")
    slow.until(lambda: len(slow.streams[number].body) == 1000, "the window is full")
    reply = get(edge.port("edge"), "/large")
    assert len(reply.body) == 3 << 20
    assert len(slow.streams[number].body) == 1000


def test_many_requests_share_one_connection(stage):
    upstream = stage.keep(Upstream())
    edge = gateway_before(stage, upstream.port)
    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        held = [pool.submit(get, edge.port("edge"), "/hold") for _ in range(49)]
        upstream.wait_seen("stream", 49)
        counted(edge, "gatehouse_upstream_connections", 1, state="active")
        assert get(edge.port("edge"), "/release").body == b"released"
        assert all(each.result().body == b"beginend" for each in held)
    assert len(upstream.seen("session")) == 1
    counted(edge, "gatehouse_upstream_connections", 1, state="idle")
    counted(edge, "gatehouse_upstream_connections", 0, state="active")


def test_another_connection_is_opened_where_one_takes_no_more(stage):
    upstream = stage.keep(Upstream(settings={"maxConcurrentStreams": 4}))
    edge = gateway_before(stage, upstream.port)
    with concurrent.futures.ThreadPoolExecutor(11) as pool:
        held = [pool.submit(get, edge.port("edge"), "/hold") for _ in range(10)]
        upstream.wait_seen("stream", 10)
        assert get(edge.port("edge"), "/release").body == b"released"
        assert all(each.result().body == b"beginend" for each in held)
    assert 3 <= len(upstream.seen("session")) <= 4


def test_goaway_in_the_middle_of_traffic_fails_no_request(stage):
    upstream = stage.keep(Upstream(goawayAfter=7))
    edge = gateway_before(stage, upstream.port)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda n: harness.post(edge.port("edge"), f"/{n}", b"x" * 100), range(200)))
    failed = [edge.access_of(reply) for reply in replies if reply.status != 200]
    assert not failed, json.dumps(failed)
    assert all(reply.json()["size"] == 100 for reply in replies)
    assert len(upstream.seen("session")) >= 200 / 8 / 7


def test_alpn_decides_and_falls_back(stage):
    chain, _ = certificate(stage, *GOOD)
    pair = {"key": str(stage.folder / "key.pem"), "cert": str(chain)}
    both, old = stage.keep(Upstream(**pair, http1=True)), stage.keep(Upstream(**pair, onlyHttp1=True))
    new = stage.keep(Upstream(**pair))
    ca = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "ca", "namespace": "default"},
          "data": {"ca.crt": chain.read_text()}}
    tls = {"tls": {"caCertificateRefs": [{"name": "ca"}], "sni": "localhost"}}
    http1 = {**tls, "http": {"version": "HTTP1"}}
    backends = {"both": (both, tls), "old": (old, tls), "must": (old, {**tls, **HTTP2}), "may-not": (both, http1),
                "new": (new, {**tls, **HTTP2})}
    text = manifests.to_text(manifests.gateway(), ca, *(
        item for name, (peer, policies) in backends.items()
        for item in (manifests.route(name, name, f"/{name}"), static(name, peer.port, policies))))
    edge = stage.gateway([stage.write("tls.yaml", text)], binds=["edge"], workers=1)
    versions = {name: get(edge.port("edge"), f"/{name}") for name in backends}
    assert {name: reply.json()["version"] for name, reply in versions.items() if name != "must"} == {
        "both": "2", "old": "1.1", "may-not": "1.1", "new": "2"}
    assert versions["must"].status == 503 and b"application protocol" in versions["must"].body
    assert both.seen("stream")[0]["headers"][":scheme"] == "https"
    # Fifty at once: those that came while ALPN was not known have waited for it.
    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        assert all(reply.status == 200 for reply in pool.map(lambda _: get(edge.port("edge"), "/both"), range(50)))
        assert all(reply.status == 200 for reply in pool.map(lambda _: get(edge.port("edge"), "/old"), range(50)))
    assert len(both.seen("session")) == 1


def test_grpc_passes_whole(edge, client, upstream):
    fields = [("content-type", "application/grpc"), ("te", "trailers")]
    number = client.start("POST", "/grpc", fields, body=b"abc", end=False)
    client.h2.send_headers(number, [("x-sum", "7")], end_stream=True)
    client.flush()
    stream = client.wait(number)
    assert stream.status == 200 and bytes(stream.body) == b"3"
    assert stream.trailers == {"grpc-status": "0", "x-saw": '"7"'}
    assert upstream.seen("stream")[-1]["headers"]["te"] == "trailers"
    stream = client.request("POST", "/grpc-error", fields, body=b"abc")
    assert stream.headers["grpc-status"] == "5" and stream.ended


def test_a_model_behind_it(edge, client):
    body = json.dumps({**harness.CHAT, "stream": True, "stream_options": {"include_usage": True}}).encode()
    for version in (1, 2):
        if version == 1:
            reply = harness.post(edge.port("edge"), CHAT, body)
            text, line = reply.body, edge.access_of(reply)
        else:
            stream = client.request("POST", CHAT, [("content-type", "application/json")], body=body)
            text = bytes(stream.body)
            wanted = stream.headers["x-gatehouse-request-id"]
            line = edge.wait_for(
                lambda: [each for each in edge.access_lines() if each["request.id"] == wanted], "its line")[0]
        assert text.endswith(b"data: [DONE]\n\n") and b'"Hel"' in text
        assert line["gatehouse.outcome"] == "Completed"
        assert (line["gen_ai.usage.input_tokens"], line["gen_ai.usage.output_tokens"]) == (3, 2)
    reply = harness.post(edge.port("edge"), CHAT, harness.CHAT)
    assert reply.json()["choices"][0]["message"]["content"] == "Hi"


def test_a_client_that_goes_away_ends_its_stream_alone(stage):
    upstream = stage.keep(Upstream())
    edge = gateway_before(stage, upstream.port)
    gone, stays = Client(edge.port("edge")), stage.keep(Client(edge.port("edge")))
    first = gone.start("GET", "/hold")
    gone.until(lambda: gone.streams[first].body == b"begin", "it has begun")
    second = stays.start("GET", "/hold")
    stays.until(lambda: stays.streams[second].body == b"begin", "it has begun")
    gone.stop()
    assert upstream.wait_seen("aborted")[0]["code"] == 8
    assert get(edge.port("edge"), "/release").status == 200
    assert bytes(stays.wait(second).body) == b"beginend"
    assert len(upstream.seen("session")) == 1


def test_what_is_refused_is_tried_a_few_times(stage):
    upstream = stage.keep(Upstream())
    edge = gateway_before(stage, upstream.port)
    reply = harness.post(edge.port("edge"), "/refuse", b"x" * 1000)
    assert reply.status == 502
    assert len(upstream.wait_seen("stream", 4)) == 4
    assert len(upstream.seen("session")) == 1, "a refusal costs no connection"
    line = edge.access_of(reply)
    assert line["gatehouse.outcome"] == "UpstreamFailed"
    assert get(edge.port("edge"), "/after").status == 200


def test_a_request_that_was_read_and_reset_is_tried_as_often_as_the_rule_says(stage):
    upstream = stage.keep(Upstream())
    route = manifests.route("all", "up")
    route["spec"]["rules"][0]["retry"] = {"codes": [503], "attempts": 1, "backoff": "1ms"}
    text = manifests.to_text(manifests.gateway(), route, static("up", upstream.port, HTTP2))
    edge = stage.gateway([stage.write("up.yaml", text)], binds=["edge"], workers=1)
    assert get(edge.port("edge"), "/warm").status == 200
    reply = harness.post(edge.port("edge"), "/fail", b"x" * 1000)
    assert reply.status == 502
    assert get(edge.port("edge"), "/after").status == 200
    assert [seen["path"] for seen in upstream.wait_seen("stream", 4)] == ["/warm", "/fail", "/fail", "/after"]


def test_a_reset_within_a_reply_breaks_it_off(edge, client):
    stream = client.request("GET", "/reset")
    assert stream.status == 200 and bytes(stream.body) == b"begin" and stream.reset is not None
    with pytest.raises(http.client.IncompleteRead):
        get(edge.port("edge"), "/reset")
    assert get(edge.port("edge"), "/after").status == 200


def test_a_service_says_it_by_its_port(stage):
    upstream = stage.keep(Upstream())
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "rpc", "namespace": "default"},
               "spec": {"ports": [{"port": 80, "appProtocol": "kubernetes.io/h2c"}]}}
    route = manifests.route("all", "rpc")
    route["spec"]["rules"][0]["backendRefs"] = [{"name": "rpc", "port": 80}]
    edge = stage.gateway([stage.write("service.yaml", manifests.to_text(manifests.gateway(), service, route))],
                         binds=["edge"], resolve=[f"rpc.default.svc:80:127.0.0.1:{upstream.port}"])
    assert get(edge.port("edge"), "/a").json()["version"] == "2"


def test_an_upstream_that_dies_and_comes_back(stage):
    upstream = Upstream()
    edge = gateway_before(stage, upstream.port)
    stays = stage.keep(Client(edge.port("edge")))
    held = stays.start("GET", "/hold")
    stays.until(lambda: stays.streams[held].body == b"begin", "it has begun")
    upstream.signal(signal.SIGKILL)
    upstream.exit_code()
    upstream.stop()
    assert stays.wait(held).reset is not None
    assert get(edge.port("edge"), "/a").status == 503


def test_nghttpd(stage):
    (stage.folder / "www").mkdir()
    (stage.folder / "www" / "page").write_text("a page")
    chain, _ = certificate(stage, *GOOD)
    port = free_port()
    peer = stage.process(["-v", "-a", "127.0.0.1", "--echo-upload", "-d", stage.folder / "www", str(port),
                          stage.folder / "key.pem", chain], binary=shutil.which("nghttpd") or "/usr/sbin/nghttpd")
    peer.wait_for(lambda: "listen" in peer.text(), "nghttpd listens")
    ca = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "ca", "namespace": "default"},
          "data": {"ca.crt": chain.read_text()}}
    edge = gateway_before(
        stage, port, {"tls": {"caCertificateRefs": [{"name": "ca"}], "sni": "localhost"}}, more=[ca])
    assert get(edge.port("edge"), "/page").body == b"a page"
    body = b"0123456789" * 50_000
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        replies = list(pool.map(lambda _: harness.post(edge.port("edge"), "/page", body), range(40)))
    assert all(reply.status == 200 and reply.body == body for reply in replies)
    assert "[id=2]" not in peer.text()


def free_port():
    """For a program that cannot be asked which port it has: free just now."""
    import socket
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]
