"""Where Gateways listen: ports that need a privilege, and what several Gateways get that all say port 80."""

import json
import os
import pathlib
import shutil
import signal
import socket
import tempfile

import pytest

import harness
import manifests
from harness import quiet_host

CHAT = "/v1/chat/completions"
SERVICES = ["--admin", "127.0.0.1:0", "--metrics", "127.0.0.1:0", "--readiness", "127.0.0.1:0"]
NOBODY = 65534


def refused_port(host):
    """A port the kernel gives to no user without a privilege."""
    first_free = int(pathlib.Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text())
    if first_free <= 1:
        pytest.skip("this machine gives every port to everyone")
    port = min(80, first_free - 1)
    if os.geteuid() == 0:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                pytest.skip(f"{host}:{port} is not free: {error}")
    return port


class Unprivileged:
    """A folder that a user without privileges reads, and how to start a program as that user."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="gatehouse-"))
        self.folder.chmod(0o755)
        self.options = {}
        if os.geteuid() == 0:
            binary = self.folder / "gatehouse"
            shutil.copy(harness.BINARY, binary)
            binary.chmod(0o755)
            self.options = {"binary": binary, "user": NOBODY}

    def write(self, text):
        path = self.folder / "config.yaml"
        path.write_text(text)
        path.chmod(0o644)
        return path

    def stop(self):
        shutil.rmtree(self.folder)


@pytest.fixture
def unprivileged(stage):
    return stage.keep(Unprivileged())


def addressed(host, *ports):
    """Gateway edge on an address it names itself, so that its ports are what it says."""
    gateway = manifests.gateway()
    gateway["spec"]["addresses"] = [{"value": host}]
    gateway["spec"]["listeners"] = [{"name": f"on-{port}", "protocol": "HTTP", "port": port} for port in ports]
    return manifests.to_text(gateway, manifests.route("all", "m"), manifests.openai("m", 9, "m"))


def test_a_port_without_permission_is_an_error_that_names_address_and_flag(stage, unprivileged):
    host = quiet_host()
    port = refused_port(host)
    path = unprivileged.write(addressed(host, port))
    program = stage.process(["run", "-f", path, *SERVICES], **unprivileged.options)
    assert program.exit_code() == 1
    text = program.stderr[-1]
    assert f"{host}:{port}" in text and "no permission" in text and f"--bind default/edge/on-{port}=" in text, program.text()
    assert "Gatehouse is serving" not in program.text()


@pytest.mark.parametrize("service", ["admin", "metrics", "readiness"])
def test_a_service_without_permission_is_an_error_that_names_address_and_flag(stage, unprivileged, service):
    host = quiet_host()
    address = f"{host}:{refused_port(host)}"
    path = unprivileged.write(manifests.one_model(9))
    flags = [part if SERVICES[at - 1] != f"--{service}" else address for at, part in enumerate(SERVICES)]
    program = stage.process(["run", "-f", path, "--bind", "edge=127.0.0.1:0", *flags], **unprivileged.options)
    assert program.exit_code() == 1
    text = program.stderr[-1]
    assert address in text and "no permission" in text and f"--{service}" in text, program.text()


def test_the_flag_that_an_error_names_works_for_a_gateway_of_several_ports(stage):
    """Without a listener's name the flag would be refused, because it could mean each of them."""
    host = quiet_host()
    with socket.create_server((host, 0)) as taken, socket.create_server((host, 0)) as other:
        busy, free = taken.getsockname()[1], other.getsockname()[1]
        other.close()
        path = stage.write("c.yaml", addressed(host, busy, free))
        program = stage.process(["run", "-f", path, *SERVICES])
        assert program.exit_code() == 1
        flag = f"--bind default/edge/on-{busy}="
        assert f"{host}:{busy}" in program.text() and flag in program.text(), program.text()
        gateway = stage.gateway([path], extra=f"{flag}{host}:0".split(" "))
        assert gateway.port("edge", f"on-{free}") == free and gateway.port("edge", f"on-{busy}") != busy


def test_the_flag_that_an_error_names_works_where_another_port_is_not_served(stage):
    """The Gateway has two ports, though one cannot serve for want of its certificate."""
    host = quiet_host()
    gateway = manifests.gateway()
    gateway["spec"]["listeners"].append(
        {"name": "tls", "protocol": "HTTPS", "port": 443, "tls": {"certificateRefs": [{"name": "gone"}]}})
    with socket.create_server((host, 0)) as taken:
        busy = f"{host}:{taken.getsockname()[1]}"
        gateway["metadata"]["annotations"] = {"gatehouse.dev/bind": f"http={busy},tls={host}:0"}
        text = manifests.to_text(gateway, manifests.route("all", "m"), manifests.openai("m", 9, "m"))
        path = stage.write("c.yaml", text)
        program = stage.process(["run", "-f", path, *SERVICES])
        assert program.exit_code() == 1
        flag = "--bind default/edge/http="
        assert busy in program.text() and flag in program.text(), program.text()
        words = [*f"{flag}{host}:0".split(" "), *SERVICES]
        program = stage.process(["run", "--check", "-f", path, *words])
        program.exit_code()  # 1, for the certificate that is not there
        assert "Gatehouse would serve" in program.text()


class NamedSet:
    """Gateway edge and a ListenerSet whose listener has an address by its name."""

    def __init__(self, stage, by):
        self._stage, self._by = stage, by
        self._mock, self.host = stage.mock(), quiet_host()
        self.path = self.write(there=True)
        flags = [] if by == "annotation" else [
            "--bind", "edge/http=127.0.0.1:0", "--bind", f"edge/default/more/http={self.host}:0"]
        self.start = lambda: stage.gateway([self.path], extra=flags)

    def write(self, there):
        edge = manifests.gateway()
        edge["spec"]["allowedListeners"] = {"namespaces": {"from": "Same"}}
        listeners = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "ListenerSet",
                     "metadata": {"name": "more", "namespace": manifests.NAMESPACE},
                     "spec": {"parentRef": {"name": "edge"},
                              "listeners": [{"name": "http", "protocol": "HTTP", "port": 81}]}}
        route = manifests.route("all", "m")
        route["spec"]["parentRefs"] = [{"kind": "ListenerSet", "name": "more"}]
        if self._by == "annotation":
            bind = f"http=127.0.0.1:0,default/more/http={self.host}:0"
            edge["metadata"]["annotations"] = {"gatehouse.dev/bind": bind}
        objects = [edge, *([listeners] if there else []), route, manifests.openai("m", self._mock.port, "served")]
        return self._stage.write("c.yaml", manifests.to_text(*objects))


@pytest.mark.parametrize("by", ["flag", "annotation"])
def test_a_listener_of_a_listener_set_is_bound_by_its_whole_name(stage, by):
    named = NamedSet(stage, by)
    gateway = named.start()
    port = gateway.port("edge", "default/more/http")
    assert harness.post(port, CHAT, harness.CHAT, host=named.host).json()["model"] == "served"
    assert harness.post(gateway.port("edge", "http"), CHAT, harness.CHAT).status == 404


@pytest.mark.parametrize("by", ["flag", "annotation"])
def test_a_listener_set_that_goes_is_told_and_stops_nobody_else(stage, by):
    named = NamedSet(stage, by)
    gateway = named.start()
    gateway.reloaded(lambda: named.write(there=False))
    again = named.start()
    for program in (gateway, again):
        assert harness.post(program.port("edge", "http"), CHAT, harness.CHAT).status == 404
        assert 'no ListenerSet brings a listener \\"default/more/http\\" now' in program.text()
    gateway.reloaded(lambda: named.write(there=True))
    port = gateway.port("edge", "default/more/http")
    assert harness.post(port, CHAT, harness.CHAT, host=named.host).json()["model"] == "served"


def test_a_user_without_privileges_gets_port_80_as_8080_and_is_told(stage, unprivileged):
    host = quiet_host()
    path = unprivileged.write(manifests.one_model(stage.mock().port))
    gateway = stage.gateway([path], extra=["--host", host], **unprivileged.options)
    assert remaps(gateway) == {"default/edge": (80, 8080)}
    assert harness.post(8080, CHAT, harness.CHAT, host=host).status == 200


def several(mock_port, *names):
    """Gateways that all say port 80, each with a model of its own."""
    return manifests.to_text(*(
        item for name in names for item in (
            manifests.gateway(name), manifests.route(name, name, gateway=name), manifests.openai(name, mock_port, name))
    ))


def remaps(program):
    """Gateway -> (port asked for, port given), as the notes of the start-up table tell."""
    found = {}
    for line in program.stderr:
        if "note:" in line and "is served on port" in line:
            words = line.split()
            found[words[words.index("Gateway") + 1].rstrip(":")] = (
                int(words[words.index("served") - 2]), int(words[words.index("served") + 3].rstrip(";,")))
    return found


def stable_port(gateway, taken=()):
    """30000 + FNV-1a-64("namespace/gateway/port") mod 2768, upwards over ports that are given."""
    value = 0xCBF29CE484222325
    for byte in f"default/{gateway}/80".encode():
        value = (value ^ byte) * 0x100000001B3 % 2**64
    while (port := 30000 + value % 2768) in taken:
        value = value % 2768 + 1
    return port


def start(stage, path, host):
    """A gateway whose ports are what the rules give."""
    return stage.gateway([path], extra=["--host", host])


def ports(gateway, *names):
    return {name: gateway.port(name) for name in names}


def ports_become(gateway, expected):
    """After a reload: the log comes through a pipe and may be a moment behind."""
    def same():
        try:
            return ports(gateway, *expected) == expected
        except AssertionError:
            return False
    gateway.wait_for(same, f"the ports are {expected}")


def test_gateways_that_all_say_port_80_get_ports_of_their_own_and_say_which(stage):
    mock, host = stage.mock(), quiet_host()
    path = stage.write("config/c.yaml", several(mock.port, "beta", "gamma", "delta"))
    expected = {"beta": 8080, "delta": stable_port("delta"), "gamma": stable_port("gamma")}
    gateway = start(stage, path, host)
    assert ports(gateway, *expected) == expected
    assert remaps(gateway) == {f"default/{name}": (80, port) for name, port in expected.items()}
    for name, port in expected.items():
        assert f"http://{host}:{port}" in gateway.text()
        assert harness.post(port, CHAT, harness.CHAT, host=host).json()["model"] == name
        status = json.loads(gateway.get("admin", f"/api/resources?kind=Gateway&name={name}")[1])["items"][0]["status"]
        assert status["addresses"] == [{"type": "IPAddress", "value": host}]
        programmed = {item["type"]: item for item in status["listeners"][0]["conditions"]}["Programmed"]
        assert programmed["status"] == "True" and f"{host}:{port}" in programmed["message"]


def test_the_status_names_the_port_that_the_kernel_chose(stage):
    mock = stage.mock()
    path = stage.write("config/c.yaml", manifests.one_model(mock.port))
    gateway = stage.gateway([path], binds=["edge"])
    port = gateway.port("edge")

    def listening():
        status = json.loads(gateway.get("admin", "/api/resources?kind=Gateway&name=edge")[1])["items"][0]["status"]
        (programmed,) = [item for item in status["listeners"][0]["conditions"] if item["type"] == "Programmed"]
        return programmed["message"].rsplit("; ", 1)[1]

    assert listening() == f"listening on 127.0.0.1:{port}"
    gateway.reloaded(lambda: path.write_text(manifests.one_model(mock.port, "other-model")))
    assert listening() == f"listening on 127.0.0.1:{port}"
    assert harness.post(port, CHAT, harness.CHAT).json()["model"] == "other-model"


def test_the_ports_are_the_same_after_a_restart_whatever_the_order_of_the_files(stage):
    host = quiet_host()
    names = ["beta", "gamma", "delta"]
    seen = []
    for order in (names, names[::-1], names):
        for at, name in enumerate(order):
            stage.write(f"config/{at}.yaml", several(9, name))
        gateway = start(stage, stage.folder / "config", host)
        seen.append(ports(gateway, *names))
        gateway.stop()
    assert seen[0] == seen[1] == seen[2]


def test_another_gateway_moves_nobody_that_has_a_stable_port(stage):
    mock, host = stage.mock(), quiet_host()
    names = ["beta", "delta", "gamma"]
    path = stage.write("c.yaml", several(mock.port, *names))
    gateway = start(stage, path, host)
    before = ports(gateway, *names)
    gateway.reloaded(lambda: stage.write("c.yaml", several(mock.port, *names, "zeta")))
    after = {**before, "zeta": stable_port("zeta", before.values())}
    ports_become(gateway, after)
    for name, port in after.items():
        assert harness.post(port, CHAT, harness.CHAT, host=host).json()["model"] == name
    gateway.stop()
    again = start(stage, path, host)
    assert ports(again, *after) == after, "a restart gives what the reload gave"


def test_a_gateway_that_comes_first_takes_8080_and_only_its_holder_moves(stage):
    """Gateways are served in order of namespace/name (the first one gets 8080); what was moved is said."""
    mock, host = stage.mock(), quiet_host()
    names = ["beta", "delta", "gamma"]
    path = stage.write("c.yaml", several(mock.port, *names))
    gateway = start(stage, path, host)
    before = ports(gateway, *names)
    gateway.reloaded(lambda: stage.write("c.yaml", several(mock.port, *names, "alpha")))
    after = {"alpha": 8080, **before, "beta": stable_port("beta")}
    ports_become(gateway, after)
    for name, port in after.items():
        assert harness.post(port, CHAT, harness.CHAT, host=host).json()["model"] == name
    gateway.stop()
    again = start(stage, path, host)
    assert ports(again, *after) == after
    assert remaps(again) == {f"default/{name}": (80, port) for name, port in after.items()}


def test_a_connection_ends_when_its_address_goes_to_another_gateway(stage):
    """What a client opened to one Gateway is never answered by another."""
    mock = stage.mock()
    with tempfile.TemporaryDirectory(prefix="gh-") as folder:
        path = os.path.join(folder, "edge.sock")

        def write(name):
            gateway = manifests.gateway(name)
            gateway["metadata"]["annotations"] = {"gatehouse.dev/bind": f"unix:{path}"}
            return stage.write("edge.yaml", manifests.to_text(
                gateway, manifests.route("all", "web", gateway=name), manifests.static("web", mock.port)))

        gateway = stage.gateway([write("edge")])
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(harness.PATIENCE)
            client.connect(path)
            client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert client.recv(65536)
            gateway.reloaded(lambda: write("other"))
            while client.recv(65536):
                pass
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(harness.PATIENCE)
            client.connect(path)
            client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert client.recv(65536)


def test_a_listener_set_takes_no_address_of_a_gateway(stage):
    """Neither the port of another Gateway nor, with a second port, the path a flag gives to its own."""
    host = quiet_host()
    port = 19090
    shared, private = manifests.gateway("a-shared"), manifests.gateway("b-private")
    shared["spec"]["allowedListeners"] = {"namespaces": {"from": "Same"}}
    private["spec"]["listeners"][0]["port"] = port
    mock = stage.mock()
    rest = [manifests.route("all", "web", gateway="b-private"), manifests.static("web", mock.port)]
    more = {
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "ListenerSet",
        "metadata": {"name": "tenant", "namespace": manifests.NAMESPACE},
        "spec": {"parentRef": {"name": "a-shared"}, "listeners": [{"name": "more", "protocol": "HTTP", "port": port}]},
    }

    def ask(family, address):
        with socket.socket(family) as client:
            client.settimeout(harness.PATIENCE)
            client.connect(address)
            client.sendall(b"GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n")
            return client.recv(65536).split(b" ", 2)[1]

    with tempfile.TemporaryDirectory(prefix="gh-") as folder:
        path = os.path.join(folder, "edge.sock")
        extra = ["--host", host, "--bind", f"a-shared=unix:{path}"]
        stage.write("edge.yaml", manifests.to_text(shared, private, *rest))
        gateway = stage.gateway([stage.folder / "edge.yaml"], extra=extra)

        def same():
            return ask(socket.AF_INET, (host, port)) == b"200" and ask(socket.AF_UNIX, path) == b"404"

        assert same()
        gateway.reloaded(lambda: stage.write("edge.yaml", manifests.to_text(shared, private, *rest, more)))
        assert same()
        gateway.signal(signal.SIGTERM)
        assert gateway.exit_code() == 0
        stage.gateway([stage.folder / "edge.yaml"], extra=extra)
        assert same()
