"""Configuration that changes under traffic: taken over without a restart, and never half."""

import http.client
import json
import signal
import socket
import ssl
import subprocess
import threading

import pytest

import events
import harness
import manifests
from peer import Peer

CHAT = "/v1/chat/completions"


def models(mock_port, **routes):
    """Gateway edge; each route name has a prefix and a backend of that name that sends the model given."""
    return manifests.to_text(manifests.gateway(), *(
        item for name, model in routes.items()
        for item in (manifests.route(name, name, f"/{name}"), manifests.openai(name, mock_port, model))
    ))


class Line:
    def __init__(self, stage, **routes):
        self.stage = stage
        self.mock = stage.mock()
        self.path = self.write(**routes)
        self.gateway = stage.gateway([self.path], binds=["edge"])
        self.port = self.gateway.port("edge")

    def write(self, **routes):
        return self.stage.write("config/all.yaml", models(self.mock.port, **routes))

    def ask(self, name):
        return harness.post(self.port, f"/{name}{CHAT}", harness.CHAT)


def value_of(text, name):
    """The value of a metric; `name` with its labels."""
    return [float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith(f"{name} ")][0]


def bound_to(bind, port=1):
    """A configuration that is served at this address."""
    gateway = manifests.gateway()
    gateway["metadata"]["annotations"] = {"gatehouse.dev/bind": bind}
    return manifests.to_text(gateway, manifests.route("all", "m"), manifests.openai("m", port, "served"))


def test_new_changed_and_removed_routes_are_taken_over_without_a_restart(stage):
    line = Line(stage, a="one")
    assert line.ask("a").json()["model"] == "one" and line.ask("b").status == 404
    line.gateway.reloaded(lambda: line.write(a="two", b="three"))
    assert line.ask("a").json()["model"] == "two" and line.ask("b").json()["model"] == "three"
    line.gateway.reloaded(lambda: line.write(b="three"))
    assert line.ask("a").status == 404 and line.ask("b").status == 200
    assert line.gateway.port("edge") == line.port


def test_a_new_file_in_the_folder_and_one_that_goes_are_seen(stage):
    mock = stage.mock()
    stage.write("config/gateway.yaml", models(mock.port, a="one"))
    gateway = stage.gateway([stage.folder / "config"], binds=["edge"])
    more = manifests.to_text(manifests.route("b", "b", "/b"), manifests.openai("b", mock.port, "two"))
    gateway.reloaded(lambda: stage.write("config/deeper/more.yaml", more))
    assert harness.post(gateway.port("edge"), f"/b{CHAT}", harness.CHAT).json()["model"] == "two"
    gateway.reloaded((stage.folder / "config/deeper/more.yaml").unlink)
    assert harness.post(gateway.port("edge"), f"/b{CHAT}", harness.CHAT).status == 404


def test_a_configuration_that_serves_nothing_any_more_is_said_aloud(stage):
    line = Line(stage, a="one")
    line.gateway.reloaded(lambda: line.path.write_text("# nothing\n"))
    line.gateway.wait_for(lambda: "nothing is served any more" in line.gateway.text(), "it is said")
    line.gateway.reloaded(lambda: line.write(a="two"))
    assert line.gateway.text().count("nothing is served any more") == 1


def test_a_broken_file_keeps_the_last_good_and_says_why(stage):
    line = Line(stage, a="one")
    assert value_of(line.gateway.metrics(), "gatehouse_config_last_reload_success") == 1
    before = line.gateway.configuration()
    stage.write("config/all.yaml", "kind: Gateway\n\tbroken: [\n")
    state = line.gateway.wait_for(
        lambda: (now := line.gateway.configuration())["rejected_reloads"] > before["rejected_reloads"] and now,
        "the broken file is refused",
    )
    assert "all.yaml" in state["last_error"]
    assert line.ask("a").json()["model"] == "one"
    assert value_of(line.gateway.metrics(), "gatehouse_config_last_reload_success") == 0
    assert "all.yaml:2:1" in line.gateway.text(), "the log says why"
    assert "all.yaml" in json.loads(line.gateway.get("admin", "/api/resources")[1])["last_error"]
    line.gateway.reloaded(lambda: line.write(a="two"))
    assert line.ask("a").json()["model"] == "two"
    assert value_of(line.gateway.metrics(), "gatehouse_config_last_reload_success") == 1
    assert line.gateway.configuration()["last_error"] is None


def test_nothing_of_a_file_that_is_cut_in_the_middle_is_served(stage):
    line = Line(stage, a="one", b="two")
    before = line.gateway.configuration()
    text = models(line.mock.port, a="changed", b="two")
    stage.write("config/all.yaml", text + "---\nfoo: [")
    state = line.gateway.wait_for(
        lambda: (now := line.gateway.configuration())["rejected_reloads"] > before["rejected_reloads"] and now,
        "the broken file is refused",
    )
    assert line.ask("a").json()["model"] == "one" and line.ask("b").json()["model"] == "two"
    assert state["reloads"] == before["reloads"], "a reload is applied or rejected, never both"
    metrics = line.gateway.metrics()
    assert value_of(metrics, 'gatehouse_config_reloads_total{result="rejected"}') == state["rejected_reloads"]
    assert value_of(metrics, 'gatehouse_config_reloads_total{result="applied"}') == state["reloads"]
    said = line.gateway.wait_for(lambda: found if (found := [
        told for told in line.gateway.text().splitlines() if "cannot be read; the last good state" in told]) else None,
        "the log says it")
    assert len(said) == 1 and "not applied" in said[0]


def test_an_object_in_error_leaves_the_others_working(stage):
    line = Line(stage, a="one", b="two")
    text = models(line.mock.port, a="one", b="two", c="three")
    reference = '"name": "b",\n      "group": "agentgateway.dev"'
    broken = text.replace(reference, reference.replace('"b"', '"bb"'))
    assert broken != text
    line.gateway.reloaded(lambda: stage.write("config/all.yaml", broken))
    assert line.ask("a").status == 200 and line.ask("c").json()["model"] == "three"
    reply = line.ask("b")
    assert (reply.status, reply.json()["error"]["code"]) == (500, "no_backend")
    findings = json.loads(line.gateway.get("admin", "/api/resources")[1])["findings"]
    assert any("bb" in finding["message"] and "HTTPRoute" in finding["object"] for finding in findings)


def test_sighup_reloads(stage):
    line = Line(stage, a="one")
    before = line.gateway.configuration()
    line.gateway.signal(signal.SIGHUP)
    after = line.gateway.wait_for(
        lambda: (now := line.gateway.configuration())["unchanged_reloads"] > before["unchanged_reloads"] and now,
        "reload after SIGHUP")
    assert line.ask("a").status == 200
    assert after == {**before, "unchanged_reloads": 1}, "what is served already is not published anew"
    line.gateway.wait_for(lambda: "configuration unchanged" in line.gateway.text(), "the log says it")
    metrics = line.gateway.metrics()
    assert value_of(metrics, 'gatehouse_config_reloads_total{result="unchanged"}') == 1
    assert value_of(metrics, 'gatehouse_config_reloads_total{result="applied"}') == 1
    assert value_of(metrics, "gatehouse_config_last_reload_success") == 1
    line.gateway.reloaded(lambda: line.write(a="two"))
    assert line.ask("a").json()["model"] == "two"


def test_sighup_tries_again_what_could_not_be_opened(stage):
    """The files are the same, but what is served is not what they say."""
    (first,) = free_ports(1)
    stage.write("c.yaml", bound_to(f"127.0.0.1:{first}"))
    gateway = stage.gateway([stage.folder / "c.yaml"])
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        gateway.reloaded(lambda: stage.write("c.yaml", bound_to(f"127.0.0.1:{port}")))
        assert gateway.configuration()["unbound"]
    gateway.reloaded(lambda: gateway.signal(signal.SIGHUP))
    assert gateway.configuration()["unbound"] == []
    assert harness.post(port, "/v1/models", None, method="GET").status == 200


def test_a_file_that_is_being_written_serves_as_it_was_until_it_is_closed(stage):
    mock = stage.mock()
    path = stage.write("config/all.yaml", models(mock.port, a="one", b="two"))
    gateway = stage.gateway([stage.folder / "config"], binds=["edge"])

    def model_of(name):
        reply = harness.post(gateway.port("edge"), f"/{name}{CHAT}", harness.CHAT)
        assert reply.status == 200, name
        return reply.json()["model"]

    def hang_up():
        def reloads():
            state = gateway.configuration()
            return state["reloads"] + state["unchanged_reloads"]
        before = reloads()
        gateway.signal(signal.SIGHUP)
        gateway.wait_for(lambda: reloads() > before, "reload after SIGHUP")

    def more(name):
        text = manifests.to_text(manifests.route(name, name, f"/{name}"), manifests.openai(name, mock.port, "more"))
        gateway.reloaded(lambda: stage.write(f"config/deeper/{name}.yaml", text))
        assert model_of(name) == "more"

    whole = models(mock.port, a="three", b="four")
    cut = whole.rindex("---")  # between two documents: valid, with something missing
    with open(path, "w") as writer:
        hang_up()
        assert (model_of("a"), model_of("b")) == ("one", "two"), "it is empty"
        writer.write(whole[:cut])
        writer.flush()
        hang_up()
        more("c")
        assert (model_of("a"), model_of("b")) == ("one", "two"), "it is cut between two documents"
        with open(stage.folder / "config/new.yaml", "w") as newcomer:
            newcomer.write("kind: [")
            newcomer.flush()
            hang_up()
            more("d")
            assert gateway.configuration()["last_error"] is None, "a new file is left out until it is whole"
            newcomer.seek(0)
            newcomer.truncate()
        writer.write(whole[cut:])
    gateway.wait_for(lambda: (model_of("a"), model_of("b")) == ("three", "four"), "the closed file is taken over")
    assert model_of("c") == model_of("d") == "more"
    said = [line for line in gateway.text().splitlines() if "a file is being written" in line]
    assert len([line for line in said if "all.yaml" in line]) == 1, said


def test_2000_requests_during_continuous_reloads_all_succeed(stage):
    line = Line(stage, a="model-0")
    stopped = threading.Event()
    written = []

    def rewrite():
        while not stopped.is_set():
            written.append(line.write(a=f"model-{len(written)}", **{f"r{len(written) % 7}": "other"}))
            stopped.wait(0.05)

    failures = []

    def client():
        connection = http.client.HTTPConnection("127.0.0.1", line.port, timeout=harness.PATIENCE)
        for _ in range(250):
            connection.request("POST", f"/a{CHAT}", json.dumps(harness.CHAT), {"content-type": "application/json"})
            response = connection.getresponse()
            body = response.read()
            if response.status != 200 or not json.loads(body)["model"].startswith("model-"):
                failures.append((response.status, body))
        connection.close()

    def guarded():
        try:
            client()
        except Exception as error:
            failures.append(error)

    before = line.gateway.configuration()["generation"]
    writer = threading.Thread(target=rewrite, daemon=True)
    clients = [threading.Thread(target=guarded, daemon=True) for _ in range(8)]
    writer.start()
    for thread in clients:
        thread.start()
    try:
        for thread in clients:
            thread.join(harness.PATIENCE * 4)
            assert not thread.is_alive(), failures
        harness.eventually(lambda: line.gateway.configuration()["generation"] > before, "at least one reload happened")
    finally:
        stopped.set()
        writer.join()
    assert failures == []
    assert line.gateway.configuration()["rejected_reloads"] == 0


def test_a_gateway_that_moves_keeps_its_running_stream(stage):
    """Its address leaves the configuration while a stream runs on it."""
    held = stage.keep(events.Held())
    peer = stage.keep(Peer(held))
    first, second = free_ports(2)
    stage.write("c.yaml", bound_to(f"127.0.0.1:{first}", peer.port))
    gateway = stage.gateway([stage.folder / "c.yaml"])
    body = {**harness.CHAT, "stream": True, "stream_options": {"include_usage": True}}
    reader = events.Reader(gateway.port("edge"), CHAT, body)
    reader.until(b"data: ")
    gateway.reloaded(lambda: stage.write("c.yaml", bound_to(f"127.0.0.1:{second}", peer.port)))
    held.finish()
    assert reader.rest() == "".join(events.CHAT_EVENTS[1:]).encode()
    assert gateway.port("edge") == second
    assert harness.post(second, "/v1/models", None, method="GET").json()["data"][0]["id"] == "served"
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", first)) != 0


def test_a_request_on_its_way_to_an_address_that_leaves_is_answered(stage):
    first, second = free_ports(2)
    stage.write("c.yaml", bound_to(f"127.0.0.1:{first}"))
    gateway = stage.gateway([stage.folder / "c.yaml"])
    with socket.create_connection(("127.0.0.1", first), timeout=harness.PATIENCE) as client:
        # Two heads: when the first is answered, the begin of the second has been read as well.
        client.sendall(b"GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\nGET /v1/models HTTP/1.1\r\nHost")
        received = client.recv(65536)
        assert received.startswith(b"HTTP/1.1 200")
        gateway.reloaded(lambda: stage.write("c.yaml", bound_to(f"127.0.0.1:{second}")))
        client.sendall(b": x\r\n\r\n")
        rest = b""
        while piece := client.recv(65536):
            rest += piece
    assert rest.startswith(b"HTTP/1.1 200") and b"connection: close" in rest.lower(), rest


def test_an_address_that_was_in_the_way_is_taken_over_by_the_same_reload(stage):
    """127.0.0.1:P stands in the way of 0.0.0.0:P until it is closed."""
    (port,) = free_ports(1)
    stage.write("c.yaml", bound_to(f"127.0.0.1:{port}"))
    gateway = stage.gateway([stage.folder / "c.yaml"])
    gateway.reloaded(lambda: stage.write("c.yaml", bound_to(f"0.0.0.0:{port}")))
    assert harness.post(port, "/v1/models", None, method="GET", host="127.0.0.2").status == 200
    gateway.reloaded(lambda: stage.write("c.yaml", bound_to(f"127.0.0.1:{port}")))
    assert harness.post(port, "/v1/models", None, method="GET").status == 200


def certificate(stage, *algorithm):
    """A new Secret of a certificate for localhost, and the file of its chain."""
    key, chain = stage.folder / "key.pem", stage.folder / "chain.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", *algorithm, "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", chain],
        check=True, capture_output=True,
    )
    return chain, {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "cert", "namespace": "default"},
                   "type": "kubernetes.io/tls",
                   "stringData": {"tls.crt": chain.read_text(), "tls.key": key.read_text()}}


GOOD = ("ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")
TOO_SHORT = ("rsa:1024",)  # a good pair, but no TLS library takes it
HTTP = {"protocol": "HTTP"}
HTTPS = {"protocol": "HTTPS", "tls": {"certificateRefs": [{"name": "cert"}]}}


def one_listener(listener, secret):
    gateway = manifests.gateway()
    gateway["spec"]["listeners"] = [{"name": "http", "port": 443, **listener}]
    return manifests.to_text(gateway, manifests.route("all", "m"), manifests.openai("m", 1, "served"), secret)


def serves_tls(port, chain):
    context = ssl.create_default_context(cafile=chain)
    secure = http.client.HTTPSConnection("localhost", port, context=context, timeout=harness.PATIENCE)
    secure.request("GET", "/v1/models")
    assert json.loads(secure.getresponse().read())["data"][0]["id"] == "served"
    secure.close()


def plain_answer(port):
    """What a client that speaks no TLS is told."""
    try:
        return harness.raw_exchange(port, b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    except ConnectionError:
        return b""


def test_plain_connections_end_when_their_address_begins_to_speak_tls(stage):
    chain, secret = certificate(stage, *GOOD)
    stage.write("c.yaml", one_listener(HTTP, secret))
    gateway = stage.gateway([stage.folder / "c.yaml"], binds=["edge"])
    port = gateway.port("edge")
    plain = http.client.HTTPConnection("127.0.0.1", port, timeout=harness.PATIENCE)
    plain.request("GET", "/v1/models")
    assert plain.getresponse().read()
    gateway.reloaded(lambda: stage.write("c.yaml", one_listener(HTTPS, secret)))
    assert plain.sock.recv(1) == b"", "the connection ends, and nothing is said on it"
    serves_tls(port, chain)


def refuses(port):
    """Nobody listens there."""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=harness.PATIENCE)


def test_a_plain_listener_that_becomes_https_without_usable_certificates_closes(stage):
    _, short = certificate(stage, *TOO_SHORT)
    chain, good = certificate(stage, *GOOD)
    stage.write("c.yaml", one_listener(HTTP, short))
    (port,) = free_ports(1)
    gateway = stage.gateway([stage.folder / "c.yaml"], extra=["--bind", f"edge=127.0.0.1:{port}"])
    assert plain_answer(port).startswith(b"HTTP/1.1 200")
    gateway.reloaded(lambda: stage.write("c.yaml", one_listener(HTTPS, short)))
    refuses(port)
    gateway.reloaded(lambda: stage.write("c.yaml", one_listener(HTTPS, good)))
    serves_tls(port, chain)
    assert not plain_answer(port).startswith(b"HTTP/1.1 200")
    gateway.reloaded(lambda: stage.write("c.yaml", one_listener(HTTP, short)))
    assert plain_answer(port).startswith(b"HTTP/1.1 200")


def free_ports(count):
    """Ports the kernel says are free."""
    holders = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [holder.getsockname()[1] for holder in holders]
    for holder in holders:
        holder.close()
    return ports
