"""Metrics as Prometheus reads them, readiness, and the admin API."""

import gzip
import http.client
import json
import math
import re
import socket
import threading

import pytest

import events
import harness
import manifests
from peer import Peer, read_request, response

CHAT = "/v1/chat/completions"
NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"'


class Exposition:
    """Metrics in the text format, read strictly: every departure from it is an error."""

    def __init__(self, text):
        assert text.endswith("\n")
        self.types, self.samples = {}, {}
        family, seen_help = None, set()
        for line in text.splitlines():
            if line.startswith("# HELP "):
                family = re.fullmatch(rf"# HELP ({NAME}) \S.*", line)[1]
                assert family not in seen_help, f"{family} comes twice"
                seen_help.add(family)
            elif line.startswith("# TYPE "):
                name, kind = re.fullmatch(rf"# TYPE ({NAME}) (counter|gauge|histogram)", line).groups()
                assert name == family and name not in self.types
                self.types[name] = kind
            else:
                self._sample(line, family)
        for family, kind in self.types.items():
            if kind == "histogram":
                self._check_histogram(family)

    def _sample(self, line, family):
        match = re.fullmatch(rf"({NAME})(?:\{{(.*)\}})? (\S+)", line)
        assert match, line
        name, labels, value = match.groups()
        pairs = re.findall(LABEL, labels or "")
        assert ",".join(f'{key}="{text}"' for key, text in pairs) == (labels or ""), line
        assert len({key for key, _ in pairs}) == len(pairs), line
        kind = self.types[family]
        suffixes = ("_bucket", "_sum", "_count") if kind == "histogram" else ("",)
        assert name in [family + suffix for suffix in suffixes], f"{name} among those of {family}"
        if kind == "counter":
            assert float(value) >= 0
        key = (name, frozenset(pairs))
        assert key not in self.samples, f"twice: {line}"
        self.samples[key] = float(value)

    def _check_histogram(self, family):
        series = {}
        for (name, labels), value in self.samples.items():
            if name.startswith(family + "_"):
                rest = frozenset(pair for pair in labels if pair[0] != "le")
                series.setdefault(rest, {})[name[len(family):], dict(labels).get("le")] = value
        for values in series.values():
            buckets = sorted((float(bound), count) for (kind, bound), count in values.items() if kind == "_bucket")
            assert buckets[-1][0] == math.inf and buckets[-1][1] == values["_count", None]
            counts = [count for _, count in buckets]
            assert counts == sorted(counts), f"{family} is not cumulative"

    def total(self, name, **labels):
        """The sum of all series of `name` with these labels."""
        return sum(value for (sample, pairs), value in self.samples.items()
                   if sample == name and labels.items() <= dict(pairs).items())


@pytest.fixture
def gateway(stage):
    mock = stage.mock()
    return stage.gateway([stage.write("c.yaml", manifests.one_model(mock.port))], binds=["edge"])


def read(gateway):
    return Exposition(gateway.metrics())


def counted(gateway, name, value, **labels):
    """Waits until a metric has a value: requests are counted when their last byte has left."""
    harness.eventually(lambda: read(gateway).total(name, **labels) == value,
                       f"{name}{labels} is {value}, was {read(gateway).total(name, **labels)}")


def test_requests_tokens_and_connections_are_counted(gateway):
    port = gateway.port("edge")
    for stream in (False, True, False):
        assert harness.post(port, CHAT, {**harness.CHAT, "stream": stream}).status == 200
    assert harness.post(port, "/v1/nothing", None, method="GET").status == 404
    counted(gateway, "gatehouse_requests_total", 4)
    metrics = read(gateway)
    assert metrics.total("gatehouse_requests_total", outcome="Completed") == 3
    assert metrics.total("gatehouse_requests_total", outcome="Refused") == 1
    assert metrics.total("gatehouse_request_duration_seconds_count") == 4
    assert metrics.total("gatehouse_upstream_attempts_total") == 3
    assert metrics.total("gatehouse_downstream_connections_total") == 4
    assert metrics.total("gatehouse_requests_in_flight") == 0
    assert metrics.total("gatehouse_streams_open") == 0
    tokens = metrics.total("gatehouse_tokens_total")
    assert tokens > 0
    assert harness.post(port, CHAT, harness.CHAT).status == 200
    counted(gateway, "gatehouse_requests_total", 5)
    assert read(gateway).total("gatehouse_tokens_total") > tokens


def test_a_running_stream_is_in_flight(stage):
    import events
    mock = stage.mock(script=events.respond(events.CHAT_EVENTS, fault={"after": 50, "kind": "hang"}))
    gateway = stage.gateway([stage.write("c.yaml", manifests.one_model(mock.port))], binds=["edge"])
    reader = events.Reader(gateway.port("edge"), CHAT, {**harness.CHAT, "stream": True})
    counted(gateway, "gatehouse_requests_in_flight", 1)
    counted(gateway, "gatehouse_streams_open", 1)
    reader.leave()
    counted(gateway, "gatehouse_requests_in_flight", 0)
    counted(gateway, "gatehouse_requests_total", 1, outcome="ClientGone")


def test_connections_to_models_are_counted_as_idle_or_active(stage):
    go = socket.socketpair()

    def handle(connection, _):
        read_request(connection)
        go[0].recv(1)
        connection.sendall(response())
        go[0].recv(1)  # and closes while the connection is idle
    peer = stage.keep(Peer(handle))
    gateway = stage.gateway([stage.write("c.yaml", manifests.one_model(peer.port))], binds=["edge"])

    def connections(idle, active):
        counted(gateway, "gatehouse_upstream_connections", idle, state="idle")
        counted(gateway, "gatehouse_upstream_connections", active, state="active")
    asking = threading.Thread(target=harness.post, args=(gateway.port("edge"), CHAT, harness.CHAT))
    asking.start()
    connections(idle=0, active=1)
    go[1].sendall(b"x")
    asking.join(harness.PATIENCE)
    connections(idle=1, active=0)
    go[1].sendall(b"x")
    connections(idle=0, active=0)


def test_a_request_that_waits_for_its_model_holds_its_body(stage):
    go = socket.socketpair()

    def handle(connection, _):
        read_request(connection)
        go[0].recv(1)
        connection.sendall(response())
    peer = stage.keep(Peer(handle))
    gateway = stage.gateway([stage.write("c.yaml", manifests.one_model(peer.port))], binds=["edge"], workers=1)

    def held():
        return read(gateway).total("gatehouse_buffered_bytes")
    assert held() == 0
    body = {**harness.CHAT, "filler": "x" * 300_000}
    asking = threading.Thread(target=harness.post, args=(gateway.port("edge"), CHAT, body))
    asking.start()
    harness.eventually(lambda: held() >= 300_000, "the body is held")
    go[1].send(b"x")
    asking.join()
    harness.eventually(lambda: held() == 0, "the body is given back")


def test_a_stream_that_waits_for_more_holds_no_body(stage):
    go = socket.socketpair()

    def handle(connection, _):
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
        go[0].recv(1)
        connection.sendall(events.DONE.encode())
        connection.close()
    peer = stage.keep(Peer(handle))
    gateway = stage.gateway([stage.write("c.yaml", manifests.one_model(peer.port))], binds=["edge"], workers=1)
    body = {**harness.CHAT, "stream": True, "filler": "x" * 300_000}
    asking = threading.Thread(target=lambda: harness.post(gateway.port("edge"), CHAT, body))
    asking.start()
    counted(gateway, "gatehouse_streams_open", 1)
    assert read(gateway).total("gatehouse_buffered_bytes") == 0
    go[1].send(b"x")
    asking.join()


def test_the_program_and_its_configuration_are_told(gateway):
    metrics = read(gateway)
    assert metrics.total("gatehouse_build_info") == 1
    assert metrics.total("gatehouse_config_last_reload_success") == 1
    assert metrics.total("gatehouse_config_generation") == gateway.configuration()["generation"]
    assert metrics.total("process_resident_memory_bytes") > 0


def test_labels_that_clients_choose_do_not_grow_without_bound(gateway):
    port = gateway.port("edge")
    for number in range(300):
        harness.post(port, f"/path{number}", {"model": f"model-{number}", "messages": []}, headers={"user-agent": f"a{number}"})
    counted(gateway, "gatehouse_requests_total", 300)
    assert len([key for key in read(gateway).samples if key[0] == "gatehouse_requests_total"]) < 20


def test_model_names_that_the_configured_one_replaces_are_no_labels(gateway):
    port = gateway.port("edge")
    for number in range(20):
        assert harness.post(port, CHAT, {**harness.CHAT, "model": f"junk-{number}"}).status == 200
    counted(gateway, "gatehouse_usage_total", 20)
    names = {dict(labels).get("gen_ai_request_model") for _, labels in read(gateway).samples} - {None}
    assert names == {"other"}


def test_names_of_agentgateway_are_served_for_gateways_of_its_class(stage):
    mock = stage.mock()
    text = manifests.one_model(mock.port).replace('"gatehouse"', '"agentgateway"')
    gateway = stage.gateway([stage.write("c.yaml", text)], binds=["edge"])
    harness.post(gateway.port("edge"), CHAT, harness.CHAT)
    counted(gateway, "gatehouse_requests_total", 1)
    assert read(gateway).total("agentgateway_requests_total") == 1


def test_a_class_of_another_name_has_our_names_only(stage):
    mock = stage.mock()
    mine = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "GatewayClass", "metadata": {"name": "mine"},
            "spec": {"controllerName": "gatehouse.dev/gatehouse"}}
    text = manifests.to_text(mine) + "---\n" + manifests.one_model(mock.port).replace('"gatehouse"', '"mine"')
    gateway = stage.gateway([stage.write("c.yaml", text)], binds=["edge"])
    assert harness.post(gateway.port("edge"), CHAT, harness.CHAT).status == 200
    counted(gateway, "gatehouse_requests_total", 1)
    assert "agentgateway_" not in gateway.metrics()


def test_a_refusal_without_our_credential_is_none_of_our_key(stage):
    def handle(connection, _):
        read_request(connection)
        connection.sendall(response(status=b"401 Unauthorized"))
    peer = stage.keep(Peer(handle))
    gateway = stage.gateway([stage.write("c.yaml", manifests.one_model(peer.port))], binds=["edge"])
    assert harness.post(gateway.port("edge"), CHAT, harness.CHAT).status == 401
    counted(gateway, "gatehouse_upstream_attempts_total", 1, detail="none")
    counted(gateway, "gatehouse_upstream_attempts_total", 0, detail="provider_auth")


def test_readiness_and_liveness(gateway):
    assert gateway.get("readiness", "/healthz/ready") == (200, "ready\n")
    assert gateway.get("readiness", "/healthz/live")[0] == 200
    assert gateway.get("readiness", "/other")[0] == 404


def test_a_listener_that_cannot_be_opened_on_reload_makes_it_unready(stage):
    import socket
    mock = stage.mock()
    path = stage.write("c.yaml", manifests.one_model(mock.port))
    gateway = stage.gateway([path], binds=["edge"])
    with socket.create_server(("127.0.0.1", 0)) as taken:
        more = manifests.gateway("second")
        more["metadata"]["annotations"] = {"gatehouse.dev/bind": f"127.0.0.1:{taken.getsockname()[1]}"}
        gateway.reloaded(lambda: stage.write("c.yaml", manifests.one_model(mock.port) + "---\n" + manifests.to_text(more)))
        assert harness.post(gateway.port("edge"), CHAT, harness.CHAT).status == 200
        status, text = gateway.get("readiness", "/healthz/ready")
        assert status == 503 and "could not be opened" in text
        listed = json.loads(gateway.get("admin", "/api/resources?kind=Gateway&name=second")[1])
        listener = listed["items"][0]["status"]["listeners"][0]
        programmed = [item for item in listener["conditions"] if item["type"] == "Programmed"][0]
        assert (programmed["status"], programmed["reason"]) == ("False", "PortUnavailable")


def test_the_admin_api_refuses_strangers_and_unknown_things(gateway):
    port = gateway.service_port("admin")
    assert harness.post(port, "/api/resources", None, method="GET", headers={"host": "evil.example"}).status in (403, 421)
    assert harness.post(port, "/api/nothing", None, method="GET").status == 404
    assert harness.post(port, "/api/resources?colour=red", None, method="GET").status == 400
    assert harness.post(port, "/api/resources", "{}", method="POST").status == 405


def test_resources_are_filtered(gateway):
    _, text = gateway.get("admin", "/api/resources?kind=HTTPRoute&namespace=default&name=all")
    assert [(item["kind"], item["metadata"]["name"]) for item in json.loads(text)["items"]] == [("HTTPRoute", "all")]


@pytest.mark.parametrize("accepts, coded", [
    ("gzip", True), ("gzip;q=1.0,identity;q=0.5", True), ("deflate, GZIP ; q=0.3", True), ("br, *", True),
    (None, False), ("", False), ("identity", False), ("gzip;q=0", False), ("gzip;q=0, *", False), ("gzip;q=0.5, identity", False),
    ("br", False), ("gzip;q=x", False),
])
def test_metrics_are_coded_by_gzip_for_who_takes_it(gateway, accepts, coded):
    for method in ("GET", "HEAD"):
        connection = http.client.HTTPConnection("127.0.0.1", gateway.service_port("metrics"), timeout=harness.PATIENCE)
        connection.putrequest(method, "/metrics", skip_accept_encoding=True)
        if accepts is not None:
            connection.putheader("Accept-Encoding", accepts)
        connection.endheaders()
        response = connection.getresponse()
        body = response.read()
        connection.close()
        assert response.status == 200 and response.getheader("Vary") == "Accept, Accept-Encoding"
        assert response.getheader("Content-Encoding") == ("gzip" if coded else None)
        if method == "GET":
            assert int(response.getheader("Content-Length")) == len(body)
            Exposition((gzip.decompress(body) if coded else body).decode())
