"""The scenarios of each kind, in one table."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from datasets.scenarios import garbage, parking, trucks, vending
from datasets.scenarios.script import Scenario

SCENARIOS: Mapping[str, Callable[[int], Scenario]] = {
    parking.KIND: parking.make,
    vending.KIND: vending.make,
    garbage.KIND: garbage.make,
    trucks.KIND: trucks.make,
}
