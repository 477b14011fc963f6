"""Starts what is measured and what measures it; reads processor time and memory of processes."""

import base64
import ctypes
import dataclasses
import json
import os
import pathlib
import re
import select
import shutil
import signal
import socket
import subprocess
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
SLOWEST = 100  # requests, or streams opened, a second: less than that, under callgrind too, is a fault
CORES = sorted(os.sched_getaffinity(0))
GATEWAY_CORE, OTHER_CORE = CORES[0], CORES[-1]



def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


LIBC = ctypes.CDLL(None)
TLS_NAME = "model.bench"


@dataclasses.dataclass(frozen=True)
class Wiring:
    """How a proxy is asked, and how it asks."""

    front: str = "h1"  # h1, h2 by prior knowledge, tls: HTTP/1.1 over TLS
    upstream: str = "h1"  # the same
    workers: int = 1  # more share all cores


PLAIN = Wiring()
CHAT = "/v1/chat/completions"
TLS_REPLY = json.dumps({
    "id": "chatcmpl-bench", "object": "chat.completion", "created": 1700000000, "model": "bench-model",
    "choices": [{
        "index": 0, "message": {"role": "assistant", "content": "This is a short answer of the usual kind."}, "finish_reason": "stop",
    }],
    "usage": {"prompt_tokens": 210, "completion_tokens": 24, "total_tokens": 234},
}, separators=(",", ":"))


def pinned(cores, words, **options):
    """A child on these cores, which does not outlive us whatever ends us."""

    def prepare():
        LIBC.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        os.sched_setaffinity(0, cores)

    options.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.Popen([str(word) for word in words], preexec_fn=prepare, **options)


def cores_of(wiring):
    return {GATEWAY_CORE} if wiring.workers == 1 else set(CORES)


def descendants(pid):
    found = [pid]
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += descendants(int(child))
    return found


def idle_seconds(core):
    """Time that core had nothing to do since the machine started."""
    fields = re.search(rf"^cpu{core} (.*)$", pathlib.Path("/proc/stat").read_text(), re.M).group(1).split()
    return (int(fields[3]) + int(fields[4])) / os.sysconf("SC_CLK_TCK")


def find(program):
    """Debian keeps servers where a user's PATH does not look."""
    return shutil.which(program) or f"/usr/sbin/{program}"


class Subject:
    """A proxy under test: its processes, where it listens."""

    def __init__(self, name, process, port):
        self.name, self.process, self.port = name, process, port

    def cpu_seconds(self):
        """By the processes' own clocks, all threads; /proc/PID/stat counts in steps of 10 ms."""
        return sum(time.clock_gettime((~pid << 3) | 2) for pid in descendants(self.process.pid))

    def rss_kb(self):
        """As the page tables say; the counter in /proc/PID/status may be off by some hundred KB."""
        return sum(
            int(re.search(r"Rss:\s+(\d+)", pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()).group(1))
            for pid in descendants(self.process.pid)
        )

    def background_seconds(self):
        """Processor time of Gatehouse's threads that serve nobody: log lines, configuration, what blocks."""
        tasks = pathlib.Path(f"/proc/{self.process.pid}/task").iterdir()
        behind = [task for task in tasks if not (task / "comm").read_text().startswith("worker")]
        return sum(int((task / "schedstat").read_text().split()[0]) for task in behind) / 1e9

    def lost_log_lines(self):
        """Gatehouse's own count of lines it gave up because their writer was too slow."""
        return self.metric("gatehouse_access_log_dropped_total")

    def metric(self, name, labels=""):
        """Of Gatehouse: the sum over all series that have these labels; 0 before the first count."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=60) as page:
            series = re.findall(rf"^{name}(?:{{(.*)}})? (\S+)$", page.read().decode(), re.M)
        return int(sum(float(value) for found, value in series if labels in found))

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=30)


class Held:
    """Streams that stay open until end()."""

    def __init__(self, process):
        self.process = process

    def end(self):
        self.process.stdin.close()
        self.process.wait(timeout=60)


def bound(seconds=2, requests=0, **_):
    """Seconds within which a load of that size has ended, with much room for a busy machine."""
    return round(20 + (requests / SLOWEST if requests else 3 * seconds))


class Stand:
    def __init__(self, folder, binary, bench):
        self.folder, self.binary, self.bench = pathlib.Path(folder), binary, bench
        self.running = []
        self.configs = 0
        self.ca = None

    def upstream(self, *words):
        process = self._kept(pinned({OTHER_CORE}, [self.bench, "upstream", *words], stdout=subprocess.PIPE, text=True))
        return int(process.stdout.readline().rsplit(":", 1)[1])

    def config(self, name, **values):
        text = (HERE / name).read_text()
        for key, value in values.items():
            text = text.replace(f"@{key}@", str(value))
        self.configs += 1
        path = self.folder / f"{self.configs}-{name}"
        path.write_text(text)
        return path

    def nginx_upstream(self, speaks, behind=None):
        """nginx that speaks TLS as TLS_NAME, or HTTP/2 by prior knowledge; it answers every request itself, or passes it to the plain
        upstream on that port."""
        port = free_port()
        values = {"LISTEN": port, "DIR": self.folder, "SPEAKS": self._nginx_front(speaks)}
        values["ANSWER"] = f"proxy_pass http://127.0.0.1:{behind};" if behind else f"return 200 '{TLS_REPLY}';"
        process = self._kept(pinned({OTHER_CORE}, [find("nginx"), "-c", self.config("nginx_upstream.conf", **values)]))
        self._started(Subject(f"the upstream that speaks {speaks}", process, port))
        return port

    def _nginx_front(self, speaks):
        """What follows the address of an nginx listener, up to the end of its line."""
        if speaks != "tls":
            return "http2;" if speaks == "h2" else ";"
        return f"ssl; ssl_certificate {self.certificate()}; ssl_certificate_key {self.folder / 'key.pem'};"

    def certificate(self):
        """Of TLS_NAME; its own authority."""
        if self.ca is None:
            self.ca = self.folder / "ca.pem"
            words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
            words += ["-subj", f"/CN={TLS_NAME}", "-addext", f"subjectAltName=DNS:{TLS_NAME}"]
            subprocess.run([*words, "-keyout", self.folder / "key.pem", "-out", self.ca], check=True, capture_output=True)
            both = self.ca.read_bytes() + (self.folder / "key.pem").read_bytes()
            (self.folder / "both.pem").write_bytes(both)  # as haproxy wants it
        return self.ca

    def gatehouse(self, upstream_port, wiring=PLAIN, wrap=(), log=None, err=None, config=None):
        """log and err: files for the access log and for what it says of itself; config: a folder in place of gatehouse.yaml."""
        path = config or self.gatehouse_config(upstream_port, wiring)
        port, metrics_port = free_port(), free_port()
        words = [*wrap, self.binary, "run", "-f", path, "--workers", wiring.workers, "--bind", f"bench=127.0.0.1:{port}"]
        words += ["--admin", "127.0.0.1:0", "--readiness", "127.0.0.1:0", "--metrics", f"127.0.0.1:{metrics_port}"]
        environment = dict(os.environ)
        if wiring.upstream == "tls":
            words += ["--resolve", f"{TLS_NAME}:{upstream_port}:127.0.0.1"]
            environment["SSL_CERT_FILE"] = str(self.certificate())
        with open(log or os.devnull, "wb") as out, open(err or os.devnull, "wb") as said:
            process = pinned(cores_of(wiring), words, stdout=out, stderr=said, env=environment)
        subject = Subject("gatehouse", self._kept(process), port)
        subject.metrics_port = metrics_port
        return self._started(subject)

    def gatehouse_config(self, upstream_port, wiring=PLAIN):
        policies = {"h1": "", "tls": f"tls: {{sni: {TLS_NAME}}}", "h2": "http: {version: HTTP2}"}
        values = {"PORT": upstream_port, "HOST": TLS_NAME if wiring.upstream == "tls" else "127.0.0.1"}
        values |= {"POLICY": policies[wiring.upstream], "LISTENER": "name: http, protocol: HTTP, port: 80", "CERTIFICATE": ""}
        if wiring.front == "tls":
            values["LISTENER"] = "name: https, protocol: HTTPS, port: 443, tls: {certificateRefs: [{name: bench-front}]}"
            pair = {"tls.crt": self.certificate(), "tls.key": self.folder / "key.pem"}
            data = ", ".join(f"{name}: {base64.b64encode(file.read_bytes()).decode()}" for name, file in pair.items())
            about = "apiVersion: v1, kind: Secret, type: kubernetes.io/tls, metadata: {name: bench-front, namespace: bench}"
            values["CERTIFICATE"] = f"---\n{{{about}, data: {{{data}}}}}"
        return self.config("gatehouse.yaml", **values)

    def nginx(self, upstream_port, wiring=PLAIN):
        port, more = free_port(), ""
        if wiring.upstream == "tls":
            more = f"proxy_ssl_verify on; proxy_ssl_trusted_certificate {self.certificate()}; proxy_ssl_server_name on; "
            more += f"proxy_ssl_name {TLS_NAME};"
        values = {"PORT": upstream_port, "LISTEN": port, "DIR": self.folder, "UPSTREAM_TLS": more, "SPEAKS": self._nginx_front(wiring.front)}
        values |= {"SCHEME": "https" if more else "http", "WORKERS": wiring.workers, "MASTER": "off" if wiring.workers == 1 else "on"}
        process = pinned(cores_of(wiring), [find("nginx"), "-c", self.config("nginx.conf", **values)], stderr=subprocess.DEVNULL)
        return self._started(Subject("nginx", self._kept(process), port))

    def haproxy(self, upstream_port, wiring=PLAIN):
        port = free_port()
        verify = f"ssl verify required ca-file {self.certificate()} sni str({TLS_NAME}) verifyhost {TLS_NAME}"
        upstream = {"h1": "", "tls": verify, "h2": "proto h2"}[wiring.upstream]
        front = {"h1": "", "tls": f"ssl crt {self.folder / 'both.pem'}", "h2": "proto h2"}[wiring.front]
        values = {"PORT": upstream_port, "LISTEN": port, "SERVER": upstream, "FRONT": front, "WORKERS": wiring.workers}
        words = [find("haproxy"), "-db", "-f", self.config("haproxy.cfg", **values)]
        process = pinned(cores_of(wiring), words, stderr=subprocess.DEVNULL)
        return self._started(Subject("haproxy", self._kept(process), port))

    def _kept(self, process):
        self.running.append(process)
        return process

    def _started(self, subject):
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", subject.port), timeout=1).close()
                return subject
            except OSError:
                if subject.process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit(f"{subject.name} did not start")
                select.select([], [], [], 0.05)

    def _generator(self, port, limit, options, **pipes):
        words = [self.bench, "load", "--target", f"127.0.0.1:{port}", "--path", f"/bench{CHAT}", "--limit", limit]
        for name, value in options.items():
            words += [f"--{name}", value]
        return self._kept(pinned({OTHER_CORE}, words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **pipes))

    def h2load(self, port, front, size, connections, seconds):
        """The same load by h2load, which speaks HTTP/2 and TLS. What it had under way at the end is not counted."""
        file = self.folder / f"body-{size}"
        file.write_bytes(subprocess.run([self.bench, "body", "--size", str(size)], capture_output=True, check=True).stdout)
        words = ["h2load", "-c", connections, "-m", 1, "-D", max(1, round(seconds)), "--warm-up-time", 0, "-d", file]
        words += ["-H", "content-type: application/json", *(["--h1"] if front == "tls" else [])]
        words += [f"--connect-to=127.0.0.1:{port}", f"{'https' if front == 'tls' else 'http'}://{TLS_NAME}/bench{CHAT}"]
        done = pinned({OTHER_CORE}, words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).communicate()[0]
        counts = re.search(r"(\d+) succeeded, (\d+) failed", done)
        if not counts or int(counts.group(1)) == 0 or int(counts.group(2)):
            raise SystemExit(f"h2load failed: {done}")
        took = re.search(r"finished in ([\d.]+)(m?s)", done)
        return {"requests": int(counts.group(1)), "seconds": float(took.group(1)) / (1000 if took.group(2) == "ms" else 1)}

    def load(self, port, **options):
        """What the generator found. It sees to its limit itself and says what was missing."""
        limit = bound(**options)
        done = self._generator(port, limit, options)
        try:
            out, problem = done.communicate(timeout=limit + 30)
        except subprocess.TimeoutExpired:
            raise SystemExit(f"load {options} is stuck: it did not end by itself after {limit} s") from None
        self.running.remove(done)
        if done.returncode != 0:
            raise SystemExit(f"load {options} failed: {problem.strip()}")
        return json.loads(out)

    def hold(self, port, streams, events):
        """So many streams, open and with so many events each."""
        options = {"connections": streams, "hold": events}
        holder = self._generator(port, bound(requests=streams), options, stdin=subprocess.PIPE)
        if not holder.stdout.readline():
            raise SystemExit(f"{streams} streams could not be held: {holder.stderr.read().strip()}")
        return Held(holder)

    def wait_traced(self, pid):
        """Returns when every thread of the process is traced."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            states = [path.read_text() for path in pathlib.Path(f"/proc/{pid}/task").glob("*/status")]
            if all(re.search(r"TracerPid:\s+[1-9]", state) for state in states):
                return
            select.select([], [], [], 0.02)
        raise SystemExit("strace did not attach")

    def close(self):
        for process in self.running:
            process.terminate()
        for process in self.running:
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
