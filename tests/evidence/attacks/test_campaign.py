"""A few of the campaign's many mutations and honest packages; a release runs them all."""

from __future__ import annotations

from pathlib import Path

from tests.evidence.attacks.campaign import run_honest, run_mutations


def test_no_mutation_of_some_hundred_goes_unseen() -> None:
    done = run_mutations(400, seed=7)
    assert (done.tried, done.unseen) == (400, [])
    assert len(done.codes) >= 5


def test_honest_packages_hold_here_elsewhere_and_by_the_recipe(tmp_path: Path) -> None:
    held = run_honest(12, tmp_path, recipe=True, seed=7)
    assert held == {"packages": 12, "hold_here": 12, "chain_problems": 0, "hold_elsewhere": 12, "hold_by_recipe": 12}
