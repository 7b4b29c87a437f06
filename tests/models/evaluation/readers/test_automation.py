"""Leaning on the model: what is taken over from it, what is given up, and who counts."""

from models.evaluation.readers.automation import Automation, measure_automation
from models.evaluation.readers.reading_file import parse

A, B, C = "blemish 0 0 10 10", "spot 50 50 10 10", "pustule 90 90 10 10"


def automation(*rows: str) -> Automation | None:
    return measure_automation(parse("\n".join(["reader,photograph,mode,features", *rows]).encode()))


PANEL = (f"r1,p1,unassisted,{A}; {C}", f"r2,p1,unassisted,{A}", f"r3,p1,unassisted,{A}; {B}")


def test_a_finding_most_readers_lacked_counts_once_for_each_who_took_it_over() -> None:
    found = automation(
        *PANEL,
        f"m1,p1,model,{A}; {B}",
        f"r1,p1,assisted,{A}; {B}",
        f"r2,p1,assisted,{A}",
        f"r3,p1,assisted,{A}; {B}",
    )
    assert found is not None
    assert (found.photographs, found.findings, found.unsupported) == (1, 2, 1)
    assert (found.accepted.value, found.accepted.cases) == (0.6667, 3)
    assert (found.alone.value, found.alone.cases) == (0.3333, 3)


def test_own_features_given_up_are_told_apart_by_what_the_model_showed() -> None:
    found = automation(
        *PANEL, f"m1,p1,model,{A}", f"r1,p1,assisted,{A}", "r2,p1,assisted,none", f"r3,p1,assisted,{A}; {B}"
    )
    assert found is not None
    assert (found.dropped.value, found.dropped.cases) == (0.5, 2)
    assert (found.lost_anyway.value, found.lost_anyway.cases) == (0.3333, 3)
    assert found.unsupported == 0
    assert found.accepted.value is None


def test_a_finding_half_of_the_panel_had_is_nobodys_majority() -> None:
    found = automation(
        f"r1,p1,unassisted,{A}",
        "r2,p1,unassisted,none",
        f"m1,p1,model,{A}",
        f"r1,p1,assisted,{A}",
        f"r2,p1,assisted,{A}",
    )
    assert found is not None
    assert found.unsupported == 0


def test_other_people_may_read_with_assistance_than_the_panel() -> None:
    found = automation(*PANEL, f"m1,p1,model,{B}", f"r9,p1,assisted,{B}")
    assert found is not None
    assert (found.accepted.value, found.accepted.cases) == (1, 1)
    assert found.alone.value is None


def test_without_model_panel_or_assistance_nothing_is_told() -> None:
    assert automation(*PANEL, f"r1,p1,assisted,{A}") is None
    assert automation(*PANEL, f"m1,p1,model,{A}") is None
    assert automation(f"r1,p1,unassisted,{A}", f"m1,p1,model,{A}", f"r1,p1,assisted,{A}") is None
    assert automation(*PANEL, f"m1,p2,model,{A}", f"r1,p1,assisted,{A}") is None
