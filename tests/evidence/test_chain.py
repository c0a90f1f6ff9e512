"""A camera's packages hold each other: cuts, forks, swaps and gaps are found."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evidence.chain import Head, Link, next_place, verify_chains
from evidence.manifest import DeclaredGap
from evidence.problems import ProblemCode


def link(number: int, head: Head | None, gap: DeclaredGap | None = None, camera: str = "kerb-1") -> Link:
    return Link(camera, f"package-{number}", f"{number:064x}", next_place(head, gap))


def chain(length: int = 5, camera: str = "kerb-1") -> list[Link]:
    links: list[Link] = []
    for number in range(1, length + 1):
        head = Head(links[-1].place.sequence, links[-1].manifest_sha256) if links else None
        links.append(link(number, head, camera=camera))
    return links


def codes(links: list[Link], *, whole: bool = False, heads: dict[str, Head] | None = None) -> list[ProblemCode]:
    return [problem.code for problem in verify_chains(links, whole=whole, heads=heads)]


def test_whole_chains_of_several_cameras_hold_in_any_order() -> None:
    links = chain(5) + [replace(item, manifest_sha256="f" + item.manifest_sha256[1:]) for item in chain(1, "gate-2")]
    assert codes(links[::-1], whole=True) == []


def test_the_same_package_given_twice_is_no_fork() -> None:
    links = chain(3)
    assert codes([*links, links[1]], whole=True) == []


@pytest.mark.parametrize("missing", [1, 2, 3])
def test_a_cut_in_the_middle_is_a_gap(missing: int) -> None:
    links = chain(5)
    del links[missing]
    assert codes(links) == [ProblemCode.CHAIN_GAP]


def test_a_cut_at_the_head_or_the_tail_is_found_when_the_whole_chain_is_asked_for() -> None:
    links = chain(5)
    assert codes(links[2:]) == []
    assert codes(links[2:], whole=True) == [ProblemCode.CHAIN_CUT]
    head = Head(5, links[-1].manifest_sha256)
    assert codes(links, heads={"kerb-1": head}) == []
    assert codes(links[:-1], heads={"kerb-1": head}) == [ProblemCode.CHAIN_CUT]
    assert codes([], heads={"kerb-1": head}) == [ProblemCode.CHAIN_CUT]


def test_a_sequence_that_was_rolled_back_is_a_fork() -> None:
    links = chain(3)
    again = link(9, Head(1, links[0].manifest_sha256))
    assert ProblemCode.CHAIN_FORK in codes([*links, again])


def test_a_replaced_package_breaks_its_successor() -> None:
    links = chain(3)
    links[1] = replace(links[1], manifest_sha256="e" * 64)
    assert codes(links) == [ProblemCode.CHAIN_BROKEN]


def test_one_package_cannot_stand_in_two_places() -> None:
    links = chain(3)
    links[2] = replace(links[2], package_id=links[0].package_id)
    assert codes(links) == [ProblemCode.CHAIN_DUPLICATE]


def test_a_declared_gap_holds_and_only_as_declared() -> None:
    first, *_ = chain(1)
    gap = DeclaredGap(first=2, last=4, reason="the disk was lost")
    after = link(5, Head(1, first.manifest_sha256), gap)
    assert after.place.sequence == 5
    assert codes([first, after], whole=True) == []
    second = link(2, Head(1, first.manifest_sha256))
    assert ProblemCode.CHAIN_BROKEN in codes([first, second, after])
    lying = replace(after, place=after.place.model_copy(update={"sequence": 7}))
    assert ProblemCode.CHAIN_BROKEN in codes([first, lying])


def test_only_the_first_has_no_predecessor() -> None:
    links = chain(2)
    orphan = replace(links[1], place=links[1].place.model_copy(update={"previous_manifest_sha256": None}))
    assert ProblemCode.CHAIN_BROKEN in codes([links[0], orphan])
