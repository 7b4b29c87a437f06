"""What carries a broker connection minds neither thousands of open files, where `select` ends, nor failed callbacks."""

import os
import resource
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from edge.sync.mqtt import MqttTransport
from tests.edge.sync.rig import Rig

FILES = 1100


@pytest.fixture
def _many_files() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with ExitStack() as stack:
        for _ in range(FILES):
            stack.callback(os.close, os.open(os.devnull, os.O_RDONLY))
        yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.req("I-03", "I-08")
@pytest.mark.usefixtures("_many_files")
def test_a_box_among_thousands_of_open_files_is_acknowledged_and_comes_back(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig()
    rig.append(5)
    rig.link.start()
    rig.wait_acknowledged()
    rig.network.sever()
    rig.append(5)
    rig.network.restore()
    rig.wait_acknowledged()
    assert rig.log() == rig.at_hub()


@pytest.mark.req("I-08")
def test_a_message_on_which_a_callback_fails_costs_the_connection_and_not_the_link(
    make_rig: Callable[..., Rig], monkeypatch: pytest.MonkeyPatch
) -> None:
    take, failures = MqttTransport._on_message, iter([RuntimeError("a defect")])

    def fail_once(self: MqttTransport, *message: Any) -> None:
        for failure in failures:
            raise failure
        take(self, *message)

    monkeypatch.setattr(MqttTransport, "_on_message", fail_once)
    rig = make_rig()
    rig.append(5)
    rig.link.start()
    rig.wait_acknowledged()
    assert rig.log() == rig.at_hub()
    assert next(failures, None) is None
