"""The retry of a rule: tries that failed are made again, and what the last one brings is the answer."""

import re
import socket
import threading
import time

import pytest

import harness
import manifests
from peer import Peer, read_request, response

CHAT = "/v1/chat/completions"
ANSWER = (b'{"id":"c","object":"chat.completion","created":1,"model":"served-model","choices":[{"index":0,'
          b'"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}],'
          b'"usage":{"prompt_tokens":7,"completion_tokens":2,"total_tokens":9}}')
GOOD = response(ANSWER)
BUSY = response(b'{"error":{"message":"come back"}}', b"503 Service Unavailable",
                b"Content-Type: application/json\r\nX-Of-Try: yes\r\n")
BROKEN = b""
KINDS = ("model", "plain")


class Tries:
    """One behaviour after the other: bytes are the answer to a request, no bytes end the connection, None says nothing."""

    def __init__(self, *plan):
        self._plan = list(plan)
        self._lock = threading.Lock()
        self.requests = []
        self.times = []

    def __call__(self, connection, _):
        while (request := read_request(connection)) is not None:
            with self._lock:
                self.times.append(time.monotonic())
                self.requests.append(request)
                does = self._plan.pop(0)
            if does is None:
                connection.recv(1)
                return
            if does == BROKEN:
                return
            connection.sendall(does)

    def said(self, name):
        """The field of that name, or None, of each request."""
        found = [re.search(rb"\r\n%s: ([^\r]*)" % name, head, re.IGNORECASE) for head, _ in self.requests]
        return [one and one[1].decode() for one in found]


def before(stage, kind, tries, retry, timeouts=None, workers=2):
    peer = stage.keep(Peer(tries))
    backend = manifests.static("b", peer.port) if kind == "plain" else manifests.openai("b", peer.port, "served-model")
    route = manifests.route("r", "b", timeouts=timeouts)
    route["spec"]["rules"][0]["retry"] = retry
    text = manifests.to_text(manifests.gateway(), route, backend)
    return stage.gateway([stage.write("c.yaml", text)], binds=["edge"], workers=workers)


def counted(gateway, cause, count):
    """Waits until so many retries are counted: requests are counted when their last byte has left."""
    line = re.compile(r'^gatehouse_retries_total\{[^}]*cause="%s"[^}]*\} %d$' % (cause, count), re.MULTILINE)
    gateway.wait_for(lambda: line.search(gateway.metrics()), f"{count} retries are counted")


@pytest.mark.parametrize("kind", KINDS)
def test_a_code_of_the_rule_is_tried_again(stage, kind):
    tries = Tries(BUSY, BUSY, GOOD)
    gateway = before(stage, kind, tries, {"codes": [503], "attempts": 3, "backoff": "40ms"})
    reply = harness.post(gateway.port("edge"), CHAT, harness.CHAT)
    assert reply.status == 200 and reply.body == ANSWER
    assert len({body for _, body in tries.requests}) == 1 and len(tries.requests[0][1]) > 20
    assert tries.said(b"x-retry-attempt") == [None, "1", "2"]
    assert all(later - earlier >= 0.04 for earlier, later in zip(tries.times, tries.times[1:]))
    line = gateway.access_of(reply)
    assert line["gatehouse.outcome"] == "Completed" and line["gatehouse.attempts"] == 3 and line["retry.attempt"] == 2
    if kind == "model":
        assert line["gen_ai.usage.input_tokens"] == 7 and line["gen_ai.usage.output_tokens"] == 2
    counted(gateway, "retry_status", 2)
    harness.eventually(lambda: 'status_class="5xx"' in gateway.metrics(), "attempts are counted by their status")


@pytest.mark.parametrize("kind", KINDS)
def test_the_last_answer_passes_as_it_is(stage, kind):
    tries = Tries(*[BUSY] * 3)
    gateway = before(stage, kind, tries, {"codes": [503], "attempts": 2, "backoff": "1ms"})
    reply = harness.post(gateway.port("edge"), CHAT, harness.CHAT)
    assert reply.status == 503 and b"come back" in reply.body
    assert len(tries.requests) == 3 and gateway.access_of(reply)["gatehouse.attempts"] == 3


@pytest.mark.parametrize("kind", KINDS)
def test_another_code_is_no_reason(stage, kind):
    tries = Tries(BUSY)
    gateway = before(stage, kind, tries, {"codes": [500], "attempts": 2})
    reply = harness.post(gateway.port("edge"), CHAT, harness.CHAT)
    assert reply.status == 503 and len(tries.requests) == 1
    assert gateway.access_of(reply)["gatehouse.attempts"] == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_connection_that_ends_without_an_answer_is_tried_again(stage, kind):
    tries = Tries(BROKEN, GOOD)
    gateway = before(stage, kind, tries, {"codes": [500]})
    reply = harness.post(gateway.port("edge"), CHAT, harness.CHAT)
    assert reply.status == 200 and len(tries.requests) == 2
    counted(gateway, "retry_connect", 1)


def test_a_kept_connection_that_is_gone_takes_no_retry(stage):
    tries = Tries(GOOD, BROKEN, BUSY, GOOD)
    gateway = before(stage, "plain", tries, {"codes": [503], "attempts": 1, "backoff": "1ms"}, workers=1)
    replies = [harness.post(gateway.port("edge"), "/", b"body") for _ in range(2)]
    assert [reply.status for reply in replies] == [200, 200]
    assert tries.said(b"x-retry-attempt") == [None, None, None, "1"]
    assert gateway.access_of(replies[1])["gatehouse.attempts"] == 3


def test_without_retry_it_is_not(stage):
    peer = stage.keep(Peer(tries := Tries(BROKEN, GOOD)))
    gateway = stage.gateway([stage.write("c.yaml", manifests.one_model(peer.port))], binds=["edge"])
    assert harness.post(gateway.port("edge"), CHAT, harness.CHAT).status == 502
    assert len(tries.requests) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_each_try_has_the_time_of_backend_request(stage, kind):
    tries = Tries(None, GOOD)
    gateway = before(stage, kind, tries, {"attempts": 1, "backoff": "1ms"}, {"request": "30s", "backendRequest": "2s"})
    reply = harness.post(gateway.port("edge"), CHAT, harness.CHAT)
    assert reply.status == 200 and len(tries.requests) == 2
    counted(gateway, "retry_timeout", 1)


@pytest.mark.parametrize("kind", KINDS)
def test_all_tries_together_have_the_time_of_request(stage, kind):
    tries = Tries(BUSY)
    gateway = before(stage, kind, tries, {"codes": [503], "attempts": 5, "backoff": "1h"}, {"request": "2s"})
    reply = harness.post(gateway.port("edge"), CHAT, harness.CHAT)
    assert reply.status == 504 and len(tries.requests) == 1
    line = gateway.access_of(reply)
    assert line["gatehouse.outcome"] == "TimedOut" and line["gatehouse.attempts"] == 1


def test_a_client_that_leaves_ends_the_pause(stage):
    tries = Tries(BUSY)
    gateway = before(stage, "plain", tries, {"codes": [503], "backoff": "1h"})
    with socket.create_connection(("127.0.0.1", gateway.port("edge")), timeout=harness.PATIENCE) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        harness.eventually(lambda: tries.requests, "the first try")
    assert gateway.access_log(1)[0]["gatehouse.outcome"] == "ClientGone"


def test_a_chunked_body_is_sent_again(stage):
    received = []

    def handle(connection, number):
        data = b""
        while not data.endswith(b"0\r\n\r\n"):
            data += connection.recv(65536)
        pieces = re.findall(rb"[0-9a-f]+\r\n([^\r]*)\r\n", data.partition(b"\r\n\r\n")[2])
        received.append(b"".join(pieces))
        connection.sendall(GOOD if number else b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    gateway = before(stage, "plain", handle, {"codes": [500], "backoff": "1ms"})
    reply = harness.raw_exchange(gateway.port("edge"), b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                                 b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n")
    assert reply.startswith(b"HTTP/1.1 200")
    assert received == [b"hello world"] * 2
    assert gateway.access_log(1)[0]["gatehouse.attempts"] == 2


def test_a_body_that_is_too_large_to_be_kept_is_sent_once(stage):
    tries = Tries(BUSY)
    gateway = before(stage, "plain", tries, {"codes": [503], "backoff": "1ms"})
    reply = harness.post(gateway.port("edge"), "/", b"x" * (1 << 20) + b"x")
    assert reply.status == 503 and len(tries.requests) == 1


def test_a_body_of_any_size_finds_the_endpoint_that_listens(stage):
    """Nothing of it has left for the one that does not."""
    host, port = harness.quiet_host(), None
    last = GOOD.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)
    peer = stage.keep(Peer(lambda connection, _: read_request(connection) and connection.sendall(last)))
    port = peer.port
    service = {
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "s", "namespace": "default"},
        "spec": {"ports": [{"name": "http", "port": 80}]},
    }
    endpoints = {
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
        "metadata": {"name": "s-1", "namespace": "default", "labels": {"kubernetes.io/service-name": "s"}},
        "ports": [{"name": "http", "port": port}], "endpoints": [{"addresses": ["127.0.0.1"]}, {"addresses": [host]}],
    }
    route = manifests.route("r", "s")
    route["spec"]["rules"][0] |= {"backendRefs": [{"name": "s", "port": 80}], "retry": {"backoff": "1ms"}}
    gateway = stage.gateway(
        [stage.write("c.yaml", manifests.to_text(manifests.gateway(), route, service, endpoints))], binds=["edge"])
    replies = [harness.post(gateway.port("edge"), "/", b"x" * (2 << 20)) for _ in range(12)]
    assert [reply.status for reply in replies] == [200] * 12


def test_a_reply_that_has_begun_is_never_made_again(stage):
    asked = []

    def handle(connection, _):
        asked.append(read_request(connection))
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
    gateway = before(stage, "plain", handle, {"attempts": 3, "codes": [502, 503]})
    received = harness.raw_exchange(gateway.port("edge"), b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert received.startswith(b"HTTP/1.1 200 ") and not received.endswith(b"0\r\n\r\n")
    assert len(asked) == 1
    line = gateway.access_log(1)[0]
    assert line["gatehouse.attempts"] == 1 and line["gatehouse.outcome"] == "UpstreamTruncated"


def test_a_policy_of_the_gateway_says_it_for_its_routes(stage):
    peer = stage.keep(Peer(tries := Tries(BUSY, GOOD, BUSY)))
    policy = {
        "apiVersion": "agentgateway.dev/v1alpha1", "kind": "AgentgatewayPolicy",
        "metadata": {"name": "patient", "namespace": "default"},
        "spec": {
            "targetRefs": [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "edge"}],
            "traffic": {"retry": {"attempts": 1, "codes": [503], "backoff": "1ms"}},
        },
    }
    own = manifests.route("own", "b", prefix="/own")
    own["spec"]["rules"][0]["retry"] = {"attempts": 0}
    text = manifests.to_text(manifests.gateway(), manifests.route("r", "b"), own, policy, manifests.static("b", peer.port))
    gateway = stage.gateway([stage.write("c.yaml", text)], binds=["edge"])
    assert harness.post(gateway.port("edge"), "/", b"").status == 200 and len(tries.requests) == 2
    assert harness.post(gateway.port("edge"), "/own", b"").status == 503 and len(tries.requests) == 3
