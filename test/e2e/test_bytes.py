"""Same dialect, same bytes: what the client sent and what the model server got differ where we say so and nowhere else."""

import gzip
import json
import zlib

import brotli
import pytest
import zstandard

import events
import harness
import manifests
from harness import sha256

MODEL = "served-model"
PATH = "/v1/chat/completions"
MESSAGES = b'"messages":[{"role":"user","content":"Hello!"}]'
JSON_REPLY = {"rules": [{"respond": {"headers": {"content-type": "application/json"}, "body": "{}"}}]}
LIMIT = 64 << 20


class Line:
    """A gateway with two ways to one mock: /v1 with the model configured, /free without."""

    def __init__(self, stage):
        self.mock = stage.mock(script=JSON_REPLY)
        text = manifests.to_text(
            manifests.gateway(),
            manifests.route("all", "model"), manifests.openai("model", self.mock.port, MODEL),
            manifests.route("free", "free", "/free"), manifests.openai("free", self.mock.port),
            manifests.route("claude", "claude", "/claude"), manifests.anthropic("claude", self.mock.port),
        )
        self.gateway = stage.gateway([stage.write("config.yaml", text)], binds=["edge"])
        self.port = self.gateway.port("edge")

    def send(self, body, path=PATH, headers=None):
        """The reply, and what the mock recorded of the request."""
        before = len(self.mock.requests())
        reply = harness.post(self.port, path, body, headers=headers)
        seen = self.mock.requests(before + 1)[before] if reply.status == 200 else None
        return reply, seen

    def untouched(self):
        """How many requests the mock has seen."""
        return len(self.mock.requests())


@pytest.fixture(scope="module")
def line(shared_stage):
    return Line(shared_stage)


# (what is sent, what shall arrive), as bytes.
REPLACED = {
    "plain": (b'{"model":"gpt-4o",' + MESSAGES + b"}", b'{"model":"served-model",' + MESSAGES + b"}"),
    "empty name": (b'{"model":"",' + MESSAGES + b"}", b'{"model":"served-model",' + MESSAGES + b"}"),
    "null": (b'{"model":null,' + MESSAGES + b"}", b'{"model":"served-model",' + MESSAGES + b"}"),
    "absent": (b"{" + MESSAGES + b"}", b'{"model":"served-model",' + MESSAGES + b"}"),
    "absent in a roomy object": (b"{ \n  " + MESSAGES + b" }", b'{"model":"served-model", \n  ' + MESSAGES + b" }"),
    "model at the end": (b"{" + MESSAGES + b',"model":"x"}', b"{" + MESSAGES + b',"model":"served-model"}'),
    "white space": (
        b'\r\n {\t"model"  :\n "a" , ' + MESSAGES + b" ,\n\n \"x\" : [ 1 ,2 ] } \n",
        b'\r\n {\t"model"  :\n "served-model" , ' + MESSAGES + b" ,\n\n \"x\" : [ 1 ,2 ] } \n",
    ),
    "number spelling": (
        b'{"model":"m","temperature":1.0e+0,"seed":12345678901234567890,"top_p":-0.0,"x":0.10,' + MESSAGES + b"}",
        b'{"model":"served-model","temperature":1.0e+0,"seed":12345678901234567890,"top_p":-0.0,"x":0.10,' + MESSAGES + b"}",
    ),
    "escapes and bytes": (
        b'{"a":"\\u0041\\/\\ud83d\\ude00 \xf0\x9f\x98\x80 \\\\\\"","model":"m\\u0041",' + MESSAGES + b"}",
        b'{"a":"\\u0041\\/\\ud83d\\ude00 \xf0\x9f\x98\x80 \\\\\\"","model":"served-model",' + MESSAGES + b"}",
    ),
    "unknown fields and order": (
        b'{"z":1,"y":null,"messages":[],"b":{"model":"inner","model":"twice"},"model":"m","a":false}',
        b'{"z":1,"y":null,"messages":[],"b":{"model":"inner","model":"twice"},"model":"served-model","a":false}',
    ),
    "the stream is asked for its usage": (
        b'{"model":"m","stream":true,' + MESSAGES + b" }",
        b'{"model":"served-model","stream":true,' + MESSAGES + b',"stream_options":{"include_usage":true} }',
    ),
    "stream options null": (
        b'{"model":"m","stream":true,"stream_options": null,' + MESSAGES + b"}",
        b'{"model":"served-model","stream":true,"stream_options": {"include_usage":true},' + MESSAGES + b"}",
    ),
    "stream options of the client": (
        b'{"model":"m","stream":true,"stream_options":{ "include_usage":false },' + MESSAGES + b"}",
        b'{"model":"served-model","stream":true,"stream_options":{ "include_usage":false },' + MESSAGES + b"}",
    ),
    "no stream": (
        b'{"model":"m","stream":false,' + MESSAGES + b"}", b'{"model":"served-model","stream":false,' + MESSAGES + b"}",
    ),
    "same model": (b'{"model":"served-model",' + MESSAGES + b"}",) * 2,
}


@pytest.mark.parametrize("name", REPLACED)
def test_only_the_model_and_stream_options_change_on_the_way(line, name):
    sent, wanted = REPLACED[name]
    reply, seen = line.send(sent)
    assert reply.status == 200, reply.body
    assert seen["body"].encode() == wanted
    assert (seen["body_size"], seen["body_sha256"]) == (len(wanted), sha256(wanted))
    assert ["Content-Length", str(len(wanted))] in [[name.title(), value] for name, value in seen["fields"]]


@pytest.mark.parametrize("name", REPLACED)
def test_without_a_model_of_the_backend_the_client_s_model_stays(line, name):
    sent, _ = REPLACED[name]
    asked = json.loads(sent).get("model")
    reply, seen = line.send(sent, "/free" + PATH)
    if not asked:
        assert (reply.status, reply.json()["error"]["code"]) == (400, "model_missing")
    elif b"stream_options" not in sent and b'"stream":true' in sent:
        assert seen["body"].encode() == sent.replace(b"] }", b'],"stream_options":{"include_usage":true} }')
    elif b"null" in sent and b"stream_options" in sent:
        assert seen["body"].encode() == sent.replace(b"null", b'{"include_usage":true}')
    else:
        assert seen["body_sha256"] == sha256(sent)


def test_messages_requests_are_never_touched(line):
    sent = b' {"max_tokens":1 , "stream": true,"model":"claude", "messages":[ ] , "metadata":{"user_id":"u"} } '
    reply, seen = line.send(sent, "/claude/v1/messages")
    assert reply.status == 200
    assert (seen["target"], seen["body_sha256"]) == ("/v1/messages", sha256(sent))


CODED = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.ZstdCompressor().compress,
}


@pytest.mark.parametrize("coding", CODED)
@pytest.mark.parametrize("content", [MESSAGES, b'"x":"' + b"Hello! " * 1_000_000 + b'"'], ids=["small", "7 MB"])
def test_a_coded_request_goes_on_as_what_it_holds(line, coding, content):
    reply, seen = line.send(CODED[coding](b'{"model":"m",' + content + b"}"), headers={"content-encoding": coding})
    wanted = b'{"model":"served-model",' + content + b"}"
    assert reply.status == 200, reply.body
    assert (seen["body_size"], seen["body_sha256"]) == (len(wanted), sha256(wanted))
    fields = {name.lower(): value for name, value in seen["fields"]}
    assert "content-encoding" not in fields
    assert fields["content-length"] == str(len(wanted))


@pytest.mark.parametrize("coding", CODED)
def test_a_coded_request_is_limited_by_what_it_holds(line, coding):
    before = line.untouched()
    reply, _ = line.send(CODED[coding](b" " * (LIMIT + 1)), headers={"content-encoding": coding})
    assert (reply.status, reply.json()["error"]["code"]) == (413, "request_too_large")
    assert line.untouched() == before


# (what is wrong, body, position that the message names)
REFUSED = {
    "no JSON": (b"hello", (1, 1)),
    "empty": (b"", None),
    "cut": (b'{"model":"m","messages":[', None),
    "trailing bytes": (b'{"model":"m",' + MESSAGES + b"} x", (1, 63)),
    "second object": (b'{"model":"m",' + MESSAGES + b"}{}", (1, 62)),
    "array": (b"[1]", (1, 1)),
    "text": (b'"x"', (1, 1)),
    "duplicate model": (b'{"model":"a",' + MESSAGES + b',\n"model":"b"}', (2, 1)),
    "escaped model key": (b'{"\\u006dodel":"a",' + MESSAGES + b"}", (1, 2)),
    "escaped and plain": (b'{"model":"a","mod\\u0065l":"b",' + MESSAGES + b"}", (1, 14)),
    "bad UTF-8": (b'{"model":"a","x":"\xff",' + MESSAGES + b"}", None),
    "lone comma": (b'{"model":"a",,' + MESSAGES + b"}", (1, 14)),
    "single quotes": (b"{'model':'a'}", (1, 2)),
    "control character": (b'{"model":"a","x":"\x01",' + MESSAGES + b"}", None),
    "comment": (b'{"model":"a" /* no */,' + MESSAGES + b"}", (1, 14)),
    "not a number": (b'{"model":"a","x":NaN,' + MESSAGES + b"}", (1, 18)),
    "leading zero": (b'{"model":"a","x":01,' + MESSAGES + b"}", None),
    "byte order mark": (b'\xef\xbb\xbf{"model":"a",' + MESSAGES + b"}", None),
    "UTF-16": ('{"model":"a"}'.encode("utf-16"), None),
    "model of another type": (b'{"model":{"a":1},' + MESSAGES + b"}", None),
}


@pytest.mark.parametrize("name", [name for name in REFUSED if name != "model of another type"])
def test_json_that_is_none_is_refused_with_its_position(line, name):
    sent, position = REFUSED[name]
    before = line.untouched()
    reply, _ = line.send(sent)
    assert reply.status == 400, reply.body
    error = reply.json()["error"]
    assert (error["type"], error["code"]) == ("invalid_request_error", "invalid_json")
    if position:
        assert "line %d, column %d" % position in error["message"]
    assert line.untouched() == before


@pytest.mark.parametrize("name", ["no JSON", "trailing bytes", "duplicate model", "escaped model key"])
def test_messages_requests_are_refused_in_their_own_words(line, name):
    reply, _ = line.send(REFUSED[name][0], "/claude/v1/messages")
    assert reply.status == 400
    body = reply.json()
    assert (body["type"], body["error"]["type"]) == ("error", "invalid_request_error")
    assert body["request_id"] == reply.headers["request-id"] == reply.headers["x-gatehouse-request-id"]


def test_a_reply_that_is_read_is_asked_for_uncoded(line):
    """Usage cannot be read, and a chunk only we asked for not be cut out, in a compressed reply."""
    def coding_asked_for(path, fields):
        before = len(line.mock.requests())
        assert harness.post(line.port, path, b'{"model":"m",' + MESSAGES + b"}", fields).status == 200
        seen = line.mock.requests(before + 1)[before]["fields"]
        return [value for name, value in seen if name.lower() == "accept-encoding"]
    for path in (PATH, "/claude/v1/messages"):
        assert coding_asked_for(path, {"accept-encoding": "gzip, br"}) == ["identity"]


def test_deep_nesting_neither_passes_for_ever_nor_kills(line):
    for opening, closing in ((b"[", b"]"), (b'{"a":', b"}")):
        depth = 200_000
        reply, _ = line.send(b'{"model":"m","x":' + opening * depth + b"1" + closing * depth + b"," + MESSAGES + b"}")
        assert reply.status in (200, 400)
    assert line.send(REPLACED["plain"][0])[0].status == 200


def body_of_size(size):
    frame = b'{"model":"m","messages":[{"role":"user","content":""}]}'
    return frame.replace(b'""', b'"' + b"x" * (size - len(frame)) + b'"')


def test_a_body_of_64_mebibytes_passes(line):
    sent = body_of_size(LIMIT)
    assert len(sent) == LIMIT
    reply, seen = line.send(sent)
    wanted = sent.replace(b'"m"', b'"served-model"', 1)
    assert reply.status == 200, reply.body
    assert (seen["body_size"], seen["body_sha256"]) == (len(wanted), sha256(wanted))


@pytest.mark.parametrize("path", [PATH, "/claude/v1/messages"])
def test_one_byte_more_is_too_large_in_the_caller_s_dialect(line, path):
    before = line.untouched()
    reply, _ = line.send(body_of_size(LIMIT + 1), path)
    assert reply.status == 413
    body = reply.json()
    if "messages" in path:
        assert (body["type"], body["error"]["type"]) == ("error", "request_too_large")
    else:
        assert (body["error"]["type"], body["error"]["code"]) == ("invalid_request_error", "request_too_large")
    assert line.untouched() == before


def test_a_reply_of_the_model_server_arrives_byte_for_byte(stage):
    body = '{ "id":"x",\n"choices":[{"index":0,"message":{"role":"assistant","content":"h\\u00e9"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":1.0e0},"odd":1.10}\n'
    mock = stage.mock(script={"rules": [{"respond": {
        "headers": {"content-type": "application/json; charset=utf-8", "x-ratelimit-remaining-tokens": "7",
                    "openai-processing-ms": "12", "x-request-id": "req_up"},
        "body": body}}]})
    gateway = stage.gateway([stage.write("c.yaml", manifests.one_model(mock.port))], binds=["edge"])
    reply = harness.post(gateway.port("edge"), PATH, harness.CHAT)
    assert reply.body == body.encode()
    assert reply.headers["content-type"] == "application/json; charset=utf-8"
    assert reply.headers["x-ratelimit-remaining-tokens"] == "7"
    assert reply.headers["openai-processing-ms"] == "12"
    assert reply.headers["x-request-id"] == "req_up"
    assert reply.headers["x-gatehouse-request-id"] != "req_up"


DIGESTS = {
    "Content-Digest": "sha-256=:AAAA:", "Repr-Digest": "sha-256=:BBBB:", "Digest": "SHA-256=CCCC", "Content-MD5": "DDDD==",
}
SIGNED = {"Signature": "s=:EEEE:", "Signature-Input": 's=("content-digest");keyid="k"'}


def said_of_content(fields):
    """Digests and signatures among fields, by lower-case name."""
    wanted = {name.lower(): value for name, value in {**DIGESTS, **SIGNED}.items()}
    return {name.lower(): value for name, value in fields if wanted.get(name.lower()) == value}


@pytest.mark.parametrize("path, body, coding, kept", [
    ("/free" + PATH, b'{"model":"own",' + MESSAGES + b"}", None, True),
    (PATH, b'{"model":"served-model",' + MESSAGES + b"}", None, True),
    (PATH, b'{"model":"other",' + MESSAGES + b"}", None, False),
    (PATH, b"{" + MESSAGES + b"}", None, False),
    ("/free" + PATH, b'{"model":"own","stream":true,' + MESSAGES + b"}", None, False),  # usage is asked for
    ("/free" + PATH, b'{"model":"own",' + MESSAGES + b"}", "gzip", False),
    ("/v1/audio/speech", b'{"model":"other","input":"x"}', None, False),
])
def test_digests_of_a_body_go_on_with_that_body_only(line, path, body, coding, kept):
    headers = {**DIGESTS, **SIGNED, **({"content-encoding": coding} if coding else {})}
    reply, seen = line.send(gzip.compress(body) if coding else body, path, headers)
    assert reply.status == 200, reply.body
    expected = {**(DIGESTS if kept else {}), **SIGNED}
    assert said_of_content(seen["fields"]) == {name.lower(): value for name, value in expected.items()}
    assert (seen["body_sha256"] == sha256(body)) == (kept or coding is not None)


@pytest.mark.parametrize("asks, kept", [(True, True), (False, False)])
def test_digests_of_a_stream_go_on_unless_a_chunk_is_cut_out(stage, asks, kept):
    script = events.respond(events.CHAT_EVENTS)
    script["rules"][0]["respond"]["headers"].update({**DIGESTS, **SIGNED})
    mock = stage.mock(script=script)
    gateway = stage.gateway([stage.write("c.yaml", manifests.one_model(mock.port))], binds=["edge"])
    options = {"stream_options": {"include_usage": True}} if asks else {}
    reply = harness.post(gateway.port("edge"), PATH, {**harness.CHAT, "stream": True, **options})
    expected = {**(DIGESTS if kept else {}), **SIGNED}
    assert said_of_content(reply.headers.items()) == {name.lower(): value for name, value in expected.items()}
    assert (b'"choices": []' in reply.body) == kept
