"""The seed's flows: its manifests unchanged, its clients as written, mocks where the model servers are."""

import hashlib
import json
import re
import subprocess

import pytest

import harness
from harness import SEED, sha256
from seed import KEYS, NODE_PORTS, SPARK, Seed, fields

MODELS = {"openai": "gpt-4o", "xai": "grok-4.3", "spark": "Qwen/Qwen3.6-35B-A3B-FP8"}
PREFIXES = {"openai": "/openai", "xai": "/grok", "spark": "/spark"}
HOSTS = {"openai": "api.openai.com", "xai": "api.x.ai", "spark": SPARK}
# Names that a client's credential may travel under (llm.md 4).
CREDENTIAL_FIELDS = ("authorization", "x-api-key", "api-key", "x-goog-api-key")


def last(seed, backend, before):
    """The request that reached the mock after the first `before` ones."""
    return seed.mocks[backend].requests(before + 1)[before]


def count(seed, backend):
    return len(seed.mocks[backend].requests())


@pytest.mark.parametrize("backend", MODELS)
@pytest.mark.parametrize("version", ["/v1", "", "/v1/v1"])
def test_chat_reaches_its_model_server_with_and_without_v1(seed, backend, version):
    before = count(seed, backend)
    reply = seed.post(backend, f"{PREFIXES[backend]}{version}/chat/completions", {**harness.CHAT, "model": "agw"})
    assert reply.status == 200, reply.body
    assert reply.json()["object"] == "chat.completion"
    seen = last(seed, backend, before)
    assert (seen["method"], seen["target"]) == ("POST", "/v1/chat/completions")
    assert seen["authority"] == HOSTS[backend]
    assert json.loads(seen["body"]) == {**harness.CHAT, "model": MODELS[backend]}


@pytest.mark.parametrize("backend", ["openai", "xai"])
def test_the_model_server_gets_the_real_key_over_tls_with_its_name(seed, backend):
    before = count(seed, backend)
    seed.post(backend, f"{PREFIXES[backend]}/v1/chat/completions", headers={"authorization": "Bearer not-needed-proxy"})
    seen = last(seed, backend, before)
    assert fields(seen, "authorization") == [f"Bearer {KEYS[backend]}"]
    assert seen["server_name"] == HOSTS[backend]
    assert seen["tls"] in ("TLSv1.3", "TLSv1.2")


@pytest.mark.parametrize("field", ["x-api-key", "api-key", "x-goog-api-key"])
def test_no_client_credential_of_any_name_passes_a_backend_with_a_key_of_its_own(seed, field):
    before = count(seed, "openai")
    seed.post("openai", "/openai/v1/chat/completions?key=client-query-key", headers={field: "client-key"})
    seen = last(seed, "openai", before)
    assert fields(seen, "authorization") == [f"Bearer {KEYS['openai']}"]
    assert "client-key" not in json.dumps(seen) and "client-query-key" not in json.dumps(seen)


def test_no_credential_is_invented_for_a_backend_without_one(seed):
    before = count(seed, "spark")
    seed.post("spark", "/spark/v1/chat/completions")
    seen = last(seed, "spark", before)
    assert [name for name in CREDENTIAL_FIELDS if fields(seen, name)] == []


def test_a_backend_without_a_key_gets_the_client_s_credential(seed):
    before = count(seed, "spark")
    seed.post("spark", "/spark/v1/chat/completions", headers={"authorization": "Bearer my-own"})
    assert fields(last(seed, "spark", before), "authorization") == ["Bearer my-own"]


def test_the_seed_s_curl_commands_answer_as_written(seed):
    """clients/curl.sh with its address and node ports replaced by those of this run."""
    script = (SEED / "clients" / "curl.sh").read_text()
    for gateway, node_port in NODE_PORTS.items():
        script = script.replace(f":{node_port}/", f":{seed.gateway.port(gateway)}/")
    before = {backend: count(seed, backend) for backend in MODELS}
    done = subprocess.run(["sh", "-c", script], env={"HOST": "127.0.0.1", "PATH": "/usr/bin:/bin"}, capture_output=True,
                          timeout=harness.PATIENCE * 3)
    assert done.returncode == 0, done.stderr
    answers = [json.loads(text) for text in re.split(rb"(?<=\n\})\n", done.stdout) if text.strip()]
    assert [answer["model"] for answer in answers] == ["gpt-4o", "grok-4.3", "Qwen/Qwen3.6-35B-A3B-FP8"]
    for backend in MODELS:
        assert last(seed, backend, before[backend])["target"] == "/v1/chat/completions"


@pytest.mark.parametrize("backend", MODELS)
def test_three_identical_curls_are_identical_upstream(seed, backend):
    before = count(seed, backend)
    for _ in range(3):
        assert seed.post(backend, f"{PREFIXES[backend]}/v1/chat/completions").status == 200
    seen = seed.mocks[backend].requests(before + 3)[before:]
    kept = [
        (entry["target"], entry["authority"], entry["body_sha256"],
         [pair for pair in entry["fields"] if pair[0].lower() != "traceparent"])
        for entry in seen
    ]
    assert kept[0] == kept[1] == kept[2]


def test_a_stream_with_tools_reaches_grok_build_with_the_usage_chunk_it_asked_for(seed):
    body = {
        "model": "agw", "stream": True, "stream_options": {"include_usage": True},
        "messages": [{"role": "user", "content": "Hello!"}],
        "tools": [{"type": "function", "function": {"name": "read_file", "parameters": {"type": "object"}}}],
    }
    before = count(seed, "spark")
    reply = seed.post("spark", "/spark/chat/completions", body)
    assert reply.headers["content-type"].startswith("text/event-stream")
    assert b'"choices":[],"usage":{' in reply.body
    assert reply.body.endswith(b"data: [DONE]\n\n")
    assert json.loads(last(seed, "spark", before)["body"]) == {**body, "model": MODELS["spark"]}


def test_a_usage_chunk_nobody_asked_for_is_not_shown_and_its_tokens_are_counted(seed):
    before = count(seed, "spark")
    reply = seed.post("spark", "/spark/chat/completions", {**harness.CHAT, "stream": True})
    assert b'"usage"' not in reply.body
    assert reply.body.endswith(b"data: [DONE]\n\n")
    assert json.loads(last(seed, "spark", before)["body"])["stream_options"] == {"include_usage": True}
    line = seed.gateway.access_of(reply)
    assert line["gatehouse.usage.state"] == "known"
    assert line["gen_ai.usage.input_tokens"] == 1 and line["gen_ai.usage.output_tokens"] > 0


@pytest.mark.parametrize("path", ["/v1/messages?beta=true", "/v1/messages/count_tokens?beta=true"])
def test_claude_code_s_request_reaches_anthropic_byte_for_byte(stage, path):
    answer = '{"input_tokens": 7, "odd":  [1.0e2]}'
    script = {"rules": [{"match": {"path": path.split("?")[0]},
                         "respond": {"headers": {"content-type": "application/json"}, "body": answer}}]}
    seed = Seed(stage, scripts={"anthropic": script})
    body = b'{ "model":"claude-sonnet-4-5",\t"max_tokens" : 1e2, "messages":[{"role":"user","content":"\\u0048i \xc3\xa9"}], "x":-0.0 }\n'
    betas = "claude-code-20250219,interleaved-thinking-2025-05-14"
    reply = seed.post("anthropic", f"/anthropic{path}", body, headers={
        "anthropic-beta": betas, "anthropic-version": "2023-06-01", "x-api-key": "placeholder", "x-stainless-lang": "js",
    })
    assert (reply.status, reply.body) == (200, answer.encode())
    seen = seed.mocks["anthropic"].requests(1)[0]
    assert seen["target"] == path
    assert (seen["body_size"], seen["body_sha256"]) == (len(body), sha256(body))
    assert fields(seen, "anthropic-beta") == [betas]
    assert fields(seen, "anthropic-version") == ["2023-06-01"]
    assert fields(seen, "x-stainless-lang") == ["js"]
    assert fields(seen, "x-api-key") == [KEYS["anthropic"]]
    assert fields(seen, "authorization") == []
    assert seen["server_name"] == "api.anthropic.com"


def test_claude_code_s_stream_arrives_byte_for_byte(seed):
    before = count(seed, "anthropic")
    body = {"model": "claude", "max_tokens": 9, "stream": True, "messages": [{"role": "user", "content": "Hi"}]}
    reply = seed.post("anthropic", "/anthropic/v1/messages?beta=true", body)
    # Nothing but its number changes from one answer of the mock to the next.
    direct_number = last(seed, "anthropic", before)["n"]
    straight = harness_tls_post(seed, body)
    plain = reply.body.replace(f"msg_sim_{direct_number}".encode(), b"msg_sim_N")
    assert hashlib.sha256(plain).digest() == hashlib.sha256(straight).digest()


def harness_tls_post(seed, body):
    """The same request straight to the mock, its message number blotted out."""
    import http.client
    import ssl
    mock = seed.mocks["anthropic"]
    context = ssl.create_default_context(cafile=str(mock.ca))
    context.check_hostname = False
    connection = http.client.HTTPSConnection("127.0.0.1", mock.port, context=context, timeout=harness.PATIENCE)
    connection.request("POST", "/v1/messages", json.dumps(body), {"content-type": "application/json"})
    answer = connection.getresponse().read()
    connection.close()
    return re.sub(rb"msg_sim_\d+", b"msg_sim_N", answer)


@pytest.mark.parametrize("stream", [False, True])
def test_an_overloaded_error_of_anthropic_arrives_unchanged(stage, stream):
    overloaded = '{"type":"error", "error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_1"}'
    script = {"rules": [{"respond": {
        "status": 529, "headers": {"content-type": "application/json", "request-id": "req_1", "retry-after": "3"},
        "body": overloaded,
    }}]}
    seed = Seed(stage, scripts={"anthropic": script})
    body = {"model": "claude", "max_tokens": 1, "stream": stream, "messages": [{"role": "user", "content": "Hi"}]}
    reply = seed.post("anthropic", "/anthropic/v1/messages", body)
    assert (reply.status, reply.body) == (529, overloaded.encode())
    assert (reply.headers["request-id"], reply.headers["retry-after"]) == ("req_1", "3")
    assert reply.headers["x-gatehouse-request-id"]


def test_the_model_list_of_a_backend_with_a_model_names_it(seed):
    for path in ("/openai/v1/models", "/openai/models"):
        reply = seed.post("openai", path, None, method="GET")
        assert reply.status == 200
        assert [model["id"] for model in reply.json()["data"]] == ["gpt-4o"]


def test_embeddings_of_the_same_tools_pass_with_the_model_replaced(stage):
    answer = '{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.5]}],"model":"gpt-4o","usage":{"prompt_tokens":2,"total_tokens":2}}'
    script = {"rules": [{"match": {"path": "/v1/embeddings"},
                         "respond": {"headers": {"content-type": "application/json"}, "body": answer}}]}
    seed = Seed(stage, scripts={"openai": script})
    reply = seed.post("openai", "/openai/v1/embeddings", {"model": "text-embedding-3-small", "input": "Hello"})
    assert (reply.status, reply.body) == (200, answer.encode())
    assert json.loads(seed.mocks["openai"].requests(1)[0]["body"]) == {"model": "gpt-4o", "input": "Hello"}
    assert seed.gateway.access_of(reply)["gen_ai.usage.input_tokens"] == 2


def test_a_websocket_attempt_is_refused_in_the_caller_s_dialect(seed):
    reply = seed.post("openai", "/openai/v1/responses", None, method="GET", headers={
        "connection": "Upgrade", "upgrade": "websocket", "sec-websocket-version": "13", "sec-websocket-key": "x" * 24,
    })
    assert reply.status == 426
    assert reply.json()["error"]["type"] == "invalid_request_error"
