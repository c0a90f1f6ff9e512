"""The table of rules is the one place that knows the kinds."""

from __future__ import annotations

import pytest

from detector.rules import RULES, rule_for
from detector.rules.shapes import same_ground


def test_every_rule_is_listed_under_its_own_kind_and_describes_itself() -> None:
    assert RULES
    for kind, rule in RULES.items():
        assert rule.kind == kind
        assert rule.config.model_fields["kind"].default == kind
        assert rule.codes
        assert rule.evidence


def test_an_unknown_kind_is_refused_with_the_known_ones() -> None:
    with pytest.raises(KeyError, match=r"unknown rule kind 'loitering'; known: .*illegal_parking"):
        rule_for("loitering")


def test_a_part_of_a_vehicle_stands_on_its_ground_and_a_neighbour_does_not() -> None:
    car = (306.0, 237.0, 466.0, 314.0)
    assert same_ground(car, (306.0, 236.0, 425.0, 304.0))
    assert same_ground((212.0, 78.0, 298.0, 131.0), (226.0, 80.0, 297.0, 116.0))
    assert not same_ground((82.0, 108.0, 148.0, 147.0), (144.0, 84.0, 213.0, 137.0))
    bus = (100.0, 50.0, 400.0, 250.0)
    assert not same_ground(bus, (110.0, 60.0, 170.0, 100.0))
