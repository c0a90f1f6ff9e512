"""The outbox: sealed packages and incident states, pushed until the case service has them.

Its state is the folders themselves, so a process may die at any moment. A package waits as long as it lies in
`packages/` without a receipt in `outbox/sent/` or a refusal in `outbox/rejected/`; an incident's state and a late time
stamp wait as files in `outbox/waiting/`. Everything is pushed by idempotent requests: what was taken but not noted as
taken is pushed again, and changes nothing.
"""

from __future__ import annotations

import json
import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Protocol

from detector.incident import Incident
from evidence.discovery import NewFiles, NewPackages
from evidence.disk import Disk, replace_file
from evidence.errors import ServiceRefused, ServiceUnreachable
from evidence.layout import Layout, file_name_of
from evidence.manifest import package_id_for
from evidence.signing import KeyEntry
from streams.clock import Clock

log = logging.getLogger(__name__)

_SECOND_NS: Final = 1_000_000_000
# The content will not get better by sending it again.
_LASTING: Final = frozenset({400, 409, 413, 415, 422})
# The service as a whole cannot or will not talk to us now: the other items would hear the same.
_FOR_ALL: Final = frozenset({401, 403, 404, 405, 429, 502, 503, 504})
_MOST_UNSAVED: Final = 10_000
# An older service has no place for time stamps: that is about this item, not about the service.
_NO_SUCH_PLACE: Final = frozenset({404, 405})
_RANK: Final = {"confirmed": 1, "package": 2, "ended": 3, "timestamp": 4}


class CaseService(Protocol):
    """What the outbox pushes to; see `evidence.client.CaseClient`."""

    def put_package(self, package_id: str, folder: Path) -> dict[str, Any]:
        """Push a sealed bag."""
        ...

    def put_timestamp(self, package_id: str, data: bytes) -> None:
        """Push a package's time stamp."""
        ...

    def put_incident(self, incident_id: str, body: Mapping[str, Any]) -> None:
        """Push an incident's state."""
        ...

    def put_key(self, entry: KeyEntry) -> None:
        """Register the public key that packages are signed with."""
        ...


@dataclass(frozen=True, slots=True)
class OutboxSettings:
    """Waits after failures grow from `first_wait_s` to `longest_wait_s`; every `look_s` it looks for what is new.

    A package that waits for its time stamp is held back for `patience_s` at most, then goes without.
    """

    first_wait_s: float = 0.5
    longest_wait_s: float = 15.0
    look_s: float = 1.0
    patience_s: float = 10.0


@dataclass(frozen=True, slots=True)
class OutboxStatus:
    """What waits, what was taken or refused (in all), and the latest trouble."""

    waiting: int
    sent: int
    rejected: int
    failures: int
    last_error: str | None


@dataclass(frozen=True, slots=True)
class _Item:
    """One thing to push. `group` is the package id of its incident: items of a group go in the order of `rank`.

    `written_ns`: when its file or folder was written, on the wall clock; `seen_ns`: when it was found, monotonic.
    """

    group: str
    rank: int
    name: str
    path: Path
    written_ns: int
    seen_ns: int

    @property
    def is_package(self) -> bool:
        return self.rank == _RANK["package"]


@dataclass(slots=True)
class _Backoff:
    """When something may be tried again; waits double and are spread, so that many workers do not return at once."""

    failures: int = 0
    not_before_ns: int = 0

    def fail(self, now_ns: int, settings: OutboxSettings, spread: random.Random) -> None:
        longest = min(settings.longest_wait_s, settings.first_wait_s * 2 ** min(self.failures, 20))
        self.failures += 1
        self.not_before_ns = now_ns + round(longest * spread.uniform(0.5, 1.0) * _SECOND_NS)


class Outbox:
    """Pushes everything below `root` to the case service, from its own thread after `start`.

    With `key`, that public key is registered before the first package goes: a service refuses packages of a key that
    it does not know. `awaits_stamp` tells of a package id whether a time stamp is still asked for it.
    `put_incident`, `put_timestamp`, `wake` and `status` may be called from any thread.
    """

    def __init__(
        self,
        root: Path,
        service: CaseService,
        clock: Clock,
        *,
        key: KeyEntry | None = None,
        awaits_stamp: Callable[[str], bool] | None = None,
        settings: OutboxSettings | None = None,
        spread: random.Random | None = None,
        disk: Disk | None = None,
    ) -> None:
        self._layout = Layout(root)
        self._service = service
        self._clock = clock
        self._key = key
        self._ended: list[KeyEntry] = []
        self._awaits_stamp = awaits_stamp
        self._settings = settings or OutboxSettings()
        self._spread = spread or random.Random()  # noqa: S311 - it spreads waits, it guards nothing
        self._disk = disk or Disk()
        for folder in (self._layout.packages, self._layout.waiting, self._layout.sent, self._layout.rejected):
            self._disk.make_folder(folder)
        self._sent = {path.name for path in self._layout.sent.glob("*.json")}
        self._rejected = {path.name for path in self._layout.rejected.glob("*.json")}
        self._new_packages = NewPackages(self._layout, clock)
        self._new_files = NewFiles(self._layout.waiting)
        self._waiting: dict[str, _Item] = {}
        self._looking = threading.RLock()
        self._unsaved: deque[tuple[str, bytes]] = deque(maxlen=_MOST_UNSAVED)
        self._saving = threading.Lock()
        self._disk_backoff = _Backoff()
        self._service_backoff = _Backoff()
        self._backoffs: dict[str, _Backoff] = {}
        self._failures = 0
        self._last_error: str | None = None
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def put_incident(self, incident: Incident) -> None:
        """Write down a confirmed incident's new state, to be pushed; unconfirmed ones and known states are let be."""
        if incident.confirmed_at_ns is None:
            return
        state = incident.state.value
        name = f"incident-{file_name_of(incident.incident_id)}.{_RANK[state]}-{state}.json"
        if name in self._sent or name in self._rejected or (self._layout.waiting / name).exists():
            return
        value = {"incident_id": incident.incident_id, "body": incident_body(incident)}
        self._unsaved.append((name, _json_bytes(value)))
        self._save()
        self._wake.set()

    def tell_ended(self, keys: Sequence[KeyEntry]) -> None:
        """Tell the service of keys that ended, before anything else; to be called before `start`."""
        self._ended = list(keys)

    def put_timestamp(self, package_id: str, data: bytes) -> None:
        """Write down a package's time stamp, to be pushed after it. Raises OSError when the disk fails."""
        name = f"timestamp-{package_id}.json"
        if name in self._sent or name in self._rejected:
            return
        value = {"package_id": package_id, "timestamp": data.decode()}
        replace_file(self._disk, self._layout.waiting / name, _json_bytes(value))
        self._wake.set()

    def _save(self) -> None:
        """Write down what came; what a full disk refuses is tried again at the next look."""
        with self._saving:
            while self._unsaved:
                name, data = self._unsaved[0]
                try:
                    replace_file(self._disk, self._layout.waiting / name, data)
                except OSError as error:
                    self._note_failure(self._disk_backoff, f"{self._layout.waiting / name}: {error.strerror or error}")
                    return
                self._unsaved.popleft()
                self._disk_backoff = _Backoff()

    def wake(self) -> None:
        """Look now: a package was sealed."""
        self._wake.set()

    @property
    def status(self) -> OutboxStatus:
        """Counts over the folder's whole life, but for `failures`, which counts since the start."""
        self._look()
        return OutboxStatus(
            waiting=len(self._waiting) + len(self._unsaved),
            sent=len(self._sent),
            rejected=len(self._rejected),
            failures=self._failures,
            last_error=self._last_error,
        )

    def start(self) -> None:
        """Push from a thread until `stop`."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float = 5.0, drain_s: float = 0.0) -> bool:
        """End the thread; with `drain_s`, give what waits that long to go out. True when nothing waits."""
        deadline = time.monotonic() + drain_s
        self._wake.set()
        while time.monotonic() < deadline and self._thread is not None and self.status.waiting:
            time.sleep(0.05)
        self._stopping.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout_s)
            self._thread = None
        return self.status.waiting == 0

    def requeue_rejected(self) -> int:
        """Let everything that was refused be pushed once more (the cause is mended); how many."""
        names = sorted(self._rejected)
        for name in names:
            path = self._layout.rejected / name
            if not name.startswith("package-"):
                value = json.loads(path.read_bytes())["sent"]
                replace_file(self._disk, self._layout.waiting / name, _json_bytes(value))
            self._disk.remove(path)
            self._rejected.discard(name)
            self._take_again(name)
        self._wake.set()
        return len(names)

    def step(self) -> None:
        """Push once everything that is due. Never raises for what the service or the disk does."""
        self._save()
        if self._clock.monotonic_ns() < self._service_backoff.not_before_ns:
            return
        blocked: set[str] = set()
        try:
            self._tell_ended_keys()
            self._register_key()
            for item in self._items():
                if self._stopping.is_set():
                    return
                if item.group in blocked or not self._push(item):
                    blocked.add(item.group)
        except _ServiceAway as away:
            self._note_failure(self._service_backoff, str(away))

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                self.step()
            except Exception:
                log.exception("the outbox broke down and goes on")
            self._wake.wait(self._settings.look_s)

    def _register_key(self) -> None:
        if self._key is None:
            return
        try:
            self._service.put_key(self._key)
        except (ServiceUnreachable, ServiceRefused) as error:
            raise _ServiceAway(f"key {self._key.key_id} is not registered: {error}") from error
        self._key = None

    def _tell_ended_keys(self) -> None:
        """One that the service has never seen, or that another machine registered, is nothing to wait for."""
        while self._ended:
            entry = self._ended[0]
            try:
                self._service.put_key(entry)
            except ServiceUnreachable as error:
                raise _ServiceAway(f"the end of key {entry.key_id} is not told: {error}") from error
            except ServiceRefused as error:
                if error.status in _FOR_ALL:
                    raise _ServiceAway(f"the end of key {entry.key_id} is not told: {error}") from error
                log.info("outbox: the end of key %s is not wanted: %s", entry.key_id, error)
            self._ended.pop(0)

    def _items(self) -> list[_Item]:
        """What waits, oldest incident first; one that failed comes after those that did not, or it could block them."""
        self._look()
        with self._looking:
            items = list(self._waiting.values())
        oldest: dict[str, int] = {}
        failures: dict[str, int] = {}
        for item in items:
            backoff = self._backoffs.get(item.name)
            failures[item.group] = max(backoff.failures if backoff else 0, failures.get(item.group, 0))
            oldest[item.group] = min(item.written_ns, oldest.get(item.group, 2**63))
        return sorted(
            items, key=lambda item: (failures[item.group], oldest[item.group], item.group, item.rank, item.name)
        )

    def _look(self) -> None:
        """Take in what came into the folders since the last time."""
        with self._looking:
            for folder in self._new_packages.take():
                self._add_package(folder)
            for path in self._new_files.take():
                self._add_file(path)

    def _add_package(self, folder: Path) -> None:
        name = f"package-{folder.name}.json"
        if name not in self._sent and name not in self._rejected:
            self._add(_Item(folder.name, _RANK["package"], name, folder, _written_ns(folder), self._now_ns()))

    def _add_file(self, path: Path) -> None:
        """A waiting state or time stamp; temporary files have other names."""
        kind = path.name.partition("-")[0]
        if kind not in ("incident", "timestamp") or path.suffix != ".json":
            return
        try:
            value = json.loads(path.read_bytes())
            group = value["package_id"] if kind == "timestamp" else package_id_for(value["incident_id"])
        except FileNotFoundError:
            return  # pushed meanwhile
        except (OSError, ValueError, KeyError, TypeError) as error:
            self._note_failure(self._backoffs.setdefault(path.name, _Backoff()), f"{path}: unreadable: {error}")
            self._new_files.forget(path.name)
            return
        rank = _RANK["timestamp"] if kind == "timestamp" else int(path.name.split(".")[-2][0])
        self._add(_Item(group, rank, path.name, path, _written_ns(path), self._now_ns()))

    def _add(self, item: _Item) -> None:
        self._waiting[item.name] = item

    def _done_with(self, item: _Item) -> None:
        with self._looking:
            self._waiting.pop(item.name, None)
            self._backoffs.pop(item.name, None)

    def _take_again(self, name: str) -> None:
        with self._looking:
            if name.startswith("package-"):
                self._add_package(self._layout.package(name.removeprefix("package-").removesuffix(".json")))
            else:
                self._new_files.forget(name)

    def _now_ns(self) -> int:
        return self._clock.monotonic_ns()

    def _is_held_back(self, item: _Item) -> bool:
        """A package without its time stamp waits for it, but not for long."""
        if not item.is_package or self._awaits_stamp is None or not self._awaits_stamp(item.group):
            return False
        return self._now_ns() < item.seen_ns + round(self._settings.patience_s * _SECOND_NS)

    def _push(self, item: _Item) -> bool:
        """Push one item if it is due; False when the later ones of its incident have to wait."""
        backoff = self._backoffs.setdefault(item.name, _Backoff())
        if self._now_ns() < backoff.not_before_ns or self._is_held_back(item):
            return False
        if not item.path.exists():
            self._done_with(item)  # deleted by retention meanwhile, or pushed
            return True
        try:
            answer = self._send(item)
            self._settle(item, answer)
        except ServiceUnreachable as error:
            backoff.failures += 1
            raise _ServiceAway(str(error)) from error
        except ServiceRefused as error:
            return self._refused(item, backoff, error)
        except OSError as error:
            self._note_failure(backoff, f"{item.path}: {error.strerror or error}")
            return False
        self._service_backoff = _Backoff()
        return True

    def _send(self, item: _Item) -> dict[str, Any]:
        if item.is_package:
            return self._service.put_package(item.group, item.path)
        value = json.loads(item.path.read_bytes())
        if item.rank == _RANK["timestamp"]:
            self._service.put_timestamp(value["package_id"], value["timestamp"].encode())
            return {}
        self._service.put_incident(value["incident_id"], value["body"])
        return {}

    def _settle(self, item: _Item, answer: dict[str, Any]) -> None:
        """Note that the service has it: a receipt for a package, the file itself for an incident's state."""
        if item.is_package:
            receipt = {"package_id": item.group, "taken_at": self._now(), "answer": answer}
            replace_file(self._disk, self._layout.sent / item.name, _json_bytes(receipt))
        else:
            self._disk.rename(item.path, self._layout.sent / item.name)
            self._disk.sync_folder(self._layout.sent)
        self._sent.add(item.name)
        self._done_with(item)

    def _refused(self, item: _Item, backoff: _Backoff, error: ServiceRefused) -> bool:
        about_item = item.rank == _RANK["timestamp"] and error.status in _NO_SUCH_PLACE
        if error.status in _FOR_ALL and not about_item:
            backoff.failures += 1
            raise _ServiceAway(str(error)) from error
        if error.status not in _LASTING:
            self._note_failure(backoff, f"{item.name}: {error}")
            return False
        self._reject(item, error)
        return True

    def _reject(self, item: _Item, error: ServiceRefused) -> None:
        """Set it aside with the reason; the package itself stays where it lies."""
        log.error("outbox: %s is refused for good: %s", item.name, error)
        refusal: dict[str, Any] = {"status": error.status, "reason": error.detail, "refused_at": self._now()}
        if not item.is_package:
            refusal["sent"] = json.loads(item.path.read_bytes())
        replace_file(self._disk, self._layout.rejected / item.name, _json_bytes(refusal))
        if not item.is_package:
            self._disk.remove(item.path)
        self._rejected.add(item.name)
        self._done_with(item)
        self._last_error = str(error)

    def _note_failure(self, backoff: _Backoff, why: str) -> None:
        backoff.fail(self._clock.monotonic_ns(), self._settings, self._spread)
        self._failures += 1
        self._last_error = why
        if backoff.failures == 1:
            log.warning("outbox: %s; it is tried again until it works", why)

    def _now(self) -> str:
        return rfc3339(self._clock.wall_ns()) or ""


class _ServiceAway(Exception):
    """Nothing can be pushed now."""


def incident_body(incident: Incident) -> dict[str, Any]:
    """An incident's state as the case service reads it."""
    return {
        "camera_id": incident.camera_id,
        "zone_id": incident.zone_id,
        "zone_version": incident.zone_version,
        "kind": incident.kind,
        "state": incident.state.value,
        "started_at": rfc3339(incident.started_at_ns),
        "confirmed_at": rfc3339(incident.confirmed_at_ns),
        "ended_at": rfc3339(incident.ended_at_ns),
        "score": float(incident.score),
        "box_xyxy": [float(side) for side in incident.box_xyxy],
        "frame_size_wh": list(incident.frame_size_wh),
        "reasons": list(incident.reasons),
    }


def rfc3339(at_ns: int | None) -> str | None:
    """UTC nanoseconds since the epoch as text with microseconds; None stays None."""
    if at_ns is None:
        return None
    seconds, rest_ns = divmod(at_ns, _SECOND_NS)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest_ns // 1000:06d}Z"


def _json_bytes(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode() + b"\n"


def _written_ns(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0
