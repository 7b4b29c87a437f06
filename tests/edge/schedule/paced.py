"""Clinics whose providers have paces of their own."""

from hypothesis import strategies as st

from edge.schedule.pace import FASTEST, SLOWEST, OwnPace
from edge.schedule.registry import Registry

PERCENTS = st.sampled_from([FASTEST, 88, 97, 100, 100, 104, 112, 121, SLOWEST])


def with_paces(clinic: Registry, paces: dict[str, int], own: dict[str, dict[str, int]] | None = None) -> Registry:
    """Return the clinic with these paces of its providers, and for single services."""
    document = clinic.model_dump(mode="json", exclude_unset=True, exclude_none=True)
    for entry in document["providers"]:
        if entry["id"] in paces:
            entry["pace"] = paces[entry["id"]]
        if own and entry["id"] in own:
            entry["paces"] = [{"service": name, "percent": percent} for name, percent in own[entry["id"]].items()]
    return Registry.model_validate(document)


@st.composite
def paced_clinics(draw: st.DrawFn, clinic: Registry) -> Registry:
    """Draw a clinic that has paces; one in which nobody has any is the clinic itself."""
    paces = {provider.id: draw(PERCENTS) for provider in clinic.providers}
    updated = []
    for provider in clinic.providers:
        names = draw(st.lists(st.sampled_from([s.id for s in clinic.services]), max_size=2, unique=True))
        own = tuple(OwnPace(service=name, percent=draw(PERCENTS)) for name in names)
        updated.append(provider.model_copy(update={"pace": paces[provider.id], "paces": own}))
    return clinic.model_copy(update={"providers": tuple(updated)})
