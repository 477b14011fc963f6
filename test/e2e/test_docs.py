"""What the README and docs say is run, and the names they use exist."""

import re
import shlex
import subprocess
import sys

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


def test_the_first_configuration_answers_as_in_the_readme(stage):
    """Its ports are those of the README but for the numbers."""
    mock_line, run_line = block("first").strip().splitlines()
    assert mock_line.endswith(" &")
    mock = stage.process(shlex.split(mock_line.removesuffix(" &").replace(":9000", ":0"))[1:])
    said = mock.wait_for(lambda: re.search(r"http://127\.0\.0\.1:(\d+)", mock.text()), "the mock says where it is")
    arguments = shlex.split(run_line)[1:]
    example = arguments[arguments.index("-f") + 1]
    text = (harness.ROOT / example).read_text()
    assert text.count("port: 9000") == 1
    copy = stage.write("first.yaml", text.replace("port: 9000", f"port: {said[1]}"))
    gateway = stage.gateway([copy], binds=["edge"])
    done = run(re.search(r"^  (curl .*)$", gateway.text(), re.M)[1])
    assert done.returncode == 0 and '"chat.completion"' in done.stdout and '"gpt-4o"' in done.stdout


def test_the_first_configuration_takes_a_key_as_its_comment_says(stage):
    mock = stage.mock(tls_names="api.openai.com")
    text = (harness.ROOT / "examples/first.yaml").read_text()
    head, _, rest = text.partition("apiVersion:")
    lines = [line for line in (_ + rest).splitlines() if "host: 127.0.0.1" not in line and "port: 9000" not in line]
    text = "\n".join(re.sub(r"^( *)# ", r"\1", line) for line in lines)
    gateway = stage.gateway([stage.write("first.yaml", text)], binds=["edge"], resolve=[f"api.openai.com:443:{mock.address}"],
                            env={"SSL_CERT_FILE": str(mock.ca), "OPENAI_API_KEY": "sk-first-0001"})
    assert harness.post(gateway.port("edge"), "/v1/chat/completions", harness.CHAT).status == 200
    fields = [[name.lower(), value] for name, value in mock.requests(1)[0]["fields"]]
    assert ["authorization", "Bearer sk-first-0001"] in fields


def test_validate_as_in_the_readme():
    done = run(block("validate"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 errors" in done.stdout


@pytest.mark.parametrize("page, name", [
    ("configuration", "two-providers"), ("configuration", "listener-set"), ("connections", "connections"), ("filters", "filters")])
def test_the_example_of_a_page_has_no_findings(page, name):
    page = (harness.ROOT / f"docs/{page}.md").read_text()
    script = re.search(rf"<!-- test: {name} -->\n```sh\n(.*?)```", page, re.S)[1]
    done = run(script.replace("build/release/gatehouse", shlex.quote(str(harness.BINARY))))
    assert done.returncode == 0 and "0 errors, 0 warnings" in done.stdout, done.stdout + done.stderr


def test_the_clients_of_the_page_on_tls_get_in(stage):
    """As written there, but for the ports and the place of the keys."""
    page = (harness.ROOT / "docs/tls.md").read_text()
    mocked, made, asked = (re.search(rf"<!-- test: {name} -->\n```sh\n(.*?)```", page, re.S)[1]
                           for name in ("mutual-tls-mock", "mutual-tls", "mutual-tls-curl"))
    mock = stage.process(shlex.split(mocked.strip().removesuffix(" &").replace(":9000", ":0"))[1:])
    said = mock.wait_for(lambda: re.search(r"http://127\.0\.0\.1:(\d+)", mock.text()), "the mock says where it is")
    made, _, start = made.strip().rpartition("\n")
    shown = run(f"export TMPDIR={shlex.quote(str(stage.folder))}\n{made}\nprintf '\\0'\nenv -0", stage.folder)
    variables = dict(entry.split("=", 1) for entry in shown.stdout.split("\0") if "=" in entry)
    folder = variables["KEYS"]
    assert shown.stdout.startswith(f"{folder}\n")
    text = (harness.ROOT / shlex.split(start)[-1]).read_text()
    assert text.count("port: 9000") == 1
    copy = stage.write("mutual-tls.yaml", text.replace("port: 9000", f"port: {said[1]}"))
    gateway = stage.gateway([copy], binds=["edge"],
                            env={name: variables[name] for name in ("CLIENTS_CA", "EDGE_CERTIFICATE", "EDGE_KEY")})
    asked = asked.strip().replace(":8443/", f":{gateway.port('edge')}/")
    done = run(asked, folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"object":"list"' in done.stdout and '"chat.completion"' in done.stdout
    assert run(re.sub(r"--cert \S+ --key \S+ ", "", asked), folder).returncode != 0


def test_check_as_in_the_readme():
    script = block("check").strip() + " --admin 127.0.0.1:0 --metrics 127.0.0.1:0 --readiness 127.0.0.1:0"
    script += " " + " ".join(f"--bind {name}=127.0.0.1:0" for name in GATEWAYS)
    done = run(script)
    assert done.returncode == 0, done.stderr
    assert "Gatehouse would serve" in done.stderr


def test_mock_as_in_the_readme(stage):
    arguments = shlex.split(block("mock"))[1:]
    mock = stage.process(arguments, cwd=stage.folder)
    mock.wait_for(lambda: "http://127.0.0.1:" in mock.text(), "the mock says where it is")


def test_the_script_that_the_help_of_the_mock_shows_is_one(stage):
    shown = run(f"{shlex.quote(str(harness.BINARY))} mock --help").stdout
    script = re.search(r"^  rules:\n(?:    .*\n)+", shown, re.M)[0]
    mock = stage.mock(script=script)
    def ask(**headers):
        return harness.post(mock.port, "/v1/chat/completions", harness.CHAT, headers=headers)
    assert b"simulated" in ask().body, "no rule matches"
    with pytest.raises(harness.http.client.IncompleteRead) as cut:
        ask(**{"x-case": "slow"})
    assert cut.value.partial == b"dat"
    assert b"simulated" in ask(**{"x-case": "slow"}).body, "the rule is used up"


def test_the_request_page_goes_the_way_of_the_code():
    done = run(f"{shlex.quote(sys.executable)} tools/check_walk.py")
    assert done.returncode == 0, done.stderr


ROOMS = sorted(path.parent for path in (harness.ROOT / "src").glob("*/README.md"))


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_a_room_s_page_names_what_is_in_the_room(room):
    page = (room / "README.md").read_text()
    assert re.match(rf"# {room.name}(: |\n)", page)
    sources = [path for path in room.rglob("*") if path.suffix in (".h", ".cc")]
    known = {other.name for other in ROOMS} | {path.stem for path in sources}
    known.update(re.findall(r"\w+", "\n".join(path.read_text() for path in sources)))
    named = re.findall(r"`(\w+)(?:\.h|\.cc|\([^`\n]*\))?`", page)
    assert not [name for name in named if name not in known]
    elsewhere = re.findall(rf"`((?:{'|'.join(other.name for other in ROOMS)})/[a-z0-9_/]+)(?:\.h)?`", page)
    gone = [path for path in elsewhere if not list((harness.ROOT / "src").glob(f"{path}*"))]
    assert not gone
