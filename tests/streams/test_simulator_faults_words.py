"""The words in which faults are ordered, and when each comes."""

from __future__ import annotations

from itertools import islice

import pytest

from streams.errors import SimulatorError
from streams.simulator import Fault, FaultKind, FaultPlan
from streams.simulator.schedule import windows_until


@pytest.mark.parametrize("kind", list(FaultKind))
def test_every_kind_is_understood_bare(kind: FaultKind) -> None:
    assert FaultPlan.parse(kind.value).fault == Fault(kind)
    assert Fault.parse(str(Fault(kind))) == Fault(kind)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("loss=1%", Fault(FaultKind.LOSS, 0.01)),
        ("loss=0.25", Fault(FaultKind.LOSS, 0.25)),
        ("clock=+3s", Fault(FaultKind.CLOCK, 3.0)),
        ("clock=-2m", Fault(FaultKind.CLOCK, -120.0)),
        ("jitter=500ms", Fault(FaultKind.JITTER, 0.5)),
        ("resolution=704x576", Fault(FaultKind.RESOLUTION, size_wh=(704, 576))),
        ("slow=20%", Fault(FaultKind.SLOW, 0.2)),
    ],
)
def test_values(text: str, fault: Fault) -> None:
    assert Fault.parse(text) == fault
    assert Fault.parse(str(fault)) == fault


def test_cameras_and_times() -> None:
    plan = FaultPlan.parse("cut@cam-3+cam-1*:every=30s,for=5s,after=1m")
    assert (plan.every_s, plan.for_s, plan.after_s) == (30.0, 5.0, 60.0)
    assert [name for name in ("cam-1", "cam-3", "cam-4", "cam-12") if plan.concerns(name)] == [
        "cam-1",
        "cam-3",
        "cam-12",
    ]
    assert list(islice(plan.windows(), 2)) == [(60.0, 65.0), (90.0, 95.0)]


@pytest.mark.parametrize(
    "text",
    [
        "flood", "loss=much", "loss=200%", "black=3", "resolution=big", "cut@", "cut@a++b", "cut:every=0", "cut:when=3",
        "cut:every=5s,for=5s", "cut:for=soon", "cut:for=1s,for=2s", "jitter=90s", "resolution=8x8", "", "moved=100%",
    ],
)  # fmt: skip
def test_what_is_not_understood_is_one_line(text: str) -> None:
    with pytest.raises(SimulatorError) as caught:
        FaultPlan.parse(text)
    assert "\n" not in str(caught.value)
    assert "fault" in str(caught.value)


def test_conditions_hold_and_events_come_back() -> None:
    assert list(FaultPlan.parse("clock=+3s").windows()) == [(0.0, None)]
    assert list(FaultPlan.parse("cut:for=4s,after=2s").windows()) == [(2.0, 6.0)]
    assert next(FaultPlan.parse("black").windows()) == (60.0, 70.0)
    assert next(FaultPlan.parse("loss:every=8s").windows()) == (8.0, 12.0)


def test_cameras_take_turns() -> None:
    plan = FaultPlan.parse("cut@a+b+c:every=30s,for=5s")
    found = [(camera, begin_s) for camera, _, begin_s, _ in windows_until([plan], ["a", "b", "c", "d"], 0, 45)]
    assert found == [("a", 10.0), ("b", 20.0), ("c", 30.0), ("a", 40.0)]
    assert windows_until([plan], ["a", "b", "c"], 20, 20.5)[0][:1] == ("b",)
