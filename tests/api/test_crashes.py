"""A service that dies between moving a package and writing it down finishes the work later."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from api.access import SYSTEM, Principal, Role
from api.app import create_app
from api.cases.service import CaseFilter, find
from api.keys.service import register
from api.office import Office, open_office
from api.packages.arrival import accept, recover
from api.settings import ApiSettings
from tests.api.scene import Sealer, key_entry

WORKER = Principal("token:1:edge", "machine", frozenset({Role.WORKER}))
# Takes a package as the service does, but is killed in the moment after the rename, before the rows.
DIE_AFTER_THE_RENAME = """
import os, shutil, signal, sys
from pathlib import Path
import api.packages.arrival as arrival
from api.access import SYSTEM, Principal, Role
from api.office import open_office
from api.settings import ApiSettings

data_dir, url, package_id, upload = sys.argv[1:]
arrival._register = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
office = open_office(ApiSettings(data_dir=data_dir, database_url=url))
with office.store.receiving() as received:
    shutil.copy(upload, received.upload)
    arrival.accept(office, Principal("token:1:edge", "machine", frozenset({Role.WORKER})), package_id, received)
"""


@pytest.fixture
def settings(database_url: str, fast_path: Path) -> ApiSettings:
    made = ApiSettings(data_dir=fast_path / "data", database_url=database_url)
    create_app(made).state.office.close()
    return made


@pytest.fixture
def upload(settings: ApiSettings, sealer: Sealer, fast_path: Path) -> Path:
    """A package of which the service died in the middle."""
    office = open_office(settings)
    entry = key_entry()
    register(office, WORKER, entry.key_id, entry)
    office.close()
    bag = sealer.seal("incident-1")
    path = fast_path / "upload.zip"
    path.write_bytes(bag.zip(fast_path / "scratch"))
    arguments = [str(settings.data_dir), settings.database_url, bag.package_id, str(path)]
    done = subprocess.run([sys.executable, "-c", DIE_AFTER_THE_RENAME, *arguments], check=False, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    return path


def cases(office: Office) -> int:
    return len(find(office, CaseFilter(), SYSTEM))


def test_the_package_lies_in_its_place_but_is_no_case_yet(settings: ApiSettings, upload: Path) -> None:
    office = open_office(settings)
    assert [path for path in office.store.packages.glob("??/*") if path.is_dir()]
    assert cases(office) == 0
    office.close()


def test_the_next_start_makes_the_case(settings: ApiSettings, upload: Path) -> None:
    office: Office = create_app(settings).state.office
    assert cases(office) == 1
    assert not list(office.store.incoming.iterdir())
    assert recover(office) == 0
    office.close()


def test_the_next_push_makes_the_case(settings: ApiSettings, upload: Path, sealer: Sealer) -> None:
    office = open_office(settings)
    package_id = sealer.seal("incident-1").package_id
    with office.store.receiving() as arrival:
        arrival.upload.write_bytes(upload.read_bytes())
        assert accept(office, WORKER, package_id, arrival).created
    assert cases(office) == 1
    office.close()


def test_what_was_left_in_the_place_and_does_not_hold_is_set_aside(
    settings: ApiSettings, upload: Path, sealer: Sealer
) -> None:
    office = open_office(settings)
    package_id = sealer.seal("incident-1").package_id
    (office.store.path(package_id) / "manifest.json").write_bytes(b"{}")
    with office.store.receiving() as arrival:
        arrival.upload.write_bytes(upload.read_bytes())
        assert accept(office, WORKER, package_id, arrival).created
    assert cases(office) == 1
    assert len(list(office.store.quarantine.iterdir())) == 1
    office.close()


def test_an_upload_in_progress_is_not_taken_for_a_dead_one(settings: ApiSettings) -> None:
    office, other = open_office(settings), open_office(settings)
    with office.store.receiving() as arrival:
        arrival.upload.write_bytes(b"half")
        assert recover(other) == 0
        assert arrival.upload.read_bytes() == b"half"
    office.close()
    other.close()
