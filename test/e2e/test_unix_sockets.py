"""Unix sockets on both sides: Gateways that listen on a path, and backends that are one."""

import http.server
import json
import pathlib
import signal
import socketserver
import stat
import subprocess
import tempfile
import threading

import harness
import manifests
import pytest


@pytest.fixture
def folder():
    """A folder with a short path: a socket's has 107 octets at most."""
    with tempfile.TemporaryDirectory(prefix="gh-") as path:
        yield pathlib.Path(path)


class UnixServer(socketserver.ThreadingUnixStreamServer):
    """An HTTP server on a path; counts its connections and keeps what it was sent."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self):
            super().setup()
            self.server.connections += 1

        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            self.server.seen.append((self.path, dict(self.headers), body))
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def address_string(self):
            return "unix"

        def log_message(self, *_):
            pass

    daemon_threads = True

    def __init__(self, path):
        super().__init__(str(path), self.Handler)
        self.connections, self.seen = 0, []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def stop(self):
        self.shutdown()
        self.server_close()


def backend(path, **policies):
    spec = {"static": {"unixPath": str(path)}, **({"policies": policies} if policies else {})}
    return {"apiVersion": "agentgateway.dev/v1alpha1", "kind": "AgentgatewayBackend",
            "metadata": {"name": "web", "namespace": manifests.NAMESPACE}, "spec": spec}


def curl(path, url, *arguments):
    done = subprocess.run(["curl", "-sS", "--max-time", str(harness.PATIENCE), "--unix-socket", str(path), *arguments, url],
                          capture_output=True, text=True, check=True)
    return done.stdout


def start_edge(stage, bind, annotations=None):
    edge = manifests.gateway()
    edge["metadata"]["annotations"] = annotations or {}
    mock = stage.mock()
    file = stage.write("edge.yaml", manifests.to_text(edge, manifests.route("all", "model"),
                                                      manifests.openai("model", mock.port, "served")))
    extra = ["--bind", f"edge={bind}"] if bind else []
    return stage.gateway([file], extra=extra)


def test_a_backend_on_a_path_is_served_over_kept_connections(stage, folder):
    server = stage.keep(UnixServer(folder / "web.sock"))
    file = stage.write("edge.yaml", manifests.to_text(
        manifests.gateway(), manifests.route("all", "web"), backend(folder / "web.sock")))
    gateway = stage.gateway([file], binds=["edge"], workers=1)
    for number in range(5):
        reply = harness.post(gateway.port("edge"), f"/x/{number}", b"hello")
        assert (reply.status, reply.body) == (200, b"hello")
    assert server.connections == 1
    assert server.seen[0][1]["Host"] == "localhost"
    line = gateway.access_log(5)[0]
    assert line["endpoint"] == f"unix:{folder}/web.sock"


def test_a_path_with_nobody_behind_it_is_503(stage, folder):
    file = stage.write("edge.yaml", manifests.to_text(
        manifests.gateway(), manifests.route("all", "web"), backend(folder / "none.sock")))
    gateway = stage.gateway([file], binds=["edge"])
    assert harness.post(gateway.port("edge"), "/", b"x").status == 503
    assert "No such file" in gateway.access_log(1)[0]["error"]


def test_a_path_that_is_too_long_is_said_and_answered_with_500(stage):
    long = "/run/" + "x" * 103
    file = stage.write("edge.yaml", manifests.to_text(
        manifests.gateway(), manifests.route("all", "web"), backend(long)))
    gateway = stage.gateway([file], binds=["edge"])
    assert harness.post(gateway.port("edge"), "/", b"x").status == 500
    said = [line for line in gateway.text().splitlines() if "spec.static.unixPath" in line and "at most 107 octets" in line]
    assert said and "edge.yaml" in said[0]


def test_a_gateway_listens_on_a_path(stage, folder):
    path = folder / "edge.sock"
    gateway = start_edge(stage, f"unix:{path}")
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    answer = json.loads(curl(path, "http://localhost/v1/chat/completions", "-H", "content-type: application/json",
                             "-d", json.dumps(harness.CHAT)))
    assert answer["choices"]
    assert curl(path, "http://localhost/v1/models", "--http2-prior-knowledge", "-o", "/dev/null", "-w", "%{http_version}") == "2"
    assert {line["src.addr"] for line in gateway.access_log(2)} == {"unix"}
    listening = [line for line in gateway.json_lines() if line.get("msg") == "listening"]
    assert listening[0]["address"] == f"unix:{path}"
    assert f"curl --unix-socket {path} http://localhost/v1/chat/completions" in gateway.text()
    gateway.signal(signal.SIGTERM)
    assert gateway.exit_code() == 0
    assert not path.exists()


def test_both_workers_serve_a_path(stage, folder):
    path = folder / "edge.sock"
    gateway = start_edge(stage, f"unix:{path}")
    for _ in range(40):
        curl(path, "http://localhost/v1/models")
    assert len(gateway.access_log(40)) == 40


def test_the_annotation_names_a_path(stage, folder):
    path = folder / "edge.sock"
    start_edge(stage, None, {"gatehouse.dev/bind": f"unix:{path}"})
    assert "data" in json.loads(curl(path, "http://localhost/v1/models"))


def test_what_a_killed_gateway_left_is_replaced(stage, folder):
    path = folder / "edge.sock"
    first = start_edge(stage, f"unix:{path}")
    first.signal(signal.SIGKILL)
    first.process.wait(harness.PATIENCE)
    assert path.exists()
    start_edge(stage, f"unix:{path}")
    assert "data" in json.loads(curl(path, "http://localhost/v1/models"))


def test_a_path_in_use_ends_the_start(stage, folder):
    path = folder / "edge.sock"
    start_edge(stage, f"unix:{path}")
    second = stage.process(["run", "-f", stage.folder / "edge.yaml", "--bind", f"edge=unix:{path}",
                            "--admin", "127.0.0.1:0", "--metrics", "127.0.0.1:0", "--readiness", "127.0.0.1:0"])
    assert second.exit_code() == 1
    assert f"cannot listen on unix:{path}: used by another process" in second.text()
    assert "data" in json.loads(curl(path, "http://localhost/v1/models"))


def test_a_path_that_leaves_the_configuration_is_taken_away(stage, folder):
    one, other = folder / "one.sock", folder / "other.sock"
    edge = manifests.gateway()
    mock = stage.mock()
    rest = [manifests.route("all", "model"), manifests.openai("model", mock.port, "served")]
    def write(path):
        edge["metadata"]["annotations"] = {"gatehouse.dev/bind": f"unix:{path}"}
        return stage.write("edge.yaml", manifests.to_text(edge, *rest))
    gateway = stage.gateway([write(one)])
    assert "data" in json.loads(curl(one, "http://localhost/v1/models"))
    gateway.reloaded(lambda: write(other))
    assert "data" in json.loads(curl(other, "http://localhost/v1/models"))
    assert not one.exists()
