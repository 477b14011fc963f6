"""What the README and docs say is run, and the names they use exist."""

import re
import shlex
import subprocess

import pytest

import harness

GATEWAYS = ("agentgateway-proxy", "dgx-spark-gateway", "xai-grok-gateway")
README = (harness.ROOT / "README.md").read_text()


def block(name):
    """The shell block behind `<!-- test: name -->` in the README."""
    found = re.search(rf"<!-- test: {name} -->\n```sh\n(.*?)```", README, re.S)
    assert found, f"README has no block named {name}"
    return found.group(1).replace("build/release/gatehouse", shlex.quote(str(harness.BINARY)))


def run(script, cwd=harness.ROOT):
    return subprocess.run(["sh", "-c", script], cwd=cwd, capture_output=True, text=True, timeout=harness.PATIENCE)


def test_the_first_curl_answers_without_key_and_network(stage):
    gateway = stage.gateway([], binds=["gatehouse/gateway"])
    script = block("zero").replace("127.0.0.1:8080", f"127.0.0.1:{gateway.port('gateway')}")
    done = run(script)
    assert done.returncode == 0 and "You said: Hello!" in done.stdout


def test_validate_as_in_the_readme():
    done = run(block("validate"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 errors" in done.stdout


def test_check_as_in_the_readme():
    script = block("check").strip() + " --admin 127.0.0.1:0 --metrics 127.0.0.1:0 --readiness 127.0.0.1:0"
    script += " " + " ".join(f"--bind {name}=127.0.0.1:0" for name in GATEWAYS)
    done = run(script)
    assert done.returncode == 0, done.stderr
    assert "Gatehouse is serving" in done.stderr


def test_mock_as_in_the_readme(stage):
    arguments = shlex.split(block("mock"))[1:]
    mock = stage.process(arguments, cwd=stage.folder)
    mock.wait_for(lambda: "http://127.0.0.1:" in mock.text(), "the mock says where it is")


@pytest.mark.parametrize(
    "file, name", re.findall(r"`(src/[a-z0-9_/.]+)` `(\w+)`", (harness.ROOT / "docs/request.md").read_text())
)
def test_request_page_names_what_exists(file, name):
    source = harness.ROOT / file
    assert source.exists(), f"{file} is gone"
    assert re.search(rf"\b{name}\b", source.read_text()), f"{name} is not in {file}"
