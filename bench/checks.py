"""What must hold before anything is measured: bodies arrive exact through every subject, and gatehouse logs what it served."""

import subprocess

from rounds import KB, NO_NGINX, SUBJECTS, say
from stand import Wiring

REQUESTS = 2  # the second goes over a connection that was used


def body(stand, size):
    return subprocess.run([stand.bench, "body", "--size", str(size)], capture_output=True, check=True).stdout


def check(stand):
    """Ends the run at the first body that did not arrive as it was sent, but for the `model` that gatehouse puts in."""
    echo = stand.folder / "echo"
    plain = stand.upstream("--echo", echo)
    ports = {"h1": plain, "tls": stand.nginx_upstream("tls", behind=plain), "h2": stand.nginx_upstream("h2", behind=plain)}
    for speaks, sizes in (("h1", (KB, 40 * KB, 200 * KB, 2048 * KB)), ("tls", (200 * KB,)), ("h2", (200 * KB,))):
        for name in SUBJECTS if speaks != "h2" else NO_NGINX:
            log = stand.folder / "check.log"
            subject = getattr(stand, name)(ports[speaks], Wiring(upstream=speaks), **({"log": log} if name == "gatehouse" else {}))
            for size in sizes:
                one(stand, subject, size, echo, f"{name}, {size >> 10} KB to an upstream of {speaks}")
            subject.stop()
            if name == "gatehouse" and (lines := log.read_bytes().count(b'"msg":"request"')) != REQUESTS * len(sizes):
                raise SystemExit(f"gatehouse logged {lines} of {REQUESTS * len(sizes)} requests")


def one(stand, subject, size, echo, what):
    say(f"exact body through {what}")
    sent = body(stand, size) * REQUESTS
    if subject.name == "gatehouse":
        sent = sent.replace(b'"model":"client-model"', b'"model":"bench-model"')
    echo.unlink(missing_ok=True)
    stand.load(subject.port, size=size, connections=1, requests=REQUESTS)
    arrived = echo.read_bytes()
    if arrived != sent:
        same = next((at for at, (a, b) in enumerate(zip(arrived, sent)) if a != b), min(len(arrived), len(sent)))
        raise SystemExit(f"{what}: {len(sent)} bytes were due, {len(arrived)} arrived; they differ from byte {same} on")
