"""Starts the real binary: `gatehouse run` as the product, `gatehouse mock` as the model servers behind it.

Ports are chosen by the kernel and read back from what the programs say; nothing here sleeps to wait for an event.
"""

import hashlib
import http.client
import json
import os
import pathlib
import random
import select
import socket
import subprocess
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("GATEHOUSE_BIN", ROOT / "build/release/gatehouse"))
SEED = ROOT / "examples" / "seed"
# How long an event may take before the test calls it missing: generous, for sanitizer builds on a busy machine.
PATIENCE = float(os.environ.get("GATEHOUSE_PATIENCE", "30"))


def eventually(read, what, patience=PATIENCE):
    """The first true value that `read` gives; polls, because the event is in another process."""
    deadline = time.monotonic() + patience
    while True:
        value = read()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"did not happen within {patience} s: {what}")
        select.select([], [], [], 0.01)


def quiet_host():
    """An address of this machine on which nobody else listens; every 127.x.y.z is one."""
    return f"127.{random.randint(1, 254)}.{random.randint(1, 254)}.{random.randint(1, 254)}"


class Process:
    """A child process whose standard error and output are read line by line as they come."""

    def __init__(self, arguments, env=None, cwd=None, binary=BINARY, user=None):
        environment = {"PATH": os.environ["PATH"], "HOME": tempfile.gettempdir()}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS"):
            if name in os.environ:
                environment[name] = os.environ[name]
        environment.update(env or {})
        self.process = subprocess.Popen(
            [str(binary), *map(str, arguments)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, cwd=cwd,
            **({} if user is None else {"user": user, "group": user, "extra_groups": []}),
        )
        self.stdout, self.stderr = [], []
        self._json = []
        self._changed = threading.Lock()
        self._readers = [
            threading.Thread(target=self._read, args=(self.process.stdout, self.stdout), daemon=True),
            threading.Thread(target=self._read, args=(self.process.stderr, self.stderr), daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, pipe, lines):
        for raw in pipe:
            line = raw.decode("utf-8", "replace").rstrip("\n")
            with self._changed:
                lines.append(line)
                if line.startswith("{"):
                    try:
                        self._json.append(json.loads(line))
                    except ValueError:
                        pass

    def text(self):
        with self._changed:
            return "\n".join(self.stdout + self.stderr)

    def json_lines(self):
        """Every line of output that is a JSON object, in the order they came."""
        with self._changed:
            return list(self._json)

    def wait_for(self, read, what):
        def look():
            value = read()
            if not value and self.process.poll() is not None:
                raise AssertionError(f"{what}: the program ended with {self.process.returncode}:\n{self.text()}")
            return value
        try:
            return eventually(look, what)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.text()[-4000:]}") from None

    def exit_code(self):
        code = self.process.wait(timeout=PATIENCE)
        for reader in self._readers:
            reader.join(timeout=PATIENCE)
        return code

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
        for reader in self._readers:
            reader.join(timeout=PATIENCE)
        for pipe in (self.process.stdout, self.process.stderr):
            pipe.close()

    def check_sanitizers(self):
        """A sanitizer may report at the very end, when no test looks any more."""
        text = self.text()
        assert "Sanitizer" not in text and "runtime error:" not in text, text[-8000:]


class Mock(Process):
    """`gatehouse mock`: a model server that records what reaches it."""

    def __init__(self, folder, script=None, tls_names=None, listen="127.0.0.1:0"):
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=folder))
        self.record = self.folder / "record.jsonl"
        self.ca = self.folder / "ca.pem"
        ready = self.folder / "ready"
        arguments = ["mock", "--listen", listen, "--record", self.record, "--record-keys", "--ready-file", ready]
        if script is not None:
            path = self.folder / "script.yaml"
            path.write_text(script if isinstance(script, str) else json.dumps(script, ensure_ascii=False))
            arguments += ["--script", path]
        if tls_names:
            arguments += ["--tls-names", tls_names, "--ca-out", self.ca]
        super().__init__(arguments)
        self.address = self.wait_for(lambda: ready.exists() and ready.read_text().strip(), "mock listens")
        self.port = int(self.address.rsplit(":", 1)[1])

    def entries(self):
        if not self.record.exists():
            return []
        return [json.loads(line) for line in self.record.read_text().splitlines() if line.endswith("}")]

    def requests(self, count=None):
        """Requests received so far; with `count`, waits until there are that many."""
        def read():
            return [entry for entry in self.entries() if entry["event"] == "request"]
        if count is not None:
            eventually(lambda: len(read()) >= count, f"{count} requests at the mock")
        return read()

    def aborted(self, count=1):
        """Waits until the peer has gone away in the middle of `count` answers."""
        def read():
            return [entry for entry in self.entries() if entry["event"] == "aborted"]
        eventually(lambda: len(read()) >= count, f"{count} aborted answers at the mock")
        return read()


class Gateway(Process):
    """`gatehouse run` on ports of the kernel's choice."""

    def __init__(self, files, binds=(), resolve=(), env=None, extra=(), workers=2, **process):
        arguments = ["run", "--log-format", "json", "--workers", str(workers)]
        for name in ("admin", "metrics", "readiness"):
            arguments += [f"--{name}", "127.0.0.1:0"]
        for path in files:
            arguments += ["-f", path]
        for gateway in binds:
            arguments += ["--bind", f"{gateway}=127.0.0.1:0"]
        for rule in resolve:
            arguments += ["--resolve", rule]
        super().__init__([*arguments, *extra], env=env, **process)
        self.wait_for(self._ready_line, "gateway is ready")

    def _ready_line(self):
        return [line for line in self.json_lines() if line.get("msg") == "ready"]

    def _listening(self):
        return [line for line in self.json_lines() if line.get("msg") == "listening"]

    def port(self, gateway, listener=None):
        """The port where the Gateway named `gateway` (without namespace) listens now."""
        for line in reversed(self._listening()):
            if line["gateway"].split("/")[-1] == gateway and (listener is None or line["listener"] == listener):
                return int(line["address"].rsplit(":", 1)[1])
        raise AssertionError(f"no listening line for {gateway}:\n{self.text()}")

    def service_port(self, name):
        """Port of `admin`, `metrics` or `readiness`."""
        for line in reversed(self.json_lines()):
            if line.get("msg") == "serving" and line.get("service") == name:
                return int(line["address"].rsplit(":", 1)[1])
        raise AssertionError(f"no serving line for {name}:\n{self.text()}")

    def access_lines(self):
        return [line for line in self.json_lines() if "gatehouse.outcome" in line]

    def access_log(self, count):
        """Waits for `count` access-log lines and gives all."""
        self.wait_for(lambda: len(self.access_lines()) >= count, f"{count} access-log lines")
        return self.access_lines()

    def access_of(self, reply):
        """The access-log line of a reply, found by its request id."""
        wanted = reply.headers["x-gatehouse-request-id"]
        def find():
            return [line for line in self.access_lines() if line["request.id"] == wanted]
        return self.wait_for(find, f"access-log line of {wanted}")[0]

    def configuration(self):
        """State of the configuration, without its objects."""
        return json.loads(self.get("admin", "/api/config")[1])

    def reloaded(self, change):
        """Makes `change` and waits until the gateway has taken it over."""
        before = self.configuration()["generation"]
        change()
        self.wait_for(lambda: self.configuration()["generation"] > before, "new configuration is taken over")

    def get(self, service, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.service_port(service), timeout=PATIENCE)
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read()
        connection.close()
        return response.status, body.decode()

    def metrics(self):
        status, text = self.get("metrics", "/metrics")
        assert status == 200
        return text

    def resident_bytes(self):
        pages = int(pathlib.Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")


class Reply:
    def __init__(self, response, body):
        self.status, self.headers, self.body = response.status, response.headers, body

    def json(self):
        return json.loads(self.body)


def post(port, path, body, headers=None, host="127.0.0.1", method="POST"):
    """One request on a new connection; `body` is bytes, text or a JSON value."""
    if not isinstance(body, (bytes, str, type(None))):
        body = json.dumps(body)
    if isinstance(body, str):
        body = body.encode()
    connection = http.client.HTTPConnection(host, port, timeout=PATIENCE)
    try:
        connection.request(method, path, body=body, headers={"content-type": "application/json", **(headers or {})})
    except ConnectionError:
        pass  # answered and closed before all was sent: the answer is there to be read
    response = connection.getresponse()
    reply = Reply(response, response.read())
    connection.close()
    return reply


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def raw_exchange(port, data, host="127.0.0.1"):
    """Sends bytes as they are and reads until the peer closes."""
    with socket.create_connection((host, port), timeout=PATIENCE) as connection:
        connection.sendall(data)
        received = b""
        while True:
            piece = connection.recv(65536)
            if not piece:
                return received
            received += piece


CHAT = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello!"}]}
