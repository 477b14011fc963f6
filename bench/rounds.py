"""One round: every measure of nginx, haproxy and gatehouse, taken one after the other within each measure."""

import sys
import time

from stand import GATEWAY_CORE, PLAIN, Wiring, idle_seconds

RATE = 2000
BACKGROUND_RATE = 5000
LOW_RATE = 100
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
    """Every upstream of a run: port, by the name that GROUPS uses."""
    hold = stand.upstream("--chunks", 1_000_000, "--interval", 900)
    stream = stand.upstream("--chunks", CHUNKS, "--interval", 20)
    return {
        "reply": stand.upstream(),
        "tls": stand.nginx_upstream("tls"),
        "h2": stand.nginx_upstream("h2"),
        "stream": stream,
        "tls_stream": stand.nginx_upstream("tls", behind=stream),
        "hold": hold,
        "tls_hold": stand.nginx_upstream("tls", behind=hold),
        "h2_hold": stand.nginx_upstream("h2", behind=hold),
    }


def work(subject, load, per):
    """A load's processor time of the subject divided by what was done, and how its core was shared: its share, that of others."""
    begun, idle, before = time.monotonic(), idle_seconds(GATEWAY_CORE), subject.cpu_seconds()
    done = load()
    spent, took = subject.cpu_seconds() - before, time.monotonic() - begun
    others = max(0, took - (idle_seconds(GATEWAY_CORE) - idle) - spent)
    return done, {"": spent * 1e6 / done[per], "_busy": spent / done["seconds"], "_others": others / took}


def requests(body_size, connections=32):
    def measure(stand, subject, size):
        load = lambda: stand.load(subject.port, size=body_size, connections=connections, seconds=size.seconds)
        return work(subject, load, "requests")[1]

    return measure


def requests_to(front, body_size):
    """By h2load, to a door that speaks HTTP/2 or TLS."""

    def measure(stand, subject, size):
        load = lambda: stand.h2load(subject.port, front, body_size, connections=32, seconds=size.seconds)
        return work(subject, load, "requests")[1]

    return measure


def low_rate(stand, subject, size):
    """Far from saturation every request is woken for alone, and costs a multiple; never to be compared with the others."""
    load = lambda: stand.load(subject.port, size=1024, connections=16, seconds=size.seconds * 2, rate=LOW_RATE)
    return work(subject, load, "requests")[1]


def background(stand, subject, size):
    """What threads that serve nobody take of a core."""
    before = subject.background_seconds()
    done = stand.load(subject.port, size=1024, connections=64, seconds=size.seconds * 2, rate=BACKGROUND_RATE)
    return {"": (subject.background_seconds() - before) / done["seconds"] * 100}


def stream_events(stand, subject, size):
    options = {"size": 1024, "connections": 100, "seconds": size.seconds * 2, "events": CHUNKS + END_EVENTS}
    return work(subject, lambda: stand.load(subject.port, **options), "events")[1]


def memory_per_stream(many=1):
    def measure(stand, subject, size):
        stand.hold(subject.port, 8, HELD_EVENTS).end()  # what the first streams need once
        empty = subject.rss_kb()
        count = int(size.streams * many)
        streams = stand.hold(subject.port, count, HELD_EVENTS)
        full = subject.rss_kb()
        streams.end()
        return {"": (full - empty) / count}

    return measure


KB = 1 << 10


class Group:
    """Measures of proxies that run side by side, of which only one has work."""

    def __init__(self, upstream, measures, wiring=PLAIN, subjects=SUBJECTS):
        self.upstream, self.measures, self.wiring, self.subjects = upstream, measures, wiring, subjects


NO_NGINX = ("haproxy", "gatehouse")  # nginx speaks no HTTP/2 to upstreams, and cannot hold 9,000 streams in 20,000 descriptors
GROUPS = (
    Group("reply", {"cpu_1k": requests(KB), "cpu_40k": requests(40 * KB), "cpu_200k": requests(200 * KB), "cpu_2m": requests(2048 * KB, 8)}),
    Group("reply", {"low_rate": low_rate}),
    Group("reply", {"background_percent": background}, subjects=("gatehouse",)),
    Group("reply", {"two_workers_1k": requests(KB)}, Wiring(workers=2)),
    Group("reply", {"h2_front_1k": requests_to("h2", KB), "h2_front_40k": requests_to("h2", 40 * KB)}, Wiring(front="h2")),
    Group("tls", {"tls_1k": requests(KB), "tls_200k": requests(200 * KB)}, Wiring(upstream="tls")),
    Group("tls", {"tls_both_1k": requests_to("tls", KB), "tls_both_200k": requests_to("tls", 200 * KB)}, Wiring("tls", "tls")),
    Group("h2", {"h2_upstream_1k": requests(KB)}, Wiring(upstream="h2"), NO_NGINX),
    Group("stream", {"sse_event": stream_events}),
    Group("tls_stream", {"sse_tls_event": stream_events}, Wiring(upstream="tls")),
    Group("hold", {"rss_stream_kb": memory_per_stream()}),
    Group("hold", {"rss_9000_kb": memory_per_stream(4.5)}, subjects=NO_NGINX),
    Group("tls_hold", {"rss_tls_stream_kb": memory_per_stream()}, Wiring(upstream="tls")),
    Group("h2_hold", {"rss_h2_stream_kb": memory_per_stream()}, Wiring(upstream="h2"), NO_NGINX),
)


def latency(stand, subjects, ports, size, found):
    """Added latency: the upstream itself is one of the subjects here, and what it takes is taken off."""

    def load(port):
        return stand.load(port, size=1024, connections=64, seconds=size.seconds, rate=RATE)

    say(f"direct latency at {RATE}/s")
    direct = load(ports["reply"])
    found["direct"] = {"p50": direct["p50_us"], "p99": direct["p99_us"], "late_p99": direct["late_p99_us"]}
    for name, subject in subjects.items():
        say(f"{name} latency at {RATE}/s")
        done, shares = work(subject, lambda port=subject.port: load(port), "requests")
        for part in ("p50", "p99"):
            found[name][part] = done[f"{part}_us"]
            found[name][f"added_{part}"] = done[f"{part}_us"] - direct[f"{part}_us"]
        found[name] |= {"late_p99": done["late_p99_us"], "latency_others": shares["_others"]}


def warm(stand, subject, group):
    if group.wiring.front != "h1":
        stand.h2load(subject.port, group.wiring.front, KB, connections=32, seconds=1)
    elif not group.upstream.endswith("hold"):
        stand.load(subject.port, size=KB, connections=32, requests=32 if group.upstream.endswith("stream") else 1000)


def one_round(stand, ports, size):
    """{subject: {measure: value}}; microseconds and KB. With _busy behind its name: the subject's share of its core during the
    measure; with _others: the share of everybody else."""
    found = {name: {} for name in SUBJECTS}
    for group in GROUPS:
        port, subjects = ports[group.upstream], {}
        for name in group.subjects:
            subjects[name] = getattr(stand, name)(port, group.wiring)
            warm(stand, subjects[name], group)
        for measure, take in group.measures.items():
            for name, subject in subjects.items():
                say(f"{name} {measure}")
                found[name] |= {measure + part: value for part, value in take(stand, subject, size).items()}
        if "low_rate" in group.measures:
            latency(stand, subjects, ports, size, found)
        lost = subjects["gatehouse"].lost_log_lines()
        found["gatehouse"]["lost_log_lines"] = found["gatehouse"].get("lost_log_lines", 0) + lost
        for subject in subjects.values():
            subject.stop()
    return found
