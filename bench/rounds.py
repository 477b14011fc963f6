"""One round: every measure of nginx, haproxy and gatehouse, taken one after the other within each measure."""

import sys
import time

from stand import GATEWAY_CORE, idle_seconds

RATE = 2000
SUBJECTS = ("nginx", "haproxy", "gatehouse")
CHUNKS, END_EVENTS = 50, 2  # of a stream: events at an interval, then the finish and [DONE]
HELD_EVENTS = 3  # a slow stream is measured after its head and two more events


class Size:
    """How long and how much: seconds of a load, slow streams."""

    def __init__(self, seconds, streams):
        self.seconds, self.streams = seconds, streams


def say(what):
    print(f"  {what}", file=sys.stderr, flush=True)


def upstreams(stand):
    """Every upstream of a run, by the name that GROUPS uses: port, and whether it speaks TLS."""
    hold = stand.upstream("--chunks", 1_000_000, "--interval", 900)
    return {
        "reply": (stand.upstream(), False),
        "tls": (stand.tls_upstream(), True),
        "stream": (stand.upstream("--chunks", CHUNKS, "--interval", 20), False),
        "hold": (hold, False),
        "tls_hold": (stand.tls_upstream(behind=hold), True),
    }


def work(subject, load, per):
    """A load's processor time of the subject divided by what was done, and how its core was shared: its share, that of others."""
    begun, idle, before = time.monotonic(), idle_seconds(GATEWAY_CORE), subject.cpu_seconds()
    done = load()
    spent, took = subject.cpu_seconds() - before, time.monotonic() - begun
    others = max(0, took - (idle_seconds(GATEWAY_CORE) - idle) - spent)
    return done, {"": spent * 1e6 / done[per], "_busy": spent / done["seconds"], "_others": others / took}


def requests(body_size):
    def measure(stand, subject, size):
        load = lambda: stand.load(subject.port, size=body_size, connections=32, seconds=size.seconds)
        return work(subject, load, "requests")[1]

    return measure


def stream_events(stand, subject, size):
    options = {"size": 1024, "connections": 100, "seconds": size.seconds * 2, "events": CHUNKS + END_EVENTS}
    return work(subject, lambda: stand.load(subject.port, **options), "events")[1]


def memory_per_stream(stand, subject, size):
    stand.hold(subject.port, 8, HELD_EVENTS).end()  # what the first streams need once
    empty = subject.rss_kb()
    streams = stand.hold(subject.port, size.streams, HELD_EVENTS)
    full = subject.rss_kb()
    streams.end()
    return {"": (full - empty) / size.streams}


# upstream: its measures. The proxies of a group run side by side, and only one of them has work.
GROUPS = {
    "reply": {"cpu_1k": requests(1 << 10), "cpu_40k": requests(40 << 10), "cpu_200k": requests(200 << 10)},
    "tls": {"tls_1k": requests(1 << 10), "tls_200k": requests(200 << 10)},
    "stream": {"sse_event": stream_events},
    "hold": {"rss_stream_kb": memory_per_stream},
    "tls_hold": {"rss_tls_stream_kb": memory_per_stream},
}


def latency(stand, subjects, ports, size, found):
    """Added latency: the upstream itself is one of the subjects here, and what it takes is taken off."""

    def load(port):
        return stand.load(port, size=1024, connections=64, seconds=size.seconds, rate=RATE)

    say(f"direct latency at {RATE}/s")
    direct = load(ports["reply"][0])
    found["direct"] = {"p50": direct["p50_us"], "p99": direct["p99_us"], "late_p99": direct["late_p99_us"]}
    for name, subject in subjects.items():
        say(f"{name} latency at {RATE}/s")
        done, shares = work(subject, lambda port=subject.port: load(port), "requests")
        for part in ("p50", "p99"):
            found[name][part] = done[f"{part}_us"]
            found[name][f"added_{part}"] = done[f"{part}_us"] - direct[f"{part}_us"]
        found[name] |= {"late_p99": done["late_p99_us"], "latency_others": shares["_others"]}


def one_round(stand, ports, size):
    """{subject: {measure: value}}; microseconds and KB. With _busy behind its name: the subject's share of its core during the
    measure; with _others: the share of everybody else."""
    found = {name: {} for name in SUBJECTS}
    for upstream, measures in GROUPS.items():
        port, tls = ports[upstream]
        subjects = {name: getattr(stand, name)(port, tls=tls) for name in SUBJECTS}
        if not upstream.endswith("hold"):
            for subject in subjects.values():  # warm
                stand.load(subject.port, size=1024, connections=32, requests=1000 if upstream != "stream" else 32)
        for measure, take in measures.items():
            for name, subject in subjects.items():
                say(f"{name} {measure}")
                found[name] |= {measure + part: value for part, value in take(stand, subject, size).items()}
        if upstream == "reply":
            latency(stand, subjects, ports, size, found)
        lost = subjects["gatehouse"].lost_log_lines()
        found["gatehouse"]["lost_log_lines"] = found["gatehouse"].get("lost_log_lines", 0) + lost
        for subject in subjects.values():
            subject.stop()
    return found
