"""SIGKILL at any time, also in the middle of a reload: the next start serves what the files say, and nothing lies about."""

import signal
import socket
import threading

import pytest

import harness
import manifests

CHAT = "/v1/chat/completions"
ROUTES = [f"r{n}" for n in range(40)]


class Home:
    """Every folder a program may think it can keep something in."""

    def __init__(self, stage):
        self.folder = stage.folder / "home"
        self.folder.mkdir()
        names = ("HOME", "TMPDIR", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME")
        self.env = {name: str(self.folder) for name in names}

    def files(self):
        return sorted(path.name for path in self.folder.rglob("*"))


class Config:
    """A folder of resources that is rewritten again and again, one file after another."""

    def __init__(self, stage, mock_port):
        self.stage, self.mock_port = stage, mock_port
        self.folder = stage.folder / "config"
        self.said = {}
        stage.write("config/gateway.yaml", manifests.to_text(manifests.gateway()))
        for name in ROUTES:
            self.write(name, "first")

    def write(self, name, model):
        self.stage.write(f"config/{name}.yaml", manifests.to_text(
            manifests.route(name, name, f"/{name}"), manifests.openai(name, self.mock_port, model)))
        self.said[name] = model

    def files(self):
        return sorted(path.name for path in self.folder.iterdir())


class Rewriting:
    """Rewrites the files until the end of the `with`."""

    def __init__(self, config, mark):
        self._config, self._mark = config, mark
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        count = 0
        while not self._stopped.wait(0.001):
            self._config.write(ROUTES[count % len(ROUTES)], f"{self._mark}-{count}")
            count += 1

    def __enter__(self):
        self._thread.start()

    def __exit__(self, *_):
        self._stopped.set()
        self._thread.join()


def answers(port, host):
    return {name: harness.post(port, f"/{name}{CHAT}", harness.CHAT, host=host).json()["model"] for name in ROUTES}


@pytest.fixture
def world(stage):
    home, host = Home(stage), harness.quiet_host()
    config = Config(stage, stage.mock().port)

    def start():
        return stage.gateway([config.folder], extra=["--host", host], env=home.env, cwd=home.folder)
    return home, host, config, start


def test_killed_during_reloads_it_starts_again_and_serves_what_the_files_say(world):
    home, host, config, start = world
    written = config.files()
    port = None
    for turn in range(6):
        gateway = start()
        assert port in (None, gateway.port("edge")), "it is found where it was"
        port = gateway.port("edge")
        assert answers(port, host) == config.said
        assert gateway.configuration()["rejected_reloads"] == 0
        with Rewriting(config, f"turn-{turn}"):
            # A different number of reloads each time, and then somewhere within the next.
            gateway.wait_for(lambda: gateway.configuration()["reloads"] > turn % 3, "a reload")
            gateway.signal(signal.SIGKILL)
            assert gateway.exit_code() == -signal.SIGKILL
        assert config.files() == written and home.files() == []
    assert answers(start().port("edge"), host) == config.said


def test_killed_with_clients_in_the_middle_it_takes_the_same_address_again(world):
    """Their connections hang about in the kernel; that is no reason not to start."""
    home, host, config, start = world
    gateway = start()
    port = gateway.port("edge")
    head = f"POST /r0{CHAT} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{{"
    clients = [socket.create_connection((host, port), timeout=harness.PATIENCE) for _ in range(10)]
    for client in clients:
        client.sendall(head.encode())
    gateway.signal(signal.SIGKILL)
    assert gateway.exit_code() == -signal.SIGKILL
    for client in clients:
        with client:
            try:
                assert client.recv(100) == b"", "no answer that looks whole"
            except ConnectionResetError:
                pass
    again = start()
    assert again.port("edge") == port
    assert answers(port, host) == config.said
    assert home.files() == []


def test_killed_while_it_starts_it_starts_again(stage, world):
    home, host, config, start = world
    written = config.files()
    for wait_for_line in (False, True, True):
        program = stage.process(["run", "-f", config.folder, "--host", host, "--log-format", "json", "--admin", "127.0.0.1:0",
                                 "--metrics", "127.0.0.1:0", "--readiness", "127.0.0.1:0"], env=home.env, cwd=home.folder)
        if wait_for_line:
            program.wait_for(program.json_lines, "its first line")
        program.signal(signal.SIGKILL)
        assert program.exit_code() == -signal.SIGKILL
        assert config.files() == written and home.files() == []
    assert answers(start().port("edge"), host) == config.said
