"""Starts what is measured and what measures it; reads processor time and memory of processes."""

import json
import os
import pathlib
import re
import select
import shutil
import socket
import subprocess
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
TICK = os.sysconf("SC_CLK_TCK")
CORES = sorted(os.sched_getaffinity(0))
GATEWAY_CORE, OTHER_CORE = CORES[0], CORES[-1]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def pinned(core, words, **options):
    return subprocess.Popen([str(word) for word in words], preexec_fn=lambda: os.sched_setaffinity(0, {core}), **options)


def descendants(pid):
    found = [pid]
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += descendants(int(child))
    return found


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
        process = pinned(OTHER_CORE, [self.bench, "upstream", *words], stdout=subprocess.PIPE, text=True)
        self.running.append(process)
        return int(process.stdout.readline().rsplit(":", 1)[1])

    def config(self, name, **values):
        text = (HERE / name).read_text()
        for key, value in values.items():
            text = text.replace(f"@{key}@", str(value))
        path = self.folder / f"{values.get('LISTEN', 0)}-{name}"
        path.write_text(text)
        return path

    def gatehouse(self, upstream_port, wrap=(), log=None):
        path = self.config("gatehouse.yaml", PORT=upstream_port)
        port = free_port()
        words = [*wrap, self.binary, "run", "-f", path, "--workers", "1", "--bind", f"bench=127.0.0.1:{port}"]
        for door in ("admin", "metrics", "readiness"):
            words += [f"--{door}", "127.0.0.1:0"]
        out = open(log or os.devnull, "wb")
        return self._started(Subject("gatehouse", pinned(GATEWAY_CORE, words, stdout=out, stderr=subprocess.DEVNULL), port))

    def nginx(self, upstream_port):
        port = free_port()
        path = self.config("nginx.conf", PORT=upstream_port, LISTEN=port, DIR=self.folder)
        words = [shutil.which("nginx") or "/usr/sbin/nginx", "-c", path]
        return self._started(Subject("nginx", pinned(GATEWAY_CORE, words, stderr=subprocess.DEVNULL), port))

    def haproxy(self, upstream_port):
        port = free_port()
        path = self.config("haproxy.cfg", PORT=upstream_port, LISTEN=port)
        words = [shutil.which("haproxy") or "/usr/sbin/haproxy", "-db", "-f", path]
        return self._started(Subject("haproxy", pinned(GATEWAY_CORE, words, stderr=subprocess.DEVNULL), port))

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
        done = pinned(OTHER_CORE, words, stdout=subprocess.PIPE, text=True)
        out = done.communicate()[0]
        if done.returncode != 0:
            raise SystemExit(f"load failed: {out}")
        return json.loads(out)

    def load_direct(self, port, **options):
        """The same load on the upstream itself."""
        return self.load(port, **options)

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
            process.kill()
            process.wait()
