import sys
from collections.abc import Iterator

import pytest

from tests.support.cores import Cores, every_core


@pytest.fixture(scope="session")
def cores(request: pytest.FixtureRequest) -> Iterator[Cores]:
    capture = request.config.pluginmanager.getplugin("capturemanager")

    def say(line: str) -> None:
        with capture.global_and_fixture_disabled():
            print(f"\n{line}", file=sys.stderr, flush=True)

    with every_core(say) as running:
        yield running
