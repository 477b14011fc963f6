"""nginx and haproxy as what stands behind: their replies pass as they are, their connections are kept as long as they keep them."""

import gzip
import http.client
import json
import os
import socket
import subprocess

import pytest

import harness
import manifests
from h2_client import Client

LARGE = os.urandom(12 << 20)
TEXT = b"".join(b"line %d of a text that gzip makes small\n" % n for n in range(20_000))
KEPT = 5  # requests on a connection before nginx closes it

NGINX = """
worker_processes 1;
daemon off;
master_process off;
pid {dir}/nginx.pid;
error_log {dir}/error.log warn;
events {{ worker_connections 512; }}
http {{
  client_body_temp_path {dir}/body; proxy_temp_path {dir}/proxy; fastcgi_temp_path {dir}/f; uwsgi_temp_path {dir}/u; scgi_temp_path {dir}/s;
  log_format line '$connection $request_method $request_uri $status';
  access_log {dir}/access.log line;
  client_max_body_size 64m;
  keepalive_requests {kept};
  default_type text/plain;
  server {{
    listen {listen};
    root {dir}/files;
    location /short {{ return 200 'short\\n'; }}
    location /empty {{ return 200; }}
    location /none {{ return 204; }}
    location /gone {{ return 404 'gone\\n'; }}
    location /broken {{ return 503 'broken\\n'; }}
    location /away {{ return 302 https://example.org/elsewhere; }}
    location /refused {{ return 444; }}
    location /closing {{ keepalive_timeout 0; return 200 'closing\\n'; }}
    location /gzip {{ alias {dir}/files; gzip on; gzip_types text/plain; }}
    location /chunked {{ alias {dir}/files; ssi on; ssi_types text/plain; }}
    location /put {{ root {dir}/put; dav_methods PUT DELETE; create_full_put_path on; }}
    location /small {{ client_max_body_size 1k; dav_methods PUT; }}
    location /v1/ {{ proxy_pass http://127.0.0.1:{model}; proxy_http_version 1.1; proxy_set_header Connection ''; proxy_buffering off; }}
  }}
}}
"""
HAPROXY = """
global
  nbthread 1
  maxconn 500
defaults
  mode http
  timeout connect 10s
  timeout client 60s
  timeout server 60s
  option http-no-delay
frontend door
  bind {listen}
  http-request return status 200 content-type text/plain string "own\\n" if {{ path /own }}
  http-request deny deny_status 403 if {{ path /denied }}
  http-after-response set-header x-through haproxy
  default_backend behind
backend behind
  server one {behind}
"""


def address():
    """One where nobody listens; each is of a host of its own."""
    host = harness.quiet_host()
    with socket.create_server((host, 0)) as listener:
        return host, listener.getsockname()[1]


def started(stage, where, words):
    process = stage.process(words[1:], binary=words[0])
    def listens():
        with socket.socket() as probe:
            return probe.connect_ex(where) == 0
    process.wait_for(listens, f"{words[0]} listens")


@pytest.fixture(scope="module")
def nginx(shared_stage):
    where, folder = address(), shared_stage.folder / "nginx"
    for name in ("files", "put"):
        (folder / name).mkdir(parents=True)
    (folder / "files" / "large").write_bytes(LARGE)
    (folder / "files" / "text").write_bytes(TEXT)
    for path in (folder, *folder.parents):
        if path.is_relative_to(shared_stage.folder.parent):
            path.chmod(0o755)  # it may serve as another user
    (folder / "put").chmod(0o777)
    model = shared_stage.mock()
    config = NGINX.format(dir=folder, listen="%s:%d" % where, kept=KEPT, model=model.port)
    started(shared_stage, where, ["/usr/sbin/nginx", "-c", shared_stage.write("nginx.conf", config)])
    def seen():
        return [line.split() for line in (folder / "access.log").read_text().splitlines()]
    return where, seen


@pytest.fixture(scope="module")
def haproxy(shared_stage, nginx):
    where = address()
    config = HAPROXY.format(listen="%s:%d" % where, behind="%s:%d" % nginx[0])
    started(shared_stage, where, ["/usr/sbin/haproxy", "-db", "-f", shared_stage.write("haproxy.cfg", config)])
    return where


def before(stage, name, host, port):
    text = manifests.to_text(manifests.gateway(), manifests.route("model", "model", "/v1"), manifests.openai("model", port, host=host),
                             manifests.route("all", "plain"), manifests.static("plain", port, host=host))
    return stage.gateway([stage.write(f"{name}.yaml", text)], binds=["edge"], workers=1)


@pytest.fixture(scope="module")
def edges(shared_stage, nginx, haproxy):
    """A gateway before each, by name."""
    return {name: before(shared_stage, name, *where) for name, where in {"nginx": nginx[0], "haproxy": haproxy}.items()}


@pytest.fixture(params=["nginx", "haproxy"])
def edge(request, edges):
    return edges[request.param]


def get(edge, path, headers=None, method="GET", body=None):
    return harness.post(edge.port("edge"), path, body, headers, method=method)


REPLIES = {
    "/short": (200, b"short\n"), "/empty": (200, b""), "/none": (204, b""), "/gone": (404, b"gone\n"), "/broken": (503, b"broken\n"),
    "/closing": (200, b"closing\n"), "/large": (200, LARGE), "/text": (200, TEXT), "/chunked/text": (200, TEXT),
}


@pytest.mark.parametrize("path", REPLIES)
def test_a_reply_passes_as_it_is(edge, path):
    """On one connection of HTTP/1.1, and on one of HTTP/2, each followed by another."""
    status, body = REPLIES[path]
    connection = http.client.HTTPConnection("127.0.0.1", edge.port("edge"), timeout=harness.PATIENCE)
    for wanted, expected in ((path, (status, body)), ("/short", REPLIES["/short"])) * 2:
        connection.request("GET", wanted)
        response = connection.getresponse()
        assert (response.status, response.read()) == expected
    connection.close()
    client = Client(edge.port("edge"), window=1 << 24)
    client.widen(client.start("GET", "/short"), 1 << 24)
    for wanted, expected in ((path, (status, body)), ("/short", REPLIES["/short"])):
        stream = client.request("GET", wanted)
        assert (stream.status, bytes(stream.body), stream.ended) == (*expected, True)
    client.stop()


@pytest.mark.parametrize("path", ["/short", "/large", "/none", "/gone", "/text"])
def test_head_is_a_reply_without_content(edge, path):
    status, body = REPLIES[path]
    with socket.create_connection(("127.0.0.1", edge.port("edge")), timeout=harness.PATIENCE) as connection:
        for last in (b"", b"Connection: close\r\n"):
            connection.sendall(b"HEAD %s HTTP/1.1\r\nHost: gateway\r\n%s\r\n" % (path.encode(), last))
        received = b""
        while piece := connection.recv(65536):
            received += piece
    heads = received.split(b"\r\n\r\n")
    assert [head.split()[1] for head in heads[:2]] == [b"%d" % status] * 2 and heads[2:] == [b""]
    length = b"\r\ncontent-length: %d\r\n" % len(body)
    assert status == 204 or all(length in (head + b"\r\n").lower() for head in heads[:2])


def test_a_redirect_is_the_clients(edge):
    reply = get(edge, "/away")
    assert (reply.status, reply.headers["location"]) == (302, "https://example.org/elsewhere")


def test_what_has_not_changed_is_304_without_content(edge):
    tag = get(edge, "/text").headers["etag"]
    for _ in range(3):
        reply = get(edge, "/text", {"if-none-match": tag})
        assert (reply.status, reply.body, reply.headers["etag"]) == (304, b"", tag)
    assert get(edge, "/text").body == TEXT


@pytest.mark.parametrize("asked, expected", [("bytes=10-19", TEXT[10:20]), ("bytes=-5", TEXT[-5:]), ("bytes=0-", TEXT)])
def test_a_range_is_206(edge, asked, expected):
    reply = get(edge, "/text", {"range": asked})
    assert (reply.status, reply.body) == (206, expected)
    assert get(edge, "/text", {"range": "bytes=99999999-"}).status == 416


def test_gzip_passes_coded_and_in_chunks(edge):
    plain = get(edge, "/gzip/text")
    assert plain.body == TEXT and "content-encoding" not in plain.headers
    coded = get(edge, "/gzip/text", {"accept-encoding": "gzip"})
    assert coded.headers["content-encoding"] == "gzip" and coded.headers["transfer-encoding"] == "chunked"
    assert gzip.decompress(coded.body) == TEXT
    client = Client(edge.port("edge"))
    stream = client.request("GET", "/gzip/text", [("accept-encoding", "gzip")])
    assert gzip.decompress(bytes(stream.body)) == TEXT and "transfer-encoding" not in stream.headers
    client.stop()


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunks"])
@pytest.mark.parametrize("size", [0, 1, 4096, 1 << 20, len(LARGE)])
def test_an_upload_arrives_whole(edge, size, chunked):
    path = f"/put/{size}-{chunked}-{id(edge)}"
    connection = http.client.HTTPConnection("127.0.0.1", edge.port("edge"), timeout=harness.PATIENCE)
    body = LARGE[:size]
    pieces = (body[at:at + 50_000] for at in range(0, size, 50_000)) if chunked else body
    connection.request("PUT", path, body=pieces, headers={} if chunked else {"content-length": str(size)}, encode_chunked=chunked)
    response = connection.getresponse()
    assert response.status == 201, response.read()
    response.read()
    connection.request("GET", path)
    response = connection.getresponse()
    assert response.read() == body
    connection.request("DELETE", path)
    assert connection.getresponse().status == 204
    connection.close()


def test_an_upload_over_http2_arrives_whole(edge):
    client = Client(edge.port("edge"))
    body = LARGE[:3 << 20]
    number = client.start("PUT", f"/put/h2-{id(edge)}", [("content-length", str(len(body)))], body=b"", end=False)
    sent = 0
    while sent < len(body):
        room = min(client.h2.local_flow_control_window(number), client.h2.max_outbound_frame_size, len(body) - sent)
        if room == 0:
            client.receive()
            continue
        client.data(number, body[sent:sent + room], end=sent + room == len(body))
        sent += room
    assert client.wait(number).status == 201
    client.stop()
    assert get(edge, f"/put/h2-{id(edge)}").body == body


def test_a_refusal_while_the_upload_goes_on_reaches_the_client(edge):
    reply = get(edge, "/small/x", method="PUT", body=LARGE)
    assert reply.status == 413
    assert get(edge, "/short").body == b"short\n"


def test_an_upstream_that_hangs_up_without_an_answer_is_502(edges):
    """nginx says nothing and closes; haproxy before it says 502 itself."""
    for edge in edges.values():
        for _ in range(3):
            assert get(edge, "/refused").status == 502
            assert get(edge, "/short").body == b"short\n"


def test_haproxy_says_something_itself(edges):
    edge = edges["haproxy"]
    assert [get(edge, path).status for path in ("/own", "/denied", "/own")] == [200, 403, 200]
    assert get(edge, "/short").headers["x-through"] == "haproxy"


def test_connections_are_kept_until_nginx_closes_them(stage, nginx):
    """No request fails where it does, and none is sent twice."""
    edge = before(stage, "fresh", *nginx[0])  # no other test has left connections there
    logged = len(nginx[1]())
    count = 8 * KEPT
    for number in range(count):
        assert get(edge, f"/short?{number}").status == 200
    lines = harness.eventually(lambda: len(nginx[1]()) >= logged + count and nginx[1]()[logged:], "nginx has logged them")
    assert [line[2] for line in lines] == [f"/short?{number}" for number in range(count)]
    connections = [line[0] for line in lines]
    assert count // KEPT <= len(set(connections)) <= count // KEPT + 1


def test_a_connection_that_closes_is_not_used_again(edges, nginx):
    edge = edges["nginx"]
    logged = len(nginx[1]())
    for _ in range(10):
        assert get(edge, "/closing").body == b"closing\n"
    lines = harness.eventually(lambda: len(nginx[1]()) >= logged + 10 and nginx[1]()[logged:], "nginx has logged them")
    assert len({line[0] for line in lines}) == 10


def test_many_clients_at_once(edge):
    with subprocess.Popen(["h2load", "-n", "2000", "-c", "20", "-m", "10", f"http://127.0.0.1:{edge.port('edge')}/text"],
                          stdout=subprocess.PIPE, text=True) as load:
        said = load.communicate(timeout=4 * harness.PATIENCE)[0]
    assert "2000 succeeded, 0 failed, 0 errored" in said, said


def test_a_model_behind_is_streamed_through(edge):
    reply = get(edge, "/v1/chat/completions", method="POST", body={**harness.CHAT, "model": "gpt-4o", "stream": True})
    assert reply.status == 200 and reply.body.endswith(b"data: [DONE]\n\n")
    whole = get(edge, "/v1/chat/completions", method="POST", body=harness.CHAT)
    assert json.loads(whole.body)["object"] == "chat.completion"
