import signal

import pytest

# What tests share says what it saw where it fails, as they do. To be told before the first import.
pytest.register_assert_rewrite("events", "h2_client", "h2_expect", "h2_raw", "harness", "smuggling", "world")

import harness
import seed as seed_module


class Stage:
    """Starts programs and stops them, last first, at its end."""

    def __init__(self, folder):
        self.folder = folder
        self._running = []

    def mock(self, **options):
        return self._keep(harness.Mock(self.folder, **options))

    def gateway(self, files, **options):
        return self._keep(harness.Gateway(files, **options))

    def process(self, arguments, **options):
        return self._keep(harness.Process(arguments, **options))

    def keep(self, thing):
        """Calls thing.stop() at the end."""
        return self._keep(thing)

    def write(self, name, text):
        """A file of the stage, put in place in one step."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}.new")
        beside.write_text(text)
        beside.rename(path)
        return path

    def _keep(self, program):
        self._running.append(program)
        return program

    def close(self):
        for program in reversed(self._running):
            program.stop()
        for program in self._running:
            if isinstance(program, harness.Process):
                program.check_sanitizers()


@pytest.fixture(autouse=True)
def never_for_ever():
    """A test that stands still fails and says where; every wait in it should have ended long before."""
    def fail(*_):
        raise TimeoutError("the test stands still")
    before = signal.signal(signal.SIGALRM, fail)
    signal.alarm(int(20 * harness.PATIENCE))
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def stage(tmp_path):
    """Programs of one test."""
    stage = Stage(tmp_path)
    yield stage
    stage.close()


@pytest.fixture(scope="module")
def shared_stage(tmp_path_factory):
    """Programs that the tests of one file share."""
    stage = Stage(tmp_path_factory.mktemp("shared"))
    yield stage
    stage.close()


@pytest.fixture(scope="module")
def seed(shared_stage):
    """The whole seed, shared by the tests of one file."""
    return seed_module.Seed(shared_stage)
