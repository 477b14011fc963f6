"""A route to a plain HTTP service: all end-to-end fields go through, both ways; what is the hop's stays."""

import http.client

import harness
import manifests
from peer import Peer, read_request, response

REPLY = (
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nServer: web\r\nVia: 1.1 cache\r\n"
    b"Connection: X-Hop\r\nX-Hop: 1\r\n\r\nok"
)


def test_cookies_and_origin_reach_a_service_and_its_own_come_back(stage):
    seen = []

    def handle(connection, _):
        while (request := read_request(connection)) is not None:
            seen.append(request)
            connection.sendall(REPLY)
    peer = stage.keep(Peer(handle))
    text = manifests.to_text(manifests.gateway(), manifests.route("web", "web"), manifests.static("web", peer.port))
    gateway = stage.gateway([stage.write("config.yaml", text)], binds=["edge"])
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port("edge"), timeout=harness.PATIENCE)
    connection.request("GET", "/page", headers={
        "Cookie": "session=1", "Origin": "https://example.com", "Sec-Fetch-Mode": "cors", "X-Forwarded-For": "1.2.3.4",
        "Connection": "X-Mine", "X-Mine": "1",
    })
    reply = connection.getresponse()
    assert (reply.status, reply.read()) == (200, b"ok")
    assert reply.headers.get_all("set-cookie") == ["a=1", "b=2"]
    assert (reply.headers["server"], reply.headers["via"]) == ("web", "1.1 cache")
    assert reply.headers["x-hop"] is None
    head = seen[0][0].lower()
    for name in (b"cookie: session=1", b"origin: https://example.com", b"sec-fetch-mode: cors"):
        assert name in head, name
    assert b"x-forwarded-for" not in head and b"x-mine" not in head
    connection.close()


def test_trace_shows_nobody_the_key_that_is_added(stage):
    def handle(connection, _):
        while (request := read_request(connection)) is not None:
            connection.sendall(response(request[0]))
    peer = stage.keep(Peer(handle))
    keyed = manifests.static("keyed", peer.port)
    keyed["spec"]["policies"] = {"auth": {"secretRef": {"name": "key"}}}
    text = manifests.to_text(manifests.gateway(), manifests.route("keyed", "keyed", "/keyed"), keyed, manifests.secret("key", "sk-hidden"),
                             manifests.route("open", "open", "/open"), manifests.static("open", peer.port))
    gateway = stage.gateway([stage.write("config.yaml", text)], binds=["edge"])
    assert b"sk-hidden" in harness.post(gateway.port("edge"), "/keyed", None, method="GET").body
    refused = harness.post(gateway.port("edge"), "/keyed", None, method="TRACE")
    assert (refused.status, refused.json()["code"]) == (501, "not_supported") and b"sk-hidden" not in refused.body
    assert harness.post(gateway.port("edge"), "/open", None, method="TRACE").body.startswith(b"TRACE /open HTTP/1.1\r\n")
    assert gateway.access_of(refused)["gatehouse.outcome"] == "Refused"
