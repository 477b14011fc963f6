import pytest

import harness


class Stage:
    """Starts programs for one test and stops them, last first, at its end."""

    def __init__(self, folder):
        self.folder = folder
        self._running = []

    def mock(self, **options):
        return self._keep(harness.Mock(self.folder, **options))

    def gateway(self, files, **options):
        return self._keep(harness.Gateway(files, **options))

    def process(self, arguments, **options):
        return self._keep(harness.Process(arguments, **options))

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def _keep(self, program):
        self._running.append(program)
        return program

    def close(self):
        for program in reversed(self._running):
            program.stop()


@pytest.fixture
def stage(tmp_path):
    stage = Stage(tmp_path)
    yield stage
    stage.close()
