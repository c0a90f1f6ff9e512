"""The chain of a camera's packages: each names its sequence number and its predecessor's hash. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby, pairwise

from evidence.manifest import ChainPlace, DeclaredGap, Manifest
from evidence.problems import Problem, ProblemCode


@dataclass(frozen=True, slots=True)
class Head:
    """The latest package of a camera."""

    sequence: int
    manifest_sha256: str


@dataclass(frozen=True, slots=True)
class Link:
    """One package's place in its camera's chain; `deleted` tells how it went when only its tombstone is left."""

    camera_id: str
    package_id: str
    manifest_sha256: str
    place: ChainPlace
    deleted: str | None = None

    @property
    def where(self) -> str:
        """How a problem names this link."""
        return f"camera {self.camera_id}, package {self.package_id}, sequence {self.place.sequence}"


def link_of(manifest: Manifest, manifest_sha256: str) -> Link:
    """The link that a manifest makes."""
    return Link(manifest.camera.id, manifest.package_id, manifest_sha256, manifest.chain)


def next_place(head: Head | None, gap: DeclaredGap | None = None) -> ChainPlace:
    """Where the package after `head` stands; a declared gap is jumped over."""
    if head is None:
        return ChainPlace(sequence=1, previous_manifest_sha256=None, declared_gap=None)
    sequence = head.sequence + 1 if gap is None else gap.last + 1
    return ChainPlace(sequence=sequence, previous_manifest_sha256=head.manifest_sha256, declared_gap=gap)


def verify_chains(links: Iterable[Link], *, whole: bool = False, heads: dict[str, Head] | None = None) -> list[Problem]:
    """Check the packages of any number of cameras against each other.

    Between the first and the last given package of a camera nothing may be missing, forked or altered. `whole` also
    demands that each chain starts at its first package; `heads`, by camera, where it must end.
    """
    # A package beside its own tombstone (a deletion that a power cut ended) is one link.
    unique = {(link.manifest_sha256, link.place.sequence): link for link in links}.values()
    by_camera = groupby(sorted(unique, key=_order), key=lambda link: link.camera_id)
    chains = {camera: list(chain) for camera, chain in by_camera}
    problems = [problem for chain in chains.values() for problem in _verify_one(chain)]
    if whole:
        problems += [problem for chain in chains.values() for problem in _check_start(chain[0])]
    for camera, head in (heads or {}).items():
        problems += _check_head(camera, chains.get(camera), head)
    return problems


def _order(link: Link) -> tuple[str, int, str]:
    return link.camera_id, link.place.sequence, link.manifest_sha256


def _verify_one(chain: list[Link]) -> Iterator[Problem]:
    for link in chain:
        yield from check_place(link)
    for before, link in pairwise(chain):
        yield from _check_pair(before, link)
    first_of: dict[str, Link] = {}
    for link in chain:
        first = first_of.setdefault(link.package_id, link)
        if first is not link:
            detail = f"the same package as sequence {first.place.sequence}"
            yield Problem(ProblemCode.CHAIN_DUPLICATE, link.where, detail)


def check_place(link: Link) -> Iterator[Problem]:
    """What a single package's place must satisfy by itself."""
    place = link.place
    if (place.sequence == 1) != (place.previous_manifest_sha256 is None):
        yield Problem(ProblemCode.CHAIN_BROKEN, link.where, "only the first package of a chain has no predecessor")
    gap = place.declared_gap
    if gap is not None and not (1 < gap.first <= gap.last == place.sequence - 1):
        yield Problem(
            ProblemCode.CHAIN_BROKEN, link.where, f"declares a gap {gap.first}..{gap.last} that is not before it"
        )


def _check_pair(before: Link, link: Link) -> Iterator[Problem]:
    if link.place.sequence == before.place.sequence:
        yield Problem(ProblemCode.CHAIN_FORK, link.where, f"the same sequence as package {before.package_id}")
        return
    first_missing, last_missing = before.place.sequence + 1, link.place.sequence - 1
    gap = link.place.declared_gap
    declared = (first_missing, last_missing) if gap is None else (gap.first, gap.last)
    if gap is None and first_missing <= last_missing:
        yield Problem(
            ProblemCode.CHAIN_GAP, link.where, f"sequence {first_missing}..{last_missing} is missing before it"
        )
    elif declared != (first_missing, last_missing):
        yield Problem(ProblemCode.CHAIN_BROKEN, link.where, "declares another gap than there is")
    elif link.place.previous_manifest_sha256 != before.manifest_sha256:
        yield Problem(ProblemCode.CHAIN_BROKEN, link.where, f"its predecessor is not package {before.package_id}")


def _check_start(first: Link) -> Iterator[Problem]:
    if first.place.sequence != 1:
        yield Problem(
            ProblemCode.CHAIN_CUT, first.where, f"sequence 1..{first.place.sequence - 1} is missing before it"
        )


def _check_head(camera: str, chain: list[Link] | None, head: Head) -> Iterator[Problem]:
    last = chain[-1] if chain else None
    if last is None or (last.place.sequence, last.manifest_sha256) != (head.sequence, head.manifest_sha256):
        yield Problem(
            ProblemCode.CHAIN_CUT, f"camera {camera}", f"does not end at sequence {head.sequence} as recorded"
        )
