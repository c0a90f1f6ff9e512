"""`streetwarden retention` and `streetwarden keys`, as a person uses them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evidence.keys import load_registry, open_keys
from evidence.retention import RetentionPolicy, RetentionState
from evidence.store import PackageStore
from streams.clock import SimulatedClock
from streetwarden.cli import main
from streetwarden.retention import with_office
from streetwarden.sealing import open_sealing
from streetwarden.settings import Settings
from tests.evidence import support

POLICY = """\
name: office 2026
minimum_days: 30
keep_days:
  raw: 90
  rejected: 30
  evidence: null
"""


def sealed(data: Path, count: int = 3) -> list[str]:
    """A chain of packages that this machine's own key sealed, half a year ago."""
    clock, store, ids = SimulatedClock(support.SEALED_AT_NS), PackageStore(data / "worker"), []
    signer = open_keys(data / "keys", clock).signer
    for number in range(1, count + 1):
        head = store.head("kerb-1")
        manifest = support.manifest(f"incident-{number}", head, key_id=signer.key_id)
        store.commit(manifest, support.bag(f"incident-{number}", head, signer))
        ids.append(manifest.package_id)
    store.close()
    return ids


def test_retention_deletes_what_is_over_and_the_chain_verifies(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second, third = sealed(tmp_path)
    policy, states = tmp_path / "policy.yaml", tmp_path / "states.yaml"
    policy.write_text(POLICY)
    states.write_text(f"{second}: {{class: evidence}}\n{third}: {{class: rejected, held: true}}\n")
    options = ("retention", "--data", str(tmp_path), "--policy", str(policy), "--states", str(states), "--json")
    assert main([*options, "--dry-run"]) == 0
    assert json.loads(capsys.readouterr().out) == {"deleted": [first], "kept": 2, "held": 1, "dry_run": True}
    packages = tmp_path / "worker" / "packages"
    assert len(list(packages.iterdir())) == 3
    assert main([*options]) == 0
    assert {folder.name for folder in packages.iterdir()} == {second, third}
    stone = tmp_path / "worker" / "tombstones" / f"{first}.json"
    keys = ("--keys", str(tmp_path / "keys" / "registry.json"))
    assert main(["verify", *map(str, packages.iterdir()), str(stone), *keys]) == 0
    assert "deleted on" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (POLICY.replace("raw: 90", "raw: 3"), "at least 30"),
        (POLICY.replace("rejected", "refused"), "policy.yaml:5: keep_days.refused"),
        ("", "empty"),
    ],
)
def test_a_bad_policy_deletes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, words: str
) -> None:
    sealed(tmp_path, 1)
    (tmp_path / "policy.yaml").write_text(text)
    assert main(["retention", "--data", str(tmp_path), "--policy", str(tmp_path / "policy.yaml")]) == 2
    told = capsys.readouterr().err
    assert words in told, told
    assert len(list((tmp_path / "worker" / "packages").iterdir())) == 1


KEPT = RetentionState("raw")
TAKEN = RetentionState("handed_over")


@pytest.mark.parametrize(
    ("own", "office", "names_copies", "expected"),
    [
        (KEPT, None, True, KEPT),
        (TAKEN, None, True, TAKEN),
        (TAKEN, RetentionState("evidence"), True, TAKEN),
        (TAKEN, RetentionState("evidence", held=True), True, RetentionState("handed_over", held=True)),
        (TAKEN, RetentionState("rejected"), False, RetentionState("rejected")),
        (KEPT, RetentionState("raw", held=True), True, RetentionState("raw", held=True)),
    ],
)
def test_the_offices_word_goes_first_but_a_copy_may_go(
    own: RetentionState, office: RetentionState | None, names_copies: bool, expected: RetentionState
) -> None:
    days: dict[str, int | None] = {"handed_over": 7} if names_copies else {"rejected": 30}
    policy = RetentionPolicy.model_validate({"name": "office", "keep_days": days})
    known = {} if office is None else {"one": office}
    assert with_office(lambda _: own, known, policy)("one") == expected


def test_an_office_that_is_away_deletes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sealed(tmp_path, 1)
    (tmp_path / "policy.yaml").write_text(POLICY)
    (tmp_path / "token").write_text("token")
    office = ("--api", "http://127.0.0.1:9", "--token-file", str(tmp_path / "token"))
    options = ("--data", str(tmp_path), "--policy", str(tmp_path / "policy.yaml"), *office)
    assert main(["retention", *options]) == 2
    assert "nothing was deleted" in capsys.readouterr().err
    assert len(list((tmp_path / "worker" / "packages").iterdir())) == 1


def test_without_a_policy_nothing_is_deleted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sealed(tmp_path, 1)
    assert main(["retention", "--data", str(tmp_path)]) == 2
    assert "no retention policy" in capsys.readouterr().err


def test_a_key_is_rotated_revoked_listed_and_published(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = ("--data", str(tmp_path))
    assert main(["keys", "list", *data]) == 2
    assert "makes the key at its first start" in capsys.readouterr().err
    clock = SimulatedClock(support.SEALED_AT_NS)
    old = open_sealing(Settings(data_dir=tmp_path), clock).keys.entry.key_id
    assert main(["keys", "rotate", *data]) == 0
    new = capsys.readouterr().out.split()[0]
    assert new != old
    since = ("--from", "2026-06-01T00:00:00+08:00")
    assert main(["keys", "revoke", old, "--reason", "compromised", *since, *data]) == 0
    assert main(["keys", "publish", str(tmp_path / "published.json"), *data]) == 0
    published = load_registry(tmp_path / "published.json")
    entry = published.get(old)
    assert entry is not None
    assert (entry.revocation_reason, entry.compromised_from is not None) == ("compromised", True)
    capsys.readouterr()
    assert main(["keys", "list", *data]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [new, old]
    assert "compromised at" in lines[1]
    assert "in use" in lines[0]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["none", "--reason", "superseded"], "no key none"),
        (["KEY", "--reason", "superseded", "--from", "2026-06-01T00:00:00Z"], "--from belongs to"),
        (["KEY", "--reason", "compromised", "--from", "2026-06-01"], "time zone"),
        (["KEY", "--reason", "compromised", "--from", "yesterday"], "write a time"),
    ],
)
def test_a_wrong_revocation_changes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], words: str
) -> None:
    key_id = open_sealing(Settings(data_dir=tmp_path), SimulatedClock(support.SEALED_AT_NS)).keys.entry.key_id
    before = (tmp_path / "keys" / "registry.json").read_bytes()
    told = [key_id if option == "KEY" else option for option in options]
    assert main(["keys", "revoke", *told, "--data", str(tmp_path)]) == 2
    assert words in capsys.readouterr().err
    assert (tmp_path / "keys" / "registry.json").read_bytes() == before


def test_a_key_that_is_revoked_is_replaced_at_the_next_start(tmp_path: Path) -> None:
    settings, clock = Settings(data_dir=tmp_path), SimulatedClock(support.SEALED_AT_NS)
    old = open_sealing(settings, clock).keys.entry.key_id
    assert main(["keys", "revoke", old, "--reason", "compromised", "--data", str(tmp_path)]) == 0
    assert open_sealing(settings, clock).keys.entry.key_id != old
