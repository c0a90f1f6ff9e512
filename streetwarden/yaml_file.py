"""YAML files that people write: read into a pydantic model, or refused with file, line, key and reason."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from streetwarden.errors import UsageError

Location = tuple[str | int, ...]
Model = TypeVar("Model", bound=BaseModel)


class _Constructor(yaml.constructor.SafeConstructor):
    """Leaves days as they were written: a model reads them, and names the line of one that the calendar lacks."""


def _as_written(_constructor: _Constructor, node: yaml.Node) -> str:
    return str(node.value)


_Constructor.add_constructor("tag:yaml.org,2002:timestamp", _as_written)  # type: ignore[type-var] # the stub knows loaders only


def read_yaml(path: Path, model: type[Model], what: str) -> tuple[Model, yaml.Node]:
    """Read and check a file; `what` says in words what it is. Raises UsageError: file, line number, key and reason.

    The node is for further checks: `locate` finds the line of a key in it.
    """
    root = _compose(path, what)
    _refuse_twice_written_keys(path, root)
    try:
        return model.model_validate(_Constructor().construct_document(root)), root
    except yaml.MarkedYAMLError as error:
        raise UsageError(_yaml_problem(path, error)) from None
    except ValidationError as error:
        raise UsageError(_first_problem(path, root, error, what)) from None
    except ValueError as error:
        raise UsageError(f"{path}: not valid YAML: {error}") from None


def _compose(path: Path, what: str) -> yaml.Node:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path}: cannot read the {what}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path}: the {what} is not UTF-8 text") from None
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        raise UsageError(_yaml_problem(path, error)) from None
    except yaml.YAMLError:
        raise UsageError(f"{path}:1: not valid YAML") from None
    if root is None:
        raise UsageError(f"{path}:1: the {what} is empty")
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


def locate(root: yaml.Node, location: Sequence[str | int]) -> tuple[int, str]:
    """Line (from 1) and dotted key of a place. Steps that the file does not have (a union's tag) are passed over."""
    node, line, steps = root, root.start_mark.line + 1, ""
    for step in location:
        for key, bearer, value in _children(node):
            if key == step:
                node, line = value, bearer.start_mark.line + 1
                steps += f"[{step}]" if isinstance(step, int) else f".{step}"
                break
    return line, steps.lstrip(".")


def _first_problem(path: Path, root: yaml.Node, error: ValidationError, what: str) -> str:
    problems = error.errors(include_url=False)
    # A misspelt key makes two problems, one unknown key and one missing; the one that was written has a line.
    problem = next((each for each in problems if each["type"] == "extra_forbidden"), problems[0])
    location: Location = problem["loc"]
    line, key = locate(root, location)
    return f"{path}:{line}: {_with_missing_key(key, problem) or what}: {_reason(problem)}"


def _with_missing_key(key: str, problem: Any) -> str:
    if problem["type"] == "missing":
        return f"{key}.{problem['loc'][-1]}".lstrip(".")
    return key


def _reason(problem: Any) -> str:
    if problem["type"] == "extra_forbidden":
        return "unknown key; check its spelling"
    if problem["type"] == "missing":
        return "this key is missing"
    if problem["loc"] == ("cameras",) and problem["type"] in {"too_short", "tuple_type"}:
        return "the list of cameras is empty; write at least one camera"
    return str(problem["msg"]).removeprefix("Value error, ").replace("\n", " ")
