"""How far reviewers follow each model: per bundle version, and per group with its size and interval.

Counted over signed results only. The reviewer sees what the model proposed, so agreement here is assisted
agreement: it bounds from above what an independent reader would give.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from edge.review.domain import BundleRef, Review, Standing
from edge.review.groups import Circumstances, Dimension
from edge.review.intervals import Kappa, Share, cohen_kappa, share


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one analysis under review.

    Attributes:
        bundle: the models reviewed.
        circumstances: how the photograph was taken.
        kept: findings left as proposed, confirmed or not.
        retyped: findings given another type; one may be redrawn too.
        redrawn: findings given another outline.
        changed: findings retyped, redrawn or both.
        removed: findings taken out.
        added: findings the models had missed.
        regraded: regions given another grade.
        types: type proposed and type signed of each assessed finding that stayed.
    """

    bundle: BundleRef
    circumstances: Circumstances
    kept: int
    retyped: int
    redrawn: int
    changed: int
    removed: int
    added: int
    regraded: int
    types: tuple[tuple[str, str], ...]

    @property
    def proposed(self) -> int:
        """How many findings the models had proposed."""
        return self.kept + self.changed + self.removed

    @property
    def untouched(self) -> bool:
        """Whether the reviewer overrode nothing at all."""
        return not (self.changed or self.removed or self.added or self.regraded)


@dataclass(frozen=True, slots=True)
class Agreement:
    """Sums over several outcomes; every figure carries its size and 95 % interval.

    Attributes:
        captures: signed results counted.
        untouched: results signed without any override, of all.
        overridden: findings removed or changed, of those proposed.
        kept: findings left as they were, of those proposed.
        removed: findings taken out, of those proposed.
        retyped: findings given another type, of those proposed.
        redrawn: findings given another outline, of those proposed.
        added: findings the models had missed, of those in the signed results.
        agreed: findings left as they were, of all that either side outlined.
        types: agreement about the type of findings both sides outlined, beyond chance.
    """

    captures: int
    untouched: Share
    overridden: Share
    kept: Share
    removed: Share
    retyped: Share
    redrawn: Share
    added: Share
    agreed: Share
    types: Kappa


@dataclass(frozen=True, slots=True)
class BundleAgreement:
    """One bundle version's figures: overall, and by dimension and group."""

    bundle: BundleRef
    overall: Agreement
    groups: Mapping[Dimension, Mapping[str, Agreement]]


def outcome_of(review: Review, circumstances: Circumstances) -> Outcome:
    """Return what became of an analysis."""
    ours = [item for item in review.findings if item.proposed is not None]
    stayed = [item for item in ours if not item.removed]
    return Outcome(
        bundle=review.proposal.bundle,
        circumstances=circumstances,
        kept=sum(item.standing in {Standing.PROPOSED, Standing.CONFIRMED} for item in ours),
        retyped=sum(item.retyped for item in stayed),
        redrawn=sum(item.redrawn for item in stayed),
        changed=sum(item.standing is Standing.CHANGED for item in ours),
        removed=len(ours) - len(stayed),
        added=sum(item.standing is Standing.ADDED for item in review.findings),
        regraded=sum(item.grade is not item.proposed for item in review.grades),
        types=tuple(
            (item.proposed.type, item.type)
            for item in stayed
            if item.proposed is not None and item.proposed.type is not None and item.type is not None
        ),
    )


def agreement(outcomes: Sequence[Outcome]) -> Agreement:
    """Return the figures of several outcomes; of none, every figure is without a value."""

    def total(part: Callable[[Outcome], int]) -> int:
        return sum(part(item) for item in outcomes)

    proposed, added = total(lambda item: item.proposed), total(lambda item: item.added)
    kept, removed = total(lambda item: item.kept), total(lambda item: item.removed)
    return Agreement(
        captures=len(outcomes),
        untouched=share(sum(item.untouched for item in outcomes), len(outcomes)),
        overridden=share(proposed - kept, proposed),
        kept=share(kept, proposed),
        removed=share(removed, proposed),
        retyped=share(total(lambda item: item.retyped), proposed),
        redrawn=share(total(lambda item: item.redrawn), proposed),
        added=share(added, proposed - removed + added),
        agreed=share(kept, proposed + added),
        types=cohen_kappa([pair for item in outcomes for pair in item.types]),
    )


def by_bundle(outcomes: Iterable[Outcome]) -> tuple[BundleAgreement, ...]:
    """Return the figures of each bundle version that was reviewed, the latest first."""
    sorted_out: dict[BundleRef, list[Outcome]] = {}
    for item in outcomes:
        # Taken out and put back, so that the bundle reviewed last comes last.
        sorted_out[item.bundle] = [*sorted_out.pop(item.bundle, []), item]
    return tuple(
        BundleAgreement(bundle, agreement(found), {each: _grouped(found, each) for each in Dimension})
        for bundle, found in reversed(sorted_out.items())
    )


def _grouped(outcomes: Sequence[Outcome], dimension: Dimension) -> dict[str, Agreement]:
    names = sorted({item.circumstances.group(dimension) for item in outcomes})
    return {
        name: agreement([item for item in outcomes if item.circumstances.group(dimension) == name]) for name in names
    }
