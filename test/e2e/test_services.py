"""Services by their EndpointSlices: which addresses requests go to, and what is said when there is none."""

import socket

import harness
import manifests
from peer import Peer, answering, read_request, response
from test_filters import conditions_of


def service(name, port=80, **spec):
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": manifests.NAMESPACE},
            "spec": {"ports": [{"port": port}], **spec}}


def endpoint_slice(name, port, addresses=("127.0.0.1",), kind="IPv4", n=1, **conditions):
    """One slice of the Service `name`, with all of its addresses under the same port and conditions."""
    return {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
            "metadata": {"name": f"{name}-{n}", "namespace": manifests.NAMESPACE,
                         "labels": {"kubernetes.io/service-name": name}},
            "addressType": kind, "ports": [{"port": port}],
            "endpoints": [{"addresses": [address], "conditions": conditions} for address in addresses]}


def to_service(name, port=80, prefix="/"):
    """A route whose one backend is a port of a Service."""
    route = manifests.route(name, name, prefix=prefix)
    route["spec"]["rules"][0]["backendRefs"] = [{"name": name, "port": port}]
    return route


def serve(stage, *objects, **options):
    text = manifests.to_text(manifests.gateway(), *objects)
    return stage.gateway([stage.write("config.yaml", text)], binds=["edge"], **options)


def named(stage, name):
    """A peer that answers with its name."""
    return stage.keep(Peer(answering(response(name.encode()))))


def unused_port():
    """A port of 127.0.0.1 that nobody listens on, and that nobody is given meanwhile."""
    held = socket.socket()
    held.bind(("127.0.0.1", 0))
    return held, held.getsockname()[1]


def test_requests_are_spread_over_the_ready_addresses_of_all_slices(stage):
    first, second, not_ready = named(stage, "first"), named(stage, "second"), named(stage, "not ready")
    gateway = serve(
        stage, to_service("web"), service("web"),
        endpoint_slice("web", first.port, n=1), endpoint_slice("web", second.port, n=2),
        endpoint_slice("web", not_ready.port, n=3, ready=False),
    )
    seen = {harness.post(gateway.port("edge"), "/", b"x").body for _ in range(64)}
    assert seen == {b"first", b"second"}
    assert not_ready.connections == 0


def test_the_host_of_the_client_reaches_the_service(stage):
    seen = []

    def handle(connection, _):
        while (request := read_request(connection)) is not None:
            seen.append(request[0])
            connection.sendall(response())
    peer = stage.keep(Peer(handle))
    gateway = serve(stage, to_service("web"), service("web"), endpoint_slice("web", peer.port))
    assert harness.post(gateway.port("edge"), "/", b"x", {"Host": "shop.example.org"}).status == 200
    assert b"\r\nhost: shop.example.org\r\n" in seen[0].lower()


def test_a_request_goes_to_another_address_when_nobody_takes_the_connection(stage):
    peer = named(stage, "there")
    held, gone = unused_port()
    gateway = serve(stage, to_service("web"), service("web"),
                    endpoint_slice("web", peer.port, n=1), endpoint_slice("web", gone, n=2))
    replies = [harness.post(gateway.port("edge"), "/", b"x" * 100_000) for _ in range(32)]
    held.close()
    assert {(reply.status, reply.body) for reply in replies} == {(200, b"there")}
    again = [line for line in gateway.access_log(32) if line.get("gatehouse.attempts") == 2]
    assert again, "of 32 requests about half chose the address where nobody listens"


def test_a_second_address_is_the_last(stage):
    held, gone = unused_port()
    gateway = serve(stage, to_service("web"), service("web"),
                    endpoint_slice("web", gone, ("127.0.0.1", "127.0.0.2", "127.0.0.3")))
    reply = harness.post(gateway.port("edge"), "/", b"x")
    held.close()
    assert reply.status == 503
    assert gateway.access_of(reply)["gatehouse.attempts"] == 2


def test_a_service_with_no_ready_address_answers_503_and_another_is_not_touched(stage):
    peer = named(stage, "there")
    gateway = serve(
        stage, to_service("web"), service("web"), endpoint_slice("web", peer.port),
        to_service("down", prefix="/down"), service("down"), endpoint_slice("down", peer.port, ready=False),
    )
    reply = harness.post(gateway.port("edge"), "/down", b"x")
    assert reply.status == 503 and "no endpoint that is ready" in reply.json()["detail"]
    assert harness.post(gateway.port("edge"), "/", b"x").body == b"there"


def test_addresses_come_and_go_with_the_next_configuration(stage):
    first, second = named(stage, "first"), named(stage, "second")
    objects = [to_service("web"), service("web")]

    def write(*slices):
        return stage.write("config.yaml", manifests.to_text(manifests.gateway(), *objects, *slices))
    gateway = stage.gateway([write(endpoint_slice("web", first.port))], binds=["edge"])
    assert harness.post(gateway.port("edge"), "/", b"x").body == b"first"
    gateway.reloaded(lambda: write(endpoint_slice("web", first.port, ready=False, serving=True, terminating=True),
                                   endpoint_slice("web", second.port, n=2)))
    assert {harness.post(gateway.port("edge"), "/", b"x").body for _ in range(8)} == {b"second"}
    gateway.reloaded(lambda: write(endpoint_slice("web", first.port, ready=False, serving=True, terminating=True)))
    assert harness.post(gateway.port("edge"), "/", b"x").body == b"first"
    gateway.reloaded(lambda: write(endpoint_slice("web", first.port, ready=False)))
    assert harness.post(gateway.port("edge"), "/", b"x").status == 503


def test_an_external_name_is_resolved_and_is_the_host(stage):
    seen = []

    def handle(connection, _):
        while (request := read_request(connection)) is not None:
            seen.append(request[0].lower())
            connection.sendall(response())
    peer = stage.keep(Peer(handle))
    external = service("web", peer.port, type="ExternalName", externalName="api.example.org")
    gateway = serve(stage, to_service("web", peer.port), external,
                    resolve=[f"api.example.org:{peer.port}:127.0.0.1:{peer.port}"])
    assert harness.post(gateway.port("edge"), "/", b"x", {"Host": "shop.example.org"}).status == 200
    assert b"\r\nhost: api.example.org:%d\r\n" % peer.port in seen[0]


def test_slices_of_names_are_resolved(stage):
    peer = named(stage, "there")
    gateway = serve(stage, to_service("web"), service("web"), endpoint_slice("web", peer.port, ("pod.example.org",), "FQDN"),
                    resolve=[f"pod.example.org:{peer.port}:127.0.0.1:{peer.port}"])
    assert harness.post(gateway.port("edge"), "/", b"x").body == b"there"


def test_a_share_of_a_service_that_is_not_there_is_answered_with_500(stage):
    peer = named(stage, "there")
    route = to_service("web")
    route["spec"]["rules"][0]["backendRefs"].append({"name": "gone", "port": 80})
    gateway = serve(stage, route, service("web"), endpoint_slice("web", peer.port))
    seen = {harness.post(gateway.port("edge"), "/", b"x").status for _ in range(64)}
    assert seen == {200, 500}


def test_what_a_port_speaks_and_we_do_not_is_said(stage):
    spoken = service("web")
    spoken["spec"]["ports"][0]["appProtocol"] = "example.org/own"
    gateway = serve(stage, to_service("web"), spoken, endpoint_slice("web", 1))
    assert harness.post(gateway.port("edge"), "/", b"x").status == 500
    condition = conditions_of(gateway, "web")["ResolvedRefs"]
    assert (condition["status"], condition["reason"]) == ("False", "UnsupportedProtocol")
