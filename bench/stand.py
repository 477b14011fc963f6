"""Starts what is measured and what measures it; reads processor time and memory of processes."""

import ctypes
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
TLS_REPLY = json.dumps({
    "id": "chatcmpl-bench", "object": "chat.completion", "created": 1700000000, "model": "bench-model",
    "choices": [{
        "index": 0, "message": {"role": "assistant", "content": "This is a short answer of the usual kind."}, "finish_reason": "stop",
    }],
    "usage": {"prompt_tokens": 210, "completion_tokens": 24, "total_tokens": 234},
}, separators=(",", ":"))


def pinned(core, words, **options):
    """A child on that core, which does not outlive us whatever ends us."""

    def prepare():
        LIBC.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        os.sched_setaffinity(0, {core})

    options.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.Popen([str(word) for word in words], preexec_fn=prepare, **options)


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

    def lost_log_lines(self):
        """Gatehouse's own count of lines it gave up because their writer was too slow."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=30) as page:
            lost = re.search(r"^gatehouse_access_log_dropped_total (\d+)", page.read().decode(), re.M)
        return int(lost.group(1)) if lost else 0  # a counter appears with its first count

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
        self.ca = None

    def upstream(self, *words):
        process = self._kept(pinned(OTHER_CORE, [self.bench, "upstream", *words], stdout=subprocess.PIPE, text=True))
        return int(process.stdout.readline().rsplit(":", 1)[1])

    def config(self, name, **values):
        text = (HERE / name).read_text()
        for key, value in values.items():
            text = text.replace(f"@{key}@", str(value))
        path = self.folder / f"{values.get('LISTEN', 0)}-{name}"
        path.write_text(text)
        return path

    def tls_upstream(self, behind=None):
        """nginx that speaks TLS as TLS_NAME; it answers every request itself, or passes it to the plain upstream on that port."""
        key = self.folder / "key.pem"
        if self.ca is None:
            self.ca = self.folder / "ca.pem"
            self._make_certificate(key)
        port = free_port()
        values = {"LISTEN": port, "DIR": self.folder, "CERT": self.ca, "KEY": key}
        values["ANSWER"] = f"proxy_pass http://127.0.0.1:{behind};" if behind else f"return 200 '{TLS_REPLY}';"
        process = self._kept(pinned(OTHER_CORE, [find("nginx"), "-c", self.config("tls_upstream.conf", **values)]))
        self._started(Subject("TLS upstream", process, port))
        return port

    def _make_certificate(self, key):
        words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
        words += ["-subj", f"/CN={TLS_NAME}", "-addext", f"subjectAltName=DNS:{TLS_NAME}", "-keyout", key, "-out", self.ca]
        subprocess.run(words, check=True, capture_output=True)

    def gatehouse(self, upstream_port, tls=False, wrap=(), log=None):
        policy = f"tls: {{sni: {TLS_NAME}}}" if tls else "{}"
        host = TLS_NAME if tls else "127.0.0.1"
        path = self.config("gatehouse.yaml", PORT=upstream_port, HOST=host, TLS=policy if tls else "")
        port, metrics_port = free_port(), free_port()
        words = [*wrap, self.binary, "run", "-f", path, "--workers", "1", "--bind", f"bench=127.0.0.1:{port}"]
        words += ["--admin", "127.0.0.1:0", "--readiness", "127.0.0.1:0", "--metrics", f"127.0.0.1:{metrics_port}"]
        environment = dict(os.environ)
        if tls:
            words += ["--resolve", f"{TLS_NAME}:{upstream_port}:127.0.0.1"]
            environment["SSL_CERT_FILE"] = str(self.ca)
        with open(log or os.devnull, "wb") as out:  # the access log
            process = pinned(GATEWAY_CORE, words, stdout=out, stderr=subprocess.DEVNULL, env=environment)
        subject = Subject("gatehouse", self._kept(process), port)
        subject.metrics_port = metrics_port
        return self._started(subject)

    def nginx(self, upstream_port, tls=False):
        port = free_port()
        more = ""
        if tls:
            more = f"proxy_ssl_verify on; proxy_ssl_trusted_certificate {self.ca}; proxy_ssl_server_name on; proxy_ssl_name {TLS_NAME};"
        values = {"PORT": upstream_port, "LISTEN": port, "DIR": self.folder, "SCHEME": "https" if tls else "http", "TLS": more}
        words = [find("nginx"), "-c", self.config("nginx.conf", **values)]
        return self._started(Subject("nginx", self._kept(pinned(GATEWAY_CORE, words, stderr=subprocess.DEVNULL)), port))

    def haproxy(self, upstream_port, tls=False):
        port = free_port()
        more = f"ssl verify required ca-file {self.ca} sni str({TLS_NAME}) verifyhost {TLS_NAME}" if tls else ""
        path = self.config("haproxy.cfg", PORT=upstream_port, LISTEN=port, TLS=more)
        words = [find("haproxy"), "-db", "-f", path]
        return self._started(Subject("haproxy", self._kept(pinned(GATEWAY_CORE, words, stderr=subprocess.DEVNULL)), port))

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
        words = [self.bench, "load", "--target", f"127.0.0.1:{port}", "--path", "/bench/v1/chat/completions", "--limit", limit]
        for name, value in options.items():
            words += [f"--{name}", value]
        return self._kept(pinned(OTHER_CORE, words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **pipes))

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
