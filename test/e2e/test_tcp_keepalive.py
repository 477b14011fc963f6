"""Keepalive of TCP: the kernel's own timers of the gateway's connections, to clients and to upstreams."""

import http.client
import os
import pathlib

import harness
import manifests
import proxies

TICKS = 100  # of a second, in /proc/net/tcp
KEEPALIVE_TIMER, ESTABLISHED = "02", "01"


def sockets_of(process):
    """Inodes of its sockets."""
    inodes = set()
    for entry in pathlib.Path(f"/proc/{process.process.pid}/fd").iterdir():
        try:
            kind, _, inode = os.readlink(entry).partition(":")
        except FileNotFoundError:
            continue  # closed meanwhile
        if kind == "socket":
            inodes.add(inode.strip("[]"))
    return inodes


def keepalive_timer(gateway, local=None, remote=None):
    """Seconds until the first probe of the gateway's connection that has this port at one end; None while another timer runs, or none."""
    own = sockets_of(gateway)
    for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        ports = [int(fields[i].rsplit(":", 1)[1], 16) for i in (1, 2)]
        kind, ticks = fields[5].split(":")
        connected = fields[3] == ESTABLISHED and fields[9] in own
        if connected and (local is None or ports[0] == local) and (remote is None or ports[1] == remote):
            return int(ticks, 16) / TICKS if kind == KEEPALIVE_TIMER else None
    return None


def idle_timer(gateway, **ports):
    return harness.eventually(lambda: keepalive_timer(gateway, **ports), f"the connection of {ports} is idle")


def policy(keepalive):
    return {
        "apiVersion": "agentgateway.dev/v1alpha1", "kind": "AgentgatewayPolicy",
        "metadata": {"name": "probes", "namespace": manifests.NAMESPACE},
        "spec": {
            "targetRefs": [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "edge"}],
            "frontend": {"tcp": {"keepalive": keepalive}},
        },
    }


def configuration(mock, upstream=None, client=None):
    backend = manifests.static("web", mock.port)
    if upstream:
        backend["spec"]["policies"] = {"tcp": {"keepalive": upstream}}
    objects = [manifests.gateway(), manifests.route("all", "web"), backend]
    return manifests.to_text(*objects, *([] if client is None else [policy(client)]))


def open_and_ask(gateway):
    """A connection kept open behind its first answer."""
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port("edge"), timeout=harness.PATIENCE)
    connection.request("GET", "/v1/models")
    reply = connection.getresponse()
    reply.read()
    assert reply.status == 200
    return connection


def timers(gateway, mock):
    """Of the connection of a client and the one to the upstream, while both are idle."""
    connection = open_and_ask(gateway)
    own = idle_timer(gateway, local=gateway.port("edge"))
    upstream = idle_timer(gateway, remote=mock.port)
    connection.close()
    return own, upstream


def test_both_sides_are_probed_as_the_configuration_says(stage):
    mock = stage.mock()
    file = stage.write("edge.yaml", configuration(mock, upstream={"time": "5000s"}, client={"time": "9000s", "retries": 2}))
    gateway = stage.gateway([file], binds=["edge"], workers=1)
    client, upstream = timers(gateway, mock)
    assert 7200 < client <= 9000  # more than the 7200 that the system begins with
    assert 60 < upstream <= 5000


def test_a_reload_changes_it_for_new_connections_and_takes_it_back(stage):
    mock = stage.mock()
    file = stage.write("edge.yaml", configuration(mock, client={}))
    gateway = stage.gateway([file], binds=["edge"], workers=1)
    assert timers(gateway, mock)[0] <= 180
    gateway.reloaded(lambda: stage.write("edge.yaml", configuration(mock, upstream={"time": "5000s"})))
    client, upstream = timers(gateway, mock)
    assert 180 < client <= 7200
    assert upstream


def test_the_connection_to_a_proxy_has_what_its_backend_says(stage):
    mock, proxy = stage.mock(), proxies.tinyproxy(stage)
    backend = manifests.static("web", mock.port, host="localhost")
    backend["spec"]["policies"] = {"tunnel": {"url": f"http://{proxy.address}"}, "tcp": {"keepalive": {"time": "5000s"}}}
    file = stage.write("edge.yaml", manifests.to_text(manifests.gateway(), manifests.route("all", "web"), backend))
    gateway = stage.gateway([file], binds=["edge"], workers=1)
    connection = open_and_ask(gateway)
    assert 60 < idle_timer(gateway, remote=int(proxy.address.rsplit(":", 1)[1])) <= 5000
    connection.close()
