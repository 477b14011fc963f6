"""The official SDKs, pointed at a gateway as their users would: OpenAI for Python and for npm, Anthropic for Python."""

import itertools
import json
import os
import pathlib
import subprocess

import anthropic
import openai
import pytest

import events
import harness
from seed import KEYS, Seed, fields

TOOLS = [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}]
CALL = {"rules": [{"match": {"contains": '"tools"'}, "respond": {
    "headers": {"content-type": "application/json"},
    "body": json.dumps({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "gpt-4o",
        "choices": [{"index": 0, "finish_reason": "tool_calls", "message": {"role": "assistant", "content": None, "tool_calls": [
            {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}]}}],
        "usage": {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8},
    })}},
    {"match": {"contains": "cut me off"}, "respond": {
        "headers": {"content-type": "text/event-stream"}, "events": events.CHAT_EVENTS, "fault": {"after": 400, "kind": "close"}}},
    {"match": {"contains": "too fast"}, "respond": {
        "status": 429, "headers": {"content-type": "application/json"},
        "body": '{"error":{"message":"slow down","type":"rate_limit_error","param":null,"code":"rate_limit_exceeded"}}'}},
]}
NODE = pathlib.Path(os.environ.get("GATEHOUSE_E2E_NODE", harness.ROOT / "build" / "e2e-node"))
HELLO = [{"role": "user", "content": "Hello!"}]


@pytest.fixture(scope="module")
def line(shared_stage):
    return Seed(shared_stage, scripts={"openai": CALL})


@pytest.fixture(scope="module")
def base(line):
    return f"http://127.0.0.1:{line.port('openai')}/openai"


@pytest.fixture(scope="module", params=["/v1", ""])
def client(base, request):
    with openai.OpenAI(api_key="not-needed-proxy", base_url=base + request.param, max_retries=0, timeout=harness.PATIENCE) as made:
        yield made


def test_the_seed_s_script_runs_as_written(line):
    script = (harness.SEED / "clients" / "openai_sdk.py").read_text()
    script = script.replace("172.16.10.149:30160", f"127.0.0.1:{line.port('openai')}")
    names = {}
    exec(compile(script, "openai_sdk.py", "exec"), names)  # the seed's own few lines
    assert "Hello!" in names["response"].choices[0].message.content


def test_openai_python_chats(line, client):
    before = len(line.mocks["openai"].requests())
    reply = client.chat.completions.create(model="anything", messages=HELLO)
    assert reply.model == "gpt-4o" and reply.usage.completion_tokens > 0
    seen = line.mocks["openai"].requests(before + 1)[before]
    assert fields(seen, "authorization") == [f"Bearer {KEYS['openai']}"]
    assert fields(seen, "x-stainless-lang") == ["python"]
    assert reply._request_id


def streamed(client, messages, **more):
    """All chunks. The stream is closed here: collected as garbage within a later request, it waits for a lock of its own."""
    with client.chat.completions.create(model="m", messages=messages, stream=True, **more) as stream:
        return list(stream)


def test_openai_python_streams(client):
    chunks = streamed(client, HELLO)
    assert "Hello!" in "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert all(chunk.choices for chunk in chunks), "no usage chunk that was not asked for"
    assert chunks[-1].choices[0].finish_reason == "stop"


def test_openai_python_streams_with_usage(client):
    chunks = streamed(client, HELLO, stream_options={"include_usage": True})
    assert chunks[-1].choices == [] and chunks[-1].usage.total_tokens > 0


def test_openai_python_calls_tools(client):
    reply = client.chat.completions.create(model="m", messages=HELLO, tools=TOOLS)
    assert reply.choices[0].message.tool_calls[0].function.name == "weather"


def test_openai_python_lists_models(client):
    assert [model.id for model in client.models.list()] == ["gpt-4o"]
    assert client.models.retrieve("gpt-4o").id == "gpt-4o"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("another")


def test_openai_python_sees_a_broken_stream_as_an_error(client):
    with pytest.raises(openai.APIError) as caught:
        streamed(client, [{"role": "user", "content": "cut me off"}])
    assert "broke off" in str(caught.value)


def test_openai_python_maps_errors(line, base, client):
    with pytest.raises(openai.RateLimitError) as caught:
        client.chat.completions.create(model="m", messages=[{"role": "user", "content": "too fast"}])
    assert caught.value.code == "rate_limit_exceeded"
    with pytest.raises(openai.NotFoundError) as caught:
        client.with_options(base_url=f"{base}/../nowhere".replace("/openai/..", "")).chat.completions.create(model="m", messages=HELLO)
    assert caught.value.code == "route_not_found" and caught.value.request_id
    with pytest.raises(openai.BadRequestError) as caught:
        client.post("/chat/completions", cast_to=object, options={"headers": {}}, body=[1])
    assert caught.value.code == "invalid_json"


def test_openai_python_sees_a_missing_key_as_unavailable(stage):
    from seed import WITHOUT_SECRETS
    seed = Seed(stage, files=WITHOUT_SECRETS)
    client = openai.OpenAI(api_key="x", base_url=f"http://127.0.0.1:{seed.port('openai')}/openai/v1", max_retries=0)
    with client, pytest.raises(openai.InternalServerError) as caught:
        client.chat.completions.create(model="m", messages=HELLO)
    assert (caught.value.status_code, caught.value.code) == (503, "credential_missing")


@pytest.fixture(scope="module")
def claude(line):
    base = f"http://127.0.0.1:{line.port('anthropic')}/anthropic"
    with anthropic.Anthropic(api_key="placeholder", base_url=base, max_retries=0, timeout=harness.PATIENCE) as made:
        yield made


def test_anthropic_python_chats(line, claude):
    before = len(line.mocks["anthropic"].requests())
    reply = claude.messages.create(model="claude-sonnet-4-5", max_tokens=50, messages=HELLO)
    assert "Hello!" in reply.content[0].text and reply.usage.output_tokens > 0
    seen = line.mocks["anthropic"].requests(before + 1)[before]
    assert fields(seen, "x-api-key") == [KEYS["anthropic"]]
    assert json.loads(seen["body"])["model"] == "claude-sonnet-4-5"


def test_anthropic_python_streams(claude):
    with claude.messages.stream(model="claude", max_tokens=50, messages=HELLO) as stream:
        text = "".join(stream.text_stream)
        assert "Hello!" in text
        assert stream.get_final_message().stop_reason == "end_turn"


def test_anthropic_python_lists_models_and_comes_to_an_end(stage):
    """It asks for pages until one is empty."""
    gateway = stage.gateway([], binds=["gatehouse/gateway"])
    with anthropic.Anthropic(api_key="any", base_url=f"http://127.0.0.1:{gateway.port('gateway')}/sim", max_retries=0) as made:
        assert [model.id for model in itertools.islice(made.models.list(), 5)] == ["sim/echo"]


def test_anthropic_python_maps_errors(line, claude):
    nowhere = claude.with_options(base_url=f"http://127.0.0.1:{line.port('anthropic')}/nowhere")
    with pytest.raises(anthropic.NotFoundError) as caught:
        nowhere.messages.create(model="claude", max_tokens=5, messages=HELLO)
    assert caught.value.body["error"]["type"] == "not_found_error"
    with pytest.raises(anthropic.BadRequestError):
        claude.post("/v1/messages", cast_to=object, body=[1])


def test_openai_npm_does_all_of_it(base):
    """sdk_check.mjs prints one JSON line of what it saw."""
    if not (NODE / "node_modules" / "openai").exists():
        pytest.skip(f"{NODE} has no openai package")
    done = subprocess.run(
        ["node", harness.ROOT / "test" / "e2e" / "sdk_check.mjs", base, NODE],
        capture_output=True, timeout=harness.PATIENCE * 2,
    )
    assert done.returncode == 0, done.stderr.decode()
    seen = json.loads(done.stdout)
    assert "Hello!" in seen["chat"] and "Hello!" in seen["stream"]
    assert seen["usage"] > 0
    assert seen["tool"] == "weather"
    assert seen["models"] == ["gpt-4o"]
    assert seen["broken"] == "APIError"
    assert seen["limited"] == ["RateLimitError", 429, "rate_limit_exceeded"]
    assert seen["nowhere"] == ["NotFoundError", 404, "route_not_found"]
