"""A review and its figures as the pages show them."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from edge.api import review_schemas as shown
from edge.api.schemas import Box
from edge.review.domain import BundleRef, Review, ReviewedFinding, Undo
from edge.review.groups import Dimension
from edge.review.intervals import Kappa, Share
from edge.review.licences import Signer
from edge.review.refusals import REASONS, refusal
from edge.review.shadow import ShadowReport, Side, TwoSides
from edge.review.statistics import Agreement, BundleAgreement

_Figures = TypeVar("_Figures", Agreement, TwoSides)


def shown_review(
    capture: str, review: Review, notes: Mapping[str, str], signers: Sequence[Signer], names: Mapping[str, str]
) -> shown.Review:
    """Return a review as the page shows it; `notes` are opened, by correction, and `names` by person."""
    proposal, signed = review.proposal, review.signed
    return shown.Review(
        capture_id=capture,
        revision=review.revision,
        bundle=shown_bundle(proposal.bundle),
        width=proposal.width,
        height=proposal.height,
        findings=[_finding(item) for item in review.findings],
        grades=[
            shown.ReviewGrade(
                region=item.region,
                grade=item.grade,
                proposed=item.proposed,
                count=sum(item.region in (None, finding.region) for finding in review.present),
            )
            for item in review.grades
        ],
        entries=_entries(review, notes),
        signed=signed
        and shown.ReviewSignature(
            signer_id=signed.signer, signer_name=names.get(signed.signer, signed.signer), at=signed.at
        ),
        signers=[shown.ReviewSigner(id=item.id, name=item.name) for item in signers],
        reasons=[shown.ReviewReasons(action=action, reasons=list(reasons)) for action, reasons in REASONS.items()],
    )


def _finding(item: ReviewedFinding) -> shown.ReviewFinding:
    before = item.proposed
    return shown.ReviewFinding(
        number=item.number,
        type=item.type,
        box=Box(x=item.box.x, y=item.box.y, w=item.box.w, h=item.box.h),
        contour=[list(point) for point in item.contour],
        region=item.region,
        standing=shown.ReviewStanding(item.standing),
        undecided=item.undecided,
        retyped=item.retyped,
        redrawn=item.redrawn,
        proposed_type=before.type if before else None,
        confidence=before.confidence if before else None,
        route=before.route if before else None,
        reasons=list(before.reasons) if before else [],
        type_set=list(before.type_set) if before else [],
        touched=list(item.touched),
    )


def _entries(review: Review, notes: Mapping[str, str]) -> list[shown.ReviewEntry]:
    return [
        shown.ReviewEntry(
            id=item.entry.id,
            action=item.correction.action,
            reason=item.correction.reason,
            finding=item.finding,
            region=item.correction.region,
            type=item.correction.type,
            grade=item.correction.grade,
            note=notes.get(item.entry.id, ""),
            actor=item.entry.actor,
            at=item.entry.at,
            undone=item.undone,
            undoable=refusal(review, Undo(item.entry.id)) is None,
        )
        for item in review.corrections
    ]


def shown_bundle(bundle: BundleRef) -> shown.ReviewBundle:
    """Return a bundle as the page names it."""
    return shown.ReviewBundle(name=bundle.name, version=bundle.version, sha256=bundle.sha256)


def shown_agreement(report: BundleAgreement) -> shown.BundleAgreement:
    """Return one bundle's figures."""
    return shown.BundleAgreement(
        bundle=shown_bundle(report.bundle),
        overall=_agreement(report.overall),
        groups=[
            shown.GroupAgreement(dimension=dimension, group=group, figures=_agreement(figures))
            for dimension, group, figures in _flat(report.groups)
        ],
    )


def shown_shadow(report: ShadowReport) -> shown.ShadowComparison:
    """Return one candidate's comparison."""
    return shown.ShadowComparison(
        candidate=shown_bundle(report.candidate),
        live=shown_bundle(report.live),
        overall=_two_sides(report.overall),
        groups=[
            shown.GroupShadow(dimension=dimension, group=group, figures=_two_sides(figures))
            for dimension, group, figures in _flat(report.groups)
        ],
    )


def _flat(groups: Mapping[Dimension, Mapping[str, _Figures]]) -> list[tuple[shown.GroupDimension, str, _Figures]]:
    return [
        (shown.GroupDimension(dimension), group, item)
        for dimension, found in groups.items()
        for group, item in found.items()
    ]


def _agreement(figures: Agreement) -> shown.Agreement:
    names = ("untouched", "overridden", "kept", "removed", "retyped", "redrawn", "added", "agreed")
    shares = {name: _share(getattr(figures, name)) for name in names}
    return shown.Agreement(captures=figures.captures, types=_kappa(figures.types), **shares)


def _two_sides(figures: TwoSides) -> shown.ShadowFigures:
    return shown.ShadowFigures(captures=figures.captures, live=_side(figures.live), candidate=_side(figures.candidate))


def _side(side: Side) -> shown.ShadowSide:
    return shown.ShadowSide(
        recall=_share(side.recall),
        removed_again=_share(side.removed_again),
        same_type=_share(side.same_type),
        types=_kappa(side.types),
        count_difference=side.count_difference,
        median_ms=side.median_ms,
        p95_ms=side.p95_ms,
    )


def _share(item: Share) -> shown.Share:
    return shown.Share(count=item.count, of=item.of, value=item.value, low=item.low, high=item.high, small=item.small)


def _kappa(item: Kappa) -> shown.Kappa:
    return shown.Kappa(n=item.n, value=item.value, low=item.low, high=item.high, small=item.small)
