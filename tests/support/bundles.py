"""Bundles of models for tests: real manifests, parameters and hashes around whatever graphs a test brings."""

from pathlib import Path

import numpy as np

from shared.vision.bundle import (
    GOLDEN,
    MANIFEST,
    OOD,
    PARAMETERS,
    BundleManifest,
    DataCredit,
    GraphEntry,
    GraphRole,
    bundle_files,
    file_sha256,
)
from shared.vision.ood import OodModel, write_ood
from shared.vision.parameters import (
    ClassifierParameters,
    ConformalTable,
    DetectorParameters,
    FittedOn,
    IsotonicCurve,
    OodParameters,
    Parameters,
    RoutingParameters,
    SegmenterParameters,
    write_parameters,
)

SIZES = {GraphRole.DETECTOR: 768, GraphRole.CLASSIFIER: 64, GraphRole.SEGMENTER: 128}


def some_routing(act: float | None = 0.9, suggest: float | None = 0.6) -> RoutingParameters:
    """Return thresholds on the joint confidence whose bounds hold."""
    return RoutingParameters(
        act_threshold=act,
        suggest_threshold=suggest,
        act_upper_bound=0.3 if act is None else 0.04,
        suggest_upper_bound=0.3 if suggest is None else 0.18,
        act_n=120,
        suggest_n=250,
        n=300,
    )


def some_parameters(routing: RoutingParameters | None = None) -> Parameters:
    """Return parameters of plausible size."""
    return Parameters(
        detector=DetectorParameters(
            score_threshold=0.2, calibration=IsotonicCurve(x=(0.1, 0.5, 0.9), y=(0.05, 0.4, 0.95), n=300)
        ),
        classifier=ClassifierParameters(
            temperature=1.5, temperature_n=300, conformal=ConformalTable(overall=0.7, by_group={"deep": 0.8}, n=300)
        ),
        ood=OodParameters(threshold=12.0, n=300),
        routing=routing or some_routing(),
        segmenter=SegmenterParameters(threshold=0.5),
        fitted_on=FittedOn(data="drawn", licence="none", rule="halves", fit_photos=70, check_photos=70),
    )


def some_ood(seed: int = 0, features: int = 512, dims: int = 64) -> OodModel:
    """Return a model with five class means and unit covariance."""
    rng = np.random.default_rng(seed)
    projection, _ = np.linalg.qr(rng.normal(size=(features, dims)))
    return OodModel(projection, rng.normal(size=features), rng.normal(size=(5, dims)), np.eye(dims))


def write_bundle(
    folder: Path,
    graphs: dict[GraphRole, bytes] | None = None,
    parameters: Parameters | None = None,
    ood: OodModel | None = None,
    golden: bytes = b"{}\n",
) -> BundleManifest:
    """Write a whole bundle; without `graphs` its ONNX files hold a few bytes that no runtime reads."""
    (folder / "cards").mkdir(parents=True)
    for role in GraphRole:
        (folder / f"{role}.onnx").write_bytes(graphs[role] if graphs else f"graph of the {role}".encode())
        (folder / "cards" / f"{role}.md").write_text(f"# {role}\n", encoding="utf-8")
    write_parameters(folder / PARAMETERS, parameters or some_parameters())
    write_ood(folder / OOD, ood or some_ood())
    (folder / GOLDEN).write_bytes(golden)
    manifest = BundleManifest(
        name="evaluation",
        version="0.1.0",
        licence="none: for tests",
        allowed_use="Tests only.",
        data=(DataCredit(name="drawn", licence="none", images=0),),
        graphs={role: _entry(role) for role in GraphRole},
        files={name: file_sha256(folder / name) for name in bundle_files(folder)},
        trained_at_commit="0123456",
    )
    (folder / MANIFEST).write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return manifest


def _entry(role: GraphRole) -> GraphEntry:
    return GraphEntry(
        file=f"{role}.onnx",
        name=f"drawn-{role}",
        version="0.1.0",
        precision="fp32",
        input_size=SIZES[role],
        parameters=1000,
        licence="none: for tests",
    )
