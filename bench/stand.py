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

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
LOAD_SECONDS = 900  # no load takes longer; one that does has lost a reply
TICK = os.sysconf("SC_CLK_TCK")
CORES = sorted(os.sched_getaffinity(0))
GATEWAY_CORE, OTHER_CORE = CORES[0], CORES[-1]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


LIBC = ctypes.CDLL(None)
TLS_NAME = "model.bench"


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


def find(program):
    """Debian keeps servers where a user's PATH does not look."""
    return shutil.which(program) or f"/usr/sbin/{program}"


class Subject:
    """A proxy under test: its processes, where it listens."""

    def __init__(self, name, process, port):
        self.name, self.process, self.port = name, process, port

    def cpu_seconds(self):
        total = 0
        for pid in descendants(self.process.pid):
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            total += int(fields[11]) + int(fields[12])
        return total / TICK

    def rss_kb(self):
        return sum(
            int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text()).group(1))
            for pid in descendants(self.process.pid)
        )

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=30)


class Stand:
    def __init__(self, folder, binary, bench):
        self.folder, self.binary, self.bench = pathlib.Path(folder), binary, bench
        self.running = []

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

    def tls_upstream(self):
        """nginx that answers every request over TLS, with a certificate for TLS_NAME made here."""
        self.ca = self.folder / "ca.pem"
        key = self.folder / "key.pem"
        words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
        words += ["-subj", f"/CN={TLS_NAME}", "-addext", f"subjectAltName=DNS:{TLS_NAME}", "-keyout", key, "-out", self.ca]
        subprocess.run(words, check=True, capture_output=True)
        port = free_port()
        path = self.config("tls_upstream.conf", LISTEN=port, DIR=self.folder, CERT=self.ca, KEY=key)
        self._started(Subject("TLS upstream", self._kept(pinned(OTHER_CORE, [find("nginx"), "-c", path])), port))
        return port

    def gatehouse(self, upstream_port, tls=False, wrap=(), log=None):
        policy = f"tls: {{sni: {TLS_NAME}}}" if tls else "{}"
        host = TLS_NAME if tls else "127.0.0.1"
        path = self.config("gatehouse.yaml", PORT=upstream_port, HOST=host, TLS=policy if tls else "")
        port = free_port()
        words = [*wrap, self.binary, "run", "-f", path, "--workers", "1", "--bind", f"bench=127.0.0.1:{port}"]
        for door in ("admin", "metrics", "readiness"):
            words += [f"--{door}", "127.0.0.1:0"]
        environment = dict(os.environ)
        if tls:
            words += ["--resolve", f"{TLS_NAME}:{upstream_port}:127.0.0.1"]
            environment["SSL_CERT_FILE"] = str(self.ca)
        out = open(log or os.devnull, "wb")
        process = pinned(GATEWAY_CORE, words, stdout=out, stderr=subprocess.DEVNULL, env=environment)
        return self._started(Subject("gatehouse", self._kept(process), port))

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

    def load(self, port, **options):
        words = [self.bench, "load", "--target", f"127.0.0.1:{port}", "--path", "/bench/v1/chat/completions"]
        for name, value in options.items():
            words += [f"--{name}", str(value)]
        done = self._kept(pinned(OTHER_CORE, words, stdout=subprocess.PIPE, text=True))
        out = done.communicate(timeout=LOAD_SECONDS)[0]
        self.running.remove(done)
        if done.returncode != 0:
            raise SystemExit(f"load failed: {out}")
        return json.loads(out)

    def hold(self, port, streams):
        """So many streams, open and answered, until the process that is returned has its input closed."""
        words = [self.bench, "load", "--target", f"127.0.0.1:{port}", "--path", "/bench/v1/chat/completions"]
        words += ["--connections", streams, "--seconds", "60", "--hold", "1"]
        holder = self._kept(pinned(OTHER_CORE, words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        held = json.loads(holder.stdout.readline())
        if held["chunks"] < streams or held["errors"]:
            raise SystemExit(f"not all of {streams} streams were answered: {held}")
        return holder

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
