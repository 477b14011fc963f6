"""Event streams: every byte arrives, whatever way they were cut, and no broken end looks clean."""

import json

import pytest

import events
import harness
import manifests
from events import CHAT_EVENTS, CRLF_EVENTS, DONE, MESSAGES_EVENTS, Broken, Reader, chunk, respond, usage_chunk

STREAM = {**harness.CHAT, "stream": True}
WITH_USAGE = {**STREAM, "stream_options": {"include_usage": True}}
CHAT = "/v1/chat/completions"
CLAUDE = {"model": "claude", "max_tokens": 9, "stream": True, "messages": [{"role": "user", "content": "Hi"}]}


def serve(stage, script):
    """A gateway before a mock with this script: chat anywhere, Messages below /claude."""
    mock = stage.mock(script=script)
    text = manifests.to_text(
        manifests.gateway(),
        manifests.route("chat", "chat"), manifests.openai("chat", mock.port, "served-model"),
        manifests.route("claude", "claude", "/claude"), manifests.anthropic("claude", mock.port),
    )
    return mock, stage.gateway([stage.write("config.yaml", text)], binds=["edge"])


def path_of(name):
    return "/claude/v1/messages" if name == "messages" else CHAT


def body_of(name):
    return CLAUDE if name == "messages" else WITH_USAGE


FLAVOURS = {"chat": CHAT_EVENTS, "crlf": CRLF_EVENTS, "messages": MESSAGES_EVENTS}


@pytest.mark.parametrize("cut", ["every byte", "every event", "three bytes"])
@pytest.mark.parametrize("name", FLAVOURS)
def test_a_stream_arrives_byte_for_byte_however_it_was_cut(stage, name, cut):
    pieces = {"every byte": {"piece": 1}, "three bytes": {"piece": 3}, "every event": {"between": "1ms"}}[cut]
    _, gateway = serve(stage, respond(FLAVOURS[name], **pieces))
    reply = harness.post(gateway.port("edge"), path_of(name), body_of(name))
    assert reply.body == "".join(FLAVOURS[name]).encode()
    assert reply.headers["content-type"] == "text/event-stream"
    line = gateway.access_of(reply)
    assert line["gatehouse.outcome"] == "Completed"
    assert line["gen_ai.usage.input_tokens"] == (9 if name == "messages" else 11)
    assert line["gen_ai.usage.output_tokens"] == (4 if name == "messages" else 5)


@pytest.mark.parametrize("piece", [1, 7, 0])
@pytest.mark.parametrize("name", ["chat", "crlf"])
def test_only_the_usage_chunk_we_asked_for_is_cut_out(stage, name, piece):
    mock, gateway = serve(stage, respond(FLAVOURS[name], piece=piece))
    reply = harness.post(gateway.port("edge"), CHAT, STREAM)
    assert reply.body == "".join(events.without_usage(FLAVOURS[name])).encode()
    assert json.loads(mock.requests(1)[0]["body"])["stream_options"] == {"include_usage": True}
    assert gateway.access_of(reply)["gen_ai.usage.input_tokens"] == 11
    metrics = gateway.metrics()
    assert 'gen_ai_token_type="input"' in metrics or "gatehouse_tokens_total" in metrics


def test_events_are_not_held_back(stage):
    """The mock never sends the second event, so a gateway that waited for more would hang."""
    script = respond([chunk("one"), chunk("two"), chunk(None, "stop"), DONE], fault={"after": len(chunk("one")), "kind": "hang"})
    mock, gateway = serve(stage, script)
    reader = Reader(gateway.port("edge"), CHAT, STREAM)
    assert reader.until(b"one")
    reader.leave()
    mock.aborted()


def test_a_stream_without_done_is_whole_when_every_choice_has_finished(stage):
    sent = [chunk("Hi"), chunk(None, "stop")]
    _, gateway = serve(stage, respond(sent))
    reply = harness.post(gateway.port("edge"), CHAT, WITH_USAGE)
    assert reply.body == "".join(sent).encode()
    assert gateway.access_of(reply)["gatehouse.outcome"] == "Completed"


def test_a_clean_end_of_the_connection_without_an_end_mark_is_no_clean_end(stage):
    _, gateway = serve(stage, respond([chunk("Hi")]))
    reader = Reader(gateway.port("edge"), CHAT, WITH_USAGE)
    with pytest.raises(Broken) as broken:
        reader.rest()
    check_break(broken.value.received, chunk("Hi").encode())
    assert gateway.access_of(reader)["gatehouse.outcome"] == "UpstreamTruncated"


def check_break(received, before):
    """What came before the break is whole, then follows one error event and no end mark."""
    assert received.startswith(before[:len(received)])
    error = received[received.rindex(b"data: "):]
    body = json.loads(error[len(b"data: "):])
    assert body["error"]["type"] == "api_error" and body["error"]["code"] == "upstream_truncated"
    assert received.endswith(b"\n\n")
    assert "[DONE]" not in [data for _, data in events.dispatched(received)]


CHAT_TEXT = "".join(CHAT_EVENTS).encode()
FIRST = len("".join(CHAT_EVENTS[:2]).encode())
CUTS = [1, FIRST - 2, FIRST - 1, FIRST, FIRST + 10, CHAT_TEXT.index("é".encode()) + 1, CHAT_TEXT.index(b"stop"),
        CHAT_TEXT.index(b"data: [DONE]\n") + 5]


@pytest.mark.parametrize("after", CUTS)
def test_a_model_server_killed_in_mid_stream_is_told_to_the_client(stage, after):
    _, gateway = serve(stage, respond(CHAT_EVENTS, fault={"after": after, "kind": "close"}))
    reader = Reader(gateway.port("edge"), CHAT, WITH_USAGE)
    with pytest.raises(Broken) as broken:
        reader.rest()
    check_break(broken.value.received, CHAT_TEXT[:after])
    line = gateway.access_of(reader)
    assert line["gatehouse.outcome"] == "UpstreamTruncated"
    assert line["http.status"] == 200


@pytest.mark.parametrize("after", [1, 200, 400, 700])
def test_a_killed_messages_stream_ends_with_an_error_event_and_no_message_stop(stage, after):
    _, gateway = serve(stage, respond(MESSAGES_EVENTS, fault={"after": after, "kind": "close"}))
    reader = Reader(gateway.port("edge"), "/claude/v1/messages", CLAUDE)
    with pytest.raises(Broken) as broken:
        reader.rest()
    received = broken.value.received
    assert ("message_stop", '{"type":"message_stop"}') not in events.dispatched(received)
    event, data = received[received.rindex(b"event: "):].decode().strip().split("\n")
    assert event == "event: error"
    body = json.loads(data.removeprefix("data: "))
    assert (body["type"], body["error"]["type"]) == ("error", "api_error")
    assert gateway.access_of(reader)["gatehouse.outcome"] == "UpstreamTruncated"


def test_a_model_server_killed_before_its_head_is_an_ordinary_error(stage):
    peer_script = respond(CHAT_EVENTS, fault={"after": 0, "kind": "close"})
    _, gateway = serve(stage, peer_script)
    try:
        reply = harness.post(gateway.port("edge"), CHAT, WITH_USAGE)
    except harness.http.client.HTTPException:
        line = gateway.access_log(1)[0]  # the head had left: then it is broken off
        assert line["gatehouse.outcome"] == "UpstreamTruncated"
    else:
        assert reply.status == 502 and reply.json()["error"]["code"] == "upstream_invalid"


def test_a_buffered_reply_cut_short_is_not_ended_cleanly(stage):
    body = json.dumps({"choices": [{"message": {"content": "x" * 5000}}]})
    script = {"rules": [{"respond": {"headers": {"content-type": "application/json"}, "body": body,
                                     "fault": {"after": 3000, "kind": "close"}}}]}
    _, gateway = serve(stage, script)
    with pytest.raises(Broken) as broken:
        Reader(gateway.port("edge"), CHAT, harness.CHAT).rest()
    assert broken.value.received == body.encode()[:3000]
    assert gateway.access_log(1)[0]["gatehouse.outcome"] == "UpstreamTruncated"


@pytest.mark.parametrize("name", ["chat", "messages"])
def test_a_client_that_goes_away_cancels_the_model_server_at_once(stage, name):
    text = "".join(FLAVOURS[name]).encode()
    mock, gateway = serve(stage, respond(FLAVOURS[name], fault={"after": len(text) // 2, "kind": "hang"}))
    reader = Reader(gateway.port("edge"), path_of(name), body_of(name))
    reader.until(text[:40])
    reader.leave()
    assert mock.aborted()[0]["n"] == 1
    assert gateway.access_of(reader)["gatehouse.outcome"] == "ClientGone"


def test_a_client_that_goes_away_before_the_answer_cancels_the_model_server(stage):
    mock, gateway = serve(stage, respond(CHAT_EVENTS, delay="600s"))
    connection = harness.http.client.HTTPConnection("127.0.0.1", gateway.port("edge"), timeout=harness.PATIENCE)
    connection.request("POST", CHAT, json.dumps(STREAM), {"content-type": "application/json"})
    mock.requests(1)
    connection.close()
    mock.aborted()
    assert gateway.access_log(1)[0]["gatehouse.outcome"] == "ClientGone"


ERROR_EVENT = 'data: {"error":{"message":"The server had an error","type":"server_error","code":"boom"}}\n\n'
OVERLOADED = 'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n'


@pytest.mark.parametrize("name, sent", [
    ("chat", [chunk("Hi"), ERROR_EVENT]), ("chat", [ERROR_EVENT]), ("chat", [chunk("Hi"), ERROR_EVENT, DONE]),
    ("messages", [MESSAGES_EVENTS[0], OVERLOADED]), ("messages", [OVERLOADED]),
])
def test_an_error_within_a_stream_is_passed_on_and_is_no_success(stage, name, sent):
    _, gateway = serve(stage, respond(sent))
    reader = Reader(gateway.port("edge"), path_of(name), body_of(name))
    try:
        received = reader.rest()
    except Broken as broken:
        received = broken.received
    assert received == "".join(sent).encode()
    outcome = gateway.access_of(reader)["gatehouse.outcome"]
    assert outcome == ("UpstreamFailed" if len(sent) == 1 else "UpstreamTruncated")


def test_an_error_status_to_a_streaming_request_is_an_ordinary_reply(stage):
    body = '{"error": {"message":"Too fast", "type":"rate_limit_error","code":429}}'
    _, gateway = serve(stage, {"rules": [{"respond": {
        "status": 429, "headers": {"content-type": "application/json", "retry-after": "7"}, "body": body}}]})
    reply = harness.post(gateway.port("edge"), CHAT, STREAM)
    assert (reply.status, reply.body, reply.headers["retry-after"]) == (429, body.encode(), "7")
    assert gateway.access_of(reply)["gatehouse.outcome"] == "Completed"


def test_usage_of_a_broken_stream_is_kept(stage):
    sent = [chunk("Hi"), usage_chunk(21, 3)]
    _, gateway = serve(stage, respond(sent))
    reader = Reader(gateway.port("edge"), CHAT, WITH_USAGE)
    with pytest.raises(Broken):
        reader.rest()
    line = gateway.access_of(reader)
    assert line["gatehouse.outcome"] == "UpstreamTruncated"
    assert line["gen_ai.usage.input_tokens"] == 21
