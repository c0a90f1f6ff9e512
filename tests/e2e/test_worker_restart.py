"""A worker that is killed goes on with the stays that it watched: one car is one case."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tests.e2e.office import running_office, simulated, wait_until
from tests.e2e.test_live_cases import CLIP, assert_every_package_is_one_case, camera_yaml

LONGER_THAN_THE_LIMIT_S = 10.0


@pytest.mark.shared_data
def test_cars_that_stand_through_a_kill_of_the_worker_stay_three_cases(shared_data: Path, tmp_path: Path) -> None:
    memory = tmp_path / "worker" / "watch" / "street.json"

    def open_stays() -> int:
        judges = json.loads(memory.read_bytes())["judges"] if memory.exists() else []
        return sum(len(judge["state"].get("stays", ())) for judge in judges)

    with simulated([shared_data / CLIP], tmp_path) as urls, running_office(tmp_path) as office:
        office.configure(camera_yaml({"street": urls[0]}, dwell=4))
        office.start_api()
        office.start_worker()
        wait_until("three packages are sealed", lambda: len(office.sealed()) == 3)
        wait_until("the stays are remembered", lambda: open_stays() >= 3)
        office.kill(office.worker)
        office.start_worker()
        time.sleep(LONGER_THAN_THE_LIMIT_S)
        wait_until("three cases", lambda: len(office.cases()) == 3)
        assert_every_package_is_one_case(office)
