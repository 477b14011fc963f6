"""The PROXY protocol: the record names the client that the proxy in front names, with real proxies in front."""

import json
import socket
import subprocess

import harness
import manifests
import proxies
import pytest

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


def policy(**settings):
    return {
        "apiVersion": "agentgateway.dev/v1alpha1", "kind": "AgentgatewayPolicy",
        "metadata": {"name": "preamble", "namespace": manifests.NAMESPACE},
        "spec": {
            "targetRefs": [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "edge"}],
            "frontend": {"proxyProtocol": settings},
        },
    }


def start(stage, settings):
    mock = stage.mock()
    file = stage.write("edge.yaml", manifests.to_text(
        manifests.gateway(), manifests.route("all", "web"), manifests.static("web", mock.port), policy(**settings)))
    return stage.gateway([file], binds=["edge"])


def tuple_of(address):
    host, port = address.rsplit(":", 1)
    return host, int(port)


def closed_unanswered(port, data):
    try:
        return harness.raw_exchange(port, data) == b""
    except ConnectionResetError:
        return True  # what was not read is thrown away


def errors_counted(gateway):
    for line in gateway.metrics().splitlines():
        if line.startswith("gatehouse_protocol_errors_total") and 'kind="proxy_protocol"' in line:
            return float(line.rsplit(" ", 1)[1])
    return 0


@pytest.mark.parametrize("how, version", [("send-proxy", "V1"), ("send-proxy-v2", "V2"), ("send-proxy-v2", "All"),
                                          ("send-proxy-v2 proxy-v2-options crc32c,unique-id", "V2")])
def test_behind_haproxy_the_record_names_the_client(stage, how, version):
    gateway = start(stage, {"version": version})
    front = proxies.haproxy(stage, f"127.0.0.1:{gateway.port('edge')} {how}").address
    with socket.socket() as client:
        client.settimeout(harness.PATIENCE)
        client.bind((harness.quiet_host(), 0))
        client.connect(tuple_of(front))
        address, port = client.getsockname()
        client.sendall(REQUEST)
        assert b"HTTP/1.1 " in client.recv(65536)
    line = gateway.access_log(1)[0]
    assert line["src.addr"] == f"{address}:{port}"
    # The connections of waiting for haproxy said nothing: they are no errors.
    assert errors_counted(gateway) == 0


def test_curl_speaks_version_one(stage):
    gateway = start(stage, {"version": "V1"})
    done = subprocess.run(
        ["curl", "-sS", "--max-time", str(harness.PATIENCE), "--haproxy-protocol", "-o", "/dev/null", "-w", "%{json}",
         f"http://127.0.0.1:{gateway.port('edge')}/"], capture_output=True, text=True, check=True)
    line = gateway.access_log(1)[0]
    assert line["src.addr"] == f"127.0.0.1:{json.loads(done.stdout)['local_port']}"


def test_the_preamble_comes_before_tls(stage):
    key, cert = stage.folder / "key.pem", stage.folder / "cert.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", cert],
                   check=True, capture_output=True)
    edge = manifests.gateway()
    edge["spec"]["listeners"] = [{"name": "https", "protocol": "HTTPS", "port": 443,
                                  "tls": {"certificateRefs": [{"name": "served"}]}}]
    served = {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
              "metadata": {"name": "served", "namespace": manifests.NAMESPACE},
              "stringData": {"tls.crt": cert.read_text(), "tls.key": key.read_text()}}
    mock = stage.mock()
    file = stage.write("edge.yaml", manifests.to_text(
        edge, served, manifests.route("all", "web"), manifests.static("web", mock.port), policy()))
    gateway = stage.gateway([file], binds=["edge"])
    front = proxies.haproxy(stage, f"127.0.0.1:{gateway.port('edge')} send-proxy-v2")
    host, port = tuple_of(front.address)
    done = subprocess.run(
        ["curl", "-sS", "--max-time", str(harness.PATIENCE), "--cacert", cert, "-o", "/dev/null", "-w", "%{json}",
         "--resolve", f"localhost:{port}:{host}", f"https://localhost:{port}/"], capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    assert gateway.access_log(1)[0]["src.addr"] == f"{told['local_ip']}:{told['local_port']}"


def test_a_connection_without_its_preamble_is_closed_and_counted(stage):
    gateway = start(stage, {})
    assert closed_unanswered(gateway.port("edge"), REQUEST)
    assert errors_counted(gateway) == 1
    # Version 1 where the default, version 2, is expected.
    assert closed_unanswered(gateway.port("edge"), b"PROXY UNKNOWN\r\n" + REQUEST)
    assert errors_counted(gateway) == 2


def test_where_it_is_optional_both_are_served(stage):
    gateway = start(stage, {"mode": "Optional", "version": "All"})
    port = gateway.port("edge")
    assert harness.raw_exchange(port, REQUEST)
    told = SIGNATURE + b"\x21\x11\x00\x0c" + socket.inet_aton("192.0.2.7") + socket.inet_aton("192.0.2.1") + b"\x12\x67\0\x50"
    assert harness.raw_exchange(port, told + REQUEST)
    assert harness.raw_exchange(port, b"PROXY TCP6 2001:db8::7 ::1 4711 80\r\n" + REQUEST)
    sources = [line["src.addr"] for line in gateway.access_log(3)]
    assert sources[0].startswith("127.0.0.1:")
    assert sources[1:] == ["192.0.2.7:4711", "[2001:db8::7]:4711"]
    # Who begins a preamble means one.
    assert closed_unanswered(port, b"PROXY TCP4 192.0.2.7\r\n" + REQUEST)
    assert errors_counted(gateway) == 1


def test_the_proxys_own_connections_have_its_address(stage):
    gateway = start(stage, {})
    assert harness.raw_exchange(gateway.port("edge"), SIGNATURE + b"\x20\0\0\0" + REQUEST)
    assert gateway.access_log(1)[0]["src.addr"].startswith("127.0.0.1:")


def test_a_reload_that_asks_for_it_leaves_no_old_connection(stage):
    mock = stage.mock()
    base = [manifests.gateway(), manifests.route("all", "web"), manifests.static("web", mock.port)]
    file = stage.write("edge.yaml", manifests.to_text(*base))
    gateway = stage.gateway([file], binds=["edge"])
    with socket.create_connection(("127.0.0.1", gateway.port("edge")), timeout=harness.PATIENCE) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.recv(65536)
        gateway.reloaded(lambda: stage.write("edge.yaml", manifests.to_text(*base, policy())))
        while client.recv(65536):
            pass
