"""The office's store by the command line and beside the server: the same policy, the machine's own key."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from api.access import SYSTEM
from api.db.migrate import migrate
from api.keys.service import read_registry, register
from api.office import Office, open_office
from api.packages.arrival import accept
from evidence.encoding import to_ns
from evidence.verify import verify_packages
from streetwarden.cli import main
from streetwarden.office_retention import rounds
from streetwarden.serve import api_settings
from streetwarden.settings import Settings
from tests.api.scene import VALID_FROM, SealedBag, Sealer, key_entry

POLICY = "retention: {name: office 2026, office_every_hours: 1, keep_days: {raw: 30}}\n"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "evidence.yaml").write_text(POLICY)
    return Settings(data_dir=tmp_path)


def taken(office: Office) -> SealedBag:
    """A package that came to the office long ago."""
    bag = Sealer().seal("incident-1", sealed_at_ns=to_ns(VALID_FROM) + 1)
    register(office, SYSTEM, key_entry().key_id, key_entry())
    with office.store.receiving() as arrival:
        arrival.upload.write_bytes(bag.zip(arrival.folder))
        accept(office, SYSTEM, bag.package_id, arrival)
    return bag


def test_the_verb_counts_and_the_server_deletes(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    told = api_settings(settings)
    migrate(told.database_url)
    office = open_office(told)
    bag = taken(office)
    place, tombstone = office.store.path(bag.package_id), office.store.tombstone(bag.package_id)
    assert main(["retention", "--office", "--dry-run", "--json", "--data", str(settings.data_dir)]) == 0
    assert json.loads(capsys.readouterr().out)["deleted"] == [bag.package_id]
    assert place.is_dir()
    with rounds(settings, told, first_after_s=0):
        end = time.monotonic() + 60
        while not tombstone.exists() and time.monotonic() < end:
            time.sleep(0.05)
    assert not place.exists()
    found = verify_packages([], read_registry(office), tombstones=[tombstone])
    office.close()
    assert found.ok, found


def test_without_a_policy_the_verb_says_so_and_the_server_does_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["retention", "--office", "--data", str(tmp_path)]) == 2
    assert "no retention policy" in capsys.readouterr().err
    settings = Settings(data_dir=tmp_path)
    with rounds(settings, api_settings(settings), first_after_s=0):
        assert not (tmp_path / "api").exists()
