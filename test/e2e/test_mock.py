"""`gatehouse mock` as a user's tests would meet it: the official SDKs talk straight to it."""

import itertools
import json
import os
import pathlib
import re
import subprocess

import anthropic
import openai
import pytest

import harness

NODE = pathlib.Path(os.environ.get("GATEHOUSE_E2E_NODE", harness.ROOT / "build" / "e2e-node"))
HELLO = [{"role": "user", "content": "Hello!"}]


@pytest.fixture(scope="module")
def mock(shared_stage):
    return shared_stage.mock()


@pytest.fixture(scope="module")
def client(mock):
    with openai.OpenAI(api_key="any", base_url=f"http://{mock.address}/v1", max_retries=0, timeout=harness.PATIENCE) as made:
        yield made


@pytest.fixture(scope="module")
def claude(mock):
    with anthropic.Anthropic(api_key="any", base_url=f"http://{mock.address}", max_retries=0, timeout=harness.PATIENCE) as made:
        yield made


def test_openai_python_chats(client):
    reply = client.chat.completions.create(model="m", messages=HELLO)
    assert "You said: Hello!" in reply.choices[0].message.content and reply.model == "m"
    words = len(reply.choices[0].message.content.split())
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens, reply.usage.total_tokens) == (1, words, words + 1)
    short = client.chat.completions.create(model="m", messages=HELLO, max_completion_tokens=2)
    assert (short.choices[0].message.content, short.choices[0].finish_reason) == ("This is", "length")


def test_openai_python_streams_a_chat(client):
    stream = client.chat.completions.create(model="m", messages=HELLO, stream=True, stream_options={"include_usage": True})
    chunks = list(stream)
    words = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices and chunk.choices[0].delta.content]
    assert "".join(words).endswith("You said: Hello!") and chunks[-1].usage.completion_tokens == len(words)
    assert not [chunk for chunk in client.chat.completions.create(model="m", messages=HELLO, stream=True) if chunk.usage]


def test_openai_python_embeds(client):
    for form in ("float", openai.NOT_GIVEN):  # not given, the SDK asks for base64
        reply = client.embeddings.create(model="e", input=["one two", "one two", "three"], encoding_format=form)
        first, again, other = [item.embedding for item in reply.data]
        assert first == again != other and len(first) == 256
        assert abs(sum(number * number for number in first) - 1) < 1e-3
        assert reply.usage.prompt_tokens == 5
    assert len(client.embeddings.create(model="e", input="a", dimensions=8).data[0].embedding) == 8


def test_openai_python_lists_models_and_maps_errors(client):
    assert [model.id for model in client.models.list()] == ["mock"]
    assert client.models.retrieve("mock").id == "mock"
    with pytest.raises(openai.NotFoundError) as caught:
        client.models.retrieve("other")
    assert caught.value.code == "model_not_found"
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="m", messages=HELLO, max_tokens=0)
    assert "max_tokens is 0" in caught.value.message
    with pytest.raises(openai.NotFoundError) as caught:
        client.moderations.create(input="a")
    assert caught.value.code == "no_rule" and "/v1/embeddings" in caught.value.message


def test_anthropic_python_does_all_of_it(claude):
    reply = claude.messages.create(model="claude", max_tokens=50, messages=HELLO)
    assert reply.content[0].text.endswith("You said: Hello!") and reply.stop_reason == "end_turn"
    assert (reply.usage.input_tokens, reply.usage.output_tokens) == (1, len(reply.content[0].text.split()))
    with claude.messages.stream(model="claude", max_tokens=4, messages=HELLO) as stream:
        assert "".join(stream.text_stream) == "This is the simulated"
        final = stream.get_final_message()
        assert (final.stop_reason, final.usage.output_tokens) == ("max_tokens", 4)
    assert claude.messages.count_tokens(model="claude", messages=HELLO).input_tokens == 1
    assert [model.id for model in itertools.islice(claude.models.list(), 5)] == ["mock"]
    with pytest.raises(anthropic.BadRequestError) as caught:
        claude.messages.create(model="claude", max_tokens=0, messages=HELLO)
    assert caught.value.body["error"]["type"] == "invalid_request_error"


def test_a_record_holds_no_credential_unless_asked_to(stage):
    record = stage.folder / "seen.jsonl"
    mock = stage.process(["mock", "--record", record])
    port = int(mock.wait_for(lambda: re.search(r"http://127\.0\.0\.1:(\d+)", mock.text()), "the mock says where it is")[1])
    keys = {"authorization": "Bearer sk-mask-0001", "x-api-key": "sk-mask-0002", "cookie": "session=sk-mask-0003"}
    assert harness.post(port, "/v1/chat/completions?key=sk-mask-0004&beta=1", harness.CHAT, headers=keys).status == 200
    text = record.read_text()
    assert "sk-mask" not in text
    seen = json.loads(text.splitlines()[0])
    def short(key):
        return "masked:" + harness.sha256(key.encode())[:8]
    fields = dict(seen["fields"])
    assert (fields["authorization"], fields["x-api-key"]) == ("Bearer " + short("sk-mask-0001"), short("sk-mask-0002"))
    assert seen["target"] == f"/v1/chat/completions?key={short('sk-mask-0004')}&beta=1"


def test_a_response_streams_every_event_in_order(mock):
    """The SDK for Python of requirements.txt knows no Responses; the one for npm does, below."""
    reply = harness.post(mock.port, "/v1/responses", {"model": "m", "input": "Hello!", "stream": True, "max_output_tokens": 2})
    events = [json.loads(line[6:]) for line in reply.body.decode().splitlines() if line.startswith("data: ")]
    assert [event["type"].removeprefix("response.") for event in events] == [
        "created", "in_progress", "output_item.added", "content_part.added", "output_text.delta", "output_text.delta",
        "output_text.done", "content_part.done", "output_item.done", "incomplete"]
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    last = events[-1]["response"]
    assert last["incomplete_details"] == {"reason": "max_output_tokens"} and last["usage"]["output_tokens"] == 2
    assert last["output"][0]["content"][0]["text"] == "This is"


def test_openai_npm_speaks_responses(mock):
    if not (NODE / "node_modules" / "openai").exists():
        pytest.skip(f"{NODE} has no openai package")
    done = subprocess.run(["node", harness.ROOT / "test" / "e2e" / "mock_check.mjs", f"http://{mock.address}/v1", NODE],
                          capture_output=True, timeout=harness.PATIENCE * 2)
    assert done.returncode == 0, done.stderr.decode()
    seen = json.loads(done.stdout)
    assert seen["text"].endswith("You said: Hello!") and seen["streamed"] == seen["text"]
    assert seen["status"] == ["completed", "completed"]
    assert seen["tokens"] == len(seen["text"].split())
