"""A real bundle as candidate: it sees what the live pipeline would see, and is named as an analysis by it would be."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edge.analysis.bundle_pipeline import BundlePipeline
from edge.analysis.settings import AnalysisSettings
from edge.review.candidate import open_candidate
from edge.review.reading import bundle_of
from edge.review.shadow_log import ShadowLog
from edge.review.shadow_worker import ShadowWorker, VaultPhotographs
from edge.threads import Priority, ThreadBudget
from edge.vision import open_bundle
from edge.visits.analysis import analysis_payload
from edge.visits.library import CaptureLibrary
from shared.events.catalogue.review import ShadowCompleted
from shared.imaging.decode import ImageLimits
from shared.vision.errors import BundleMissing
from tests.edge.review.test_shadow import willing
from tests.support.records import BoxRecord, open_box_record
from tests.support.reviews import analysis, finding, store_capture
from tests.support.test_bundle import write_test_bundle


class NoFace:
    def detect(self, image: np.ndarray) -> tuple[()]:
        return ()


@pytest.fixture
def box(tmp_path: Path) -> Iterator[BoxRecord]:
    record = open_box_record(tmp_path / "box")
    yield record
    record.store.close()


def test_a_candidate_runs_on_a_thread_that_nobody_needs_and_is_named_like_its_own_results(
    tmp_path: Path, box: BoxRecord
) -> None:
    write_test_bundle(tmp_path / "candidate")
    budget, settings = ThreadBudget(1), AnalysisSettings()
    candidate = open_candidate(tmp_path / "candidate", settings, NoFace(), budget)
    image = np.full((200, 200, 3), 150, dtype=np.uint8)
    image[80:120, 80:120] = (255, 0, 0)
    with budget.take(Priority.BACKLOG, 1, 0):
        seen = candidate.analyse(image)
    live = BundlePipeline(open_bundle(tmp_path / "candidate", settings), budget).analyse(image, None)
    assert seen == live
    assert seen.findings
    assert candidate.bundle == bundle_of(analysis_payload(live, 1.0))

    log = ShadowLog(box.store)
    log.switch(candidate.bundle)
    capture = store_capture(box, willing(box), analysis(finding()))
    photographs = VaultPhotographs(CaptureLibrary(box.store, box.vault, box.clients), ImageLimits())
    worker = ShadowWorker(log, candidate, photographs, box.consent.granted, budget, box.clock)
    assert worker.run_waiting() == 1
    (run,) = box.store.stream(f"shadow/{capture}")
    assert ShadowCompleted.model_validate(run.fields.payload).bundle.version == candidate.bundle.version


def test_a_candidate_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(BundleMissing):
        open_candidate(tmp_path / "nothing", AnalysisSettings(), NoFace(), ThreadBudget(1))
