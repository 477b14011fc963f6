"""Upstreams behind an HTTP proxy: tinyproxy, a real one, and a scripted one for what a real one does not do."""

import base64
import socket
import subprocess
import threading

import harness
import manifests
import peer
import proxies
import pytest


class Connects:
    """A scripted proxy: joins every CONNECT with `target`, whatever it asks for, and keeps what it was sent."""

    def __init__(self, target):
        self.asked = []
        self._target = target
        self._peer = peer.Peer(self._serve)
        self.address = f"127.0.0.1:{self._peer.port}"

    def _serve(self, connection, _):
        head, _, _ = peer.read_head(connection)
        self.asked.append(head.decode())
        with socket.create_connection(("127.0.0.1", self._target), timeout=harness.PATIENCE) as upstream:
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=self._copy, args=(upstream, connection), daemon=True)
            back.start()
            self._copy(connection, upstream)
            back.join(harness.PATIENCE)

    @staticmethod
    def _copy(source, sink):
        try:
            while piece := source.recv(65536):
                sink.sendall(piece)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def stop(self):
        self._peer.stop()


def certificate(stage, name):
    """A file with key and certificate, which is its own authority, and the certificate's text."""
    key, cert = stage.folder / "key.pem", stage.folder / "cert.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}", "-keyout", key, "-out", cert],
                   check=True, capture_output=True)
    return stage.write("both.pem", cert.read_text() + key.read_text()), cert.read_text()


def backend(port, host="api.example", **policies):
    return manifests.to_text(
        manifests.gateway(), manifests.route("all", "model"), manifests.secret("key", "sk-upstream-0001"),
        with_policies(manifests.openai("model", port, "served", secret="key", host=host), policies))


def with_policies(item, policies):
    item["spec"].setdefault("policies", {}).update(policies)
    return item


def ask(gateway, stream=False):
    return harness.post(gateway.port("edge"), "/v1/chat/completions", {**harness.CHAT, "stream": stream})


def connects_seen(proxy):
    return [line for line in proxy.text().splitlines() if "CONNECT" in line]


def test_tls_through_a_real_proxy_named_by_the_policy(stage):
    mock = stage.mock(tls_names="localhost")
    proxy = proxies.tinyproxy(stage)
    file = stage.write("edge.yaml", backend(mock.port, "localhost", tls={}, tunnel={"url": f"http://{proxy.address}"}))
    gateway = stage.gateway([file], binds=["edge"], workers=1, env={"SSL_CERT_FILE": str(mock.ca)})
    for stream in (False, True, False):
        assert ask(gateway, stream).status == 200
    # One tunnel for all: it is kept as any connection is.
    assert len([line for line in connects_seen(proxy) if f"CONNECT localhost:{mock.port}" in line]) == 1
    fields = [name.lower() for name, _ in mock.requests(3)[0]["fields"]]
    assert "authorization" in fields and "proxy-authorization" not in fields
    assert gateway.access_log(3)[0]["endpoint"] == f"localhost:{mock.port}"


def test_the_environment_names_a_proxy_and_its_credentials_stay_with_it(stage):
    mock = stage.mock(tls_names="api.example")
    proxy = stage.keep(Connects(mock.port))
    file = stage.write("edge.yaml", backend(443, tls={}))
    gateway = stage.gateway([file], binds=["edge"], env={
        "SSL_CERT_FILE": str(mock.ca), "HTTPS_PROXY": f"http://corp:hunter%402@{proxy.address}", "HTTP_PROXY": "http://127.0.0.1:9"})
    assert ask(gateway).status == 200
    assert proxy.asked[0].startswith("CONNECT api.example:443 HTTP/1.1\r\nHost: api.example:443\r\n")
    expected = base64.b64encode(b"corp:hunter@2").decode()
    assert f"Proxy-Authorization: Basic {expected}" in proxy.asked[0] and "sk-upstream" not in proxy.asked[0]
    entry = mock.requests(1)[0]
    assert expected not in str(entry)
    said = [line for line in gateway.json_lines() if line.get("from") == "HTTPS_PROXY"]
    assert said[0]["proxy"] == f"http://{proxy.address}"
    assert "hunter" not in gateway.text() and expected not in gateway.text()


def test_no_proxy_and_loopback_are_reached_directly(stage):
    mock = stage.mock()
    file = stage.write("edge.yaml", backend(mock.port, "127.0.0.1"))
    gateway = stage.gateway([file], binds=["edge"], env={"http_proxy": "http://127.0.0.1:9"})
    assert ask(gateway).status == 200
    second = stage.write("second.yaml", backend(80, "model.corp.example"))
    gateway = stage.gateway([second], binds=["edge"], resolve=[f"model.corp.example:80:{mock.address}"],
                            env={"HTTP_PROXY": "http://127.0.0.1:9", "NO_PROXY": "other,*.corp.example:80"})
    assert ask(gateway).status == 200


def test_plain_http_goes_through_a_tunnel_as_well(stage):
    mock = stage.mock()
    proxy = stage.keep(Connects(mock.port))
    file = stage.write("edge.yaml", backend(80))
    gateway = stage.gateway([file], binds=["edge"], env={"http_proxy": proxy.address})
    assert ask(gateway).status == 200
    assert proxy.asked[0].startswith("CONNECT api.example:80 HTTP/1.1\r\n")


def proxy_with_tls(stage, mock):
    """The scripted proxy, the haproxy before it that speaks TLS as proxy.example, and the roots of that and of the mock."""
    inner = stage.keep(Connects(mock.port))
    pem, ca = certificate(stage, "proxy.example")
    front = proxies.haproxy(stage, inner.address, f"ssl crt {pem}")
    return inner, front, stage.write("roots.pem", mock.ca.read_text() + ca)


def test_tls_to_the_proxy_and_tls_within(stage):
    """The scripted proxy behind a haproxy that speaks TLS: both layers, and bodies of many records."""
    mock = stage.mock(tls_names="api.example")
    _, front, roots = proxy_with_tls(stage, mock)
    file = stage.write("edge.yaml", backend(443, tls={}, tunnel={"url": "https://proxy.example:8443"}))
    gateway = stage.gateway([file], binds=["edge"], env={"SSL_CERT_FILE": str(roots)},
                            resolve=[f"proxy.example:8443:{front.address}"])
    big = {**harness.CHAT, "messages": [{"role": "user", "content": "x" * 400_000}]}
    reply = harness.post(gateway.port("edge"), "/v1/chat/completions", big)
    assert reply.status == 200
    assert "x" * 1000 in reply.json()["choices"][0]["message"]["content"]


def test_credentials_go_to_a_proxy_with_tls_that_the_environment_names(stage):
    mock = stage.mock(tls_names="api.example")
    inner, front, roots = proxy_with_tls(stage, mock)
    gateway = stage.gateway([stage.write("edge.yaml", backend(443, tls={}))], binds=["edge"],
                            resolve=[f"proxy.example:8443:{front.address}"],
                            env={"SSL_CERT_FILE": str(roots), "HTTPS_PROXY": "https://corp:hunter%402@proxy.example:8443"})
    assert ask(gateway).status == 200
    expected = base64.b64encode(b"corp:hunter@2").decode()
    assert f"Proxy-Authorization: Basic {expected}".lower() in inner.asked[0].lower()
    assert expected not in str(mock.requests(1)[0])


@pytest.mark.parametrize("answer, status, cause", [
    (b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n", 502, "answered 407 (it wants credentials"),
    (b"HTTP/1.1 403 Forbidden\r\n\r\n", 502, "answered 403 to CONNECT api.example:80"),
    (b"HTTP/1.1 504 Gateway Timeout\r\n\r\n", 504, "answered 504"),
    (b"ERR nonsense\r\n\r\n", 502, "did not answer in HTTP"),
])
def test_what_a_proxy_answers_is_told(stage, answer, status, cause):
    def handle(connection, _):
        peer.read_head(connection)
        connection.sendall(answer)
    proxy = stage.keep(peer.Peer(handle))
    file = stage.write("edge.yaml", backend(80, tunnel={"url": f"http://127.0.0.1:{proxy.port}"}))
    gateway = stage.gateway([file], binds=["edge"])
    assert ask(gateway).status == status
    assert cause in gateway.access_log(1)[0]["error"]


def test_a_real_proxy_that_refuses_is_told(stage):
    mock = stage.mock()
    proxy = proxies.tinyproxy(stage, "ConnectPort 443")
    file = stage.write("edge.yaml", backend(mock.port, "localhost", tunnel={"url": f"http://{proxy.address}"}))
    gateway = stage.gateway([file], binds=["edge"])
    assert ask(gateway).status == 502
    assert f"proxy {proxy.address} answered 403" in gateway.access_log(1)[0]["error"]


def test_a_silent_proxy_costs_the_time_to_connect(stage):
    def handle(connection, _):
        while connection.recv(65536):
            pass
    proxy = stage.keep(peer.Peer(handle))
    file = stage.write("edge.yaml", backend(80, tunnel={"url": f"http://127.0.0.1:{proxy.port}"}, tcp={"connectTimeout": "200ms"}))
    gateway = stage.gateway([file], binds=["edge"])
    assert ask(gateway).status == 504
    assert "did not answer CONNECT api.example:80 in time" in gateway.access_log(1)[0]["error"]


def test_nobody_at_the_proxy_is_503(stage):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        file = stage.write("edge.yaml", backend(80, tunnel={"url": f"http://127.0.0.1:{port}"}))
        gateway = stage.gateway([file], binds=["edge"])
        assert ask(gateway).status == 503
    assert "through the proxy" in gateway.access_log(1)[0]["error"]


def test_a_variable_that_names_no_proxy_ends_the_start(stage):
    file = stage.write("edge.yaml", backend(80))
    process = stage.process(["run", "-f", file], env={"HTTPS_PROXY": "socks5://u:s3cret@proxy:1080"})
    assert process.exit_code() == 1
    assert "HTTPS_PROXY: expected http://HOST:PORT" in process.text() and "s3cret" not in process.text()


def test_a_list_of_direct_upstreams_that_cannot_be_read_ends_the_start(stage):
    file = stage.write("edge.yaml", backend(80))
    env = {"HTTPS_PROXY": "http://proxy:1080", "NO_PROXY": "corp.example,10.0.0.0/33"}
    process = stage.process(["run", "-f", file], env=env)
    assert process.exit_code() == 1
    assert "NO_PROXY entry 2: expected a name" in process.text()


def tunnel_policy(policy, url, **target):
    return {
        "apiVersion": "agentgateway.dev/v1alpha1", "kind": "AgentgatewayPolicy",
        "metadata": {"name": policy, "namespace": manifests.NAMESPACE},
        "spec": {"targetRefs": [target], "backend": {"tunnel": {"url": url}}},
    }


def test_policies_name_the_proxy_of_a_backend_a_route_and_a_gateway(stage):
    mock = stage.mock()
    proxy = {level: stage.keep(Connects(mock.port)) for level in ("gateway", "backend", "route")}
    url = {level: f"http://{one.address}" for level, one in proxy.items()}
    names = ("plain", "aimed", "own")
    objects = [manifests.gateway(), manifests.route("special", "aimed", "/special")]
    for name in names:
        objects += [manifests.route(name, name, f"/{name}"), manifests.openai(name, 80, "served", host=f"{name}.example")]
    with_policies(objects[-1], {"tunnel": {"url": url["backend"]}})
    objects += [
        tunnel_policy("far", url["gateway"], group="gateway.networking.k8s.io", kind="Gateway", name="edge"),
        tunnel_policy("at", url["backend"], group="agentgateway.dev", kind="AgentgatewayBackend", name="aimed"),
        tunnel_policy("near", url["route"], group="gateway.networking.k8s.io", kind="HTTPRoute", name="special"),
        tunnel_policy("in-vain", url["route"], group="gateway.networking.k8s.io", kind="HTTPRoute", name="own"),
    ]
    gateway = stage.gateway([stage.write("edge.yaml", manifests.to_text(*objects))], binds=["edge"], workers=1)
    for path in (*names, "special"):
        assert harness.post(gateway.port("edge"), f"/{path}/v1/chat/completions", harness.CHAT).status == 200
    asked = {level: [head.split()[1] for head in one.asked] for level, one in proxy.items()}
    assert asked == {
        "gateway": ["plain.example:80"],
        "backend": ["aimed.example:80", "own.example:80"],
        "route": ["aimed.example:80"],
    }
