"""The cameras FILE: YAML that is refused with file, line, key and reason, or becomes typed cameras."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from detector.calendar import ZoneName
from detector.rules.base import RuleConfig
from detector.zones import Zone
from streetwarden.errors import UsageError

Location = tuple[str | int, ...]


class CameraConfig(BaseModel):
    """One camera with its zones, as the YAML file and the API's worker configuration both write it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$", description="Unique; letters, digits, . _ -")
    url: str = Field(min_length=1, description="rtsp(s)://, http(s):// or the path of a clip")
    name: str = ""
    device_number: str | None = None
    transport: Literal["tcp", "udp"] = "tcp"
    timezone: ZoneName = "Asia/Shanghai"
    zones: tuple[Zone, ...] = ()

    @property
    def local_zones(self) -> tuple[Zone, ...]:
        """The zones, with the camera's time zone in every schedule that names none of its own."""
        return tuple(
            zone.model_copy(update={"rules": tuple(self._local(rule) for rule in zone.rules)}) for zone in self.zones
        )

    def _local(self, rule: RuleConfig) -> RuleConfig:
        if "timezone" in rule.schedule.model_fields_set:
            return rule
        schedule = rule.schedule.model_copy(update={"timezone": self.timezone})
        return rule.model_copy(update={"schedule": schedule})


class CamerasFile(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cameras: tuple[CameraConfig, ...] = Field(min_length=1)


def load_cameras(path: Path) -> tuple[CameraConfig, ...]:
    """Read and check a cameras file. Raises UsageError: one line with file, line number, key and reason."""
    root = _compose(path)
    _refuse_twice_written_keys(path, root)
    try:
        data = yaml.constructor.SafeConstructor().construct_document(root)
        cameras = CamerasFile.model_validate(data).cameras
    except yaml.MarkedYAMLError as error:
        raise UsageError(_yaml_problem(path, error)) from None
    except ValidationError as error:
        raise UsageError(_first_problem(path, root, error)) from None
    _refuse_duplicate_ids(path, root, cameras)
    return cameras


def _compose(path: Path) -> yaml.Node:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path}: cannot read the cameras file: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path}: the cameras file is not UTF-8 text") from None
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        raise UsageError(_yaml_problem(path, error)) from None
    except yaml.YAMLError:
        raise UsageError(f"{path}:1: not valid YAML") from None
    if root is None:
        raise UsageError(f"{path}:1: the file is empty; it needs `cameras:` with at least one camera")
    return root


def _yaml_problem(path: Path, error: yaml.MarkedYAMLError) -> str:
    line = error.problem_mark.line + 1 if error.problem_mark else 1
    return f"{path}:{line}: not valid YAML: {error.problem}"


def _children(node: yaml.Node) -> Iterator[tuple[str | int, yaml.Node, yaml.Node]]:
    """Key, the node that bears the line, and the value of every child."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield str(key.value), key, value
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield index, value, value


def _refuse_twice_written_keys(path: Path, node: yaml.Node) -> None:
    seen: set[str | int] = set()
    for key, bearer, value in _children(node):
        if key in seen:
            raise UsageError(f"{path}:{bearer.start_mark.line + 1}: {key}: the key stands twice")
        seen.add(key)
        _refuse_twice_written_keys(path, value)


def _locate(root: yaml.Node, location: Sequence[str | int]) -> tuple[int, str]:
    """Line (from 1) and dotted key of a place. Steps that the file does not have (a union's tag) are passed over."""
    node, line, steps = root, root.start_mark.line + 1, ""
    for step in location:
        for key, bearer, value in _children(node):
            if key == step:
                node, line = value, bearer.start_mark.line + 1
                steps += f"[{step}]" if isinstance(step, int) else f".{step}"
                break
    return line, steps.lstrip(".")


def _first_problem(path: Path, root: yaml.Node, error: ValidationError) -> str:
    problems = error.errors(include_url=False)
    # A misspelt key makes two problems, one unknown key and one missing; the one that was written has a line.
    problem = next((each for each in problems if each["type"] == "extra_forbidden"), problems[0])
    location: Location = problem["loc"]
    line, key = _locate(root, location)
    return f"{path}:{line}: {_with_missing_key(key, problem)}: {_reason(problem)}"


def _with_missing_key(key: str, problem: Any) -> str:
    if problem["type"] == "missing":
        return f"{key}.{problem['loc'][-1]}".lstrip(".")
    return key or "cameras"


def _reason(problem: Any) -> str:
    if problem["type"] == "extra_forbidden":
        return "unknown key; check its spelling"
    if problem["type"] == "missing":
        return "this key is missing"
    if problem["loc"] == ("cameras",) and problem["type"] in {"too_short", "tuple_type"}:
        return "the list of cameras is empty; write at least one camera"
    return str(problem["msg"]).removeprefix("Value error, ").replace("\n", " ")


def _refuse_duplicate_ids(path: Path, root: yaml.Node, cameras: Sequence[CameraConfig]) -> None:
    seen: set[str] = set()
    for index, camera in enumerate(cameras):
        if camera.id in seen:
            line, key = _locate(root, ("cameras", index, "id"))
            raise UsageError(f"{path}:{line}: {key}: the id '{camera.id}' stands twice; ids are unique")
        seen.add(camera.id)
        _refuse_duplicate_zone_ids(path, root, index, camera)


def _refuse_duplicate_zone_ids(path: Path, root: yaml.Node, camera_index: int, camera: CameraConfig) -> None:
    seen: set[str] = set()
    for index, zone in enumerate(camera.zones):
        if zone.id in seen:
            line, key = _locate(root, ("cameras", camera_index, "zones", index, "id"))
            raise UsageError(f"{path}:{line}: {key}: the id '{zone.id}' stands twice in this camera")
        seen.add(zone.id)
