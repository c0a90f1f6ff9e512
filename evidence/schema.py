"""The published JSON Schema of the manifest: `python -m evidence.schema FILE` writes it anew."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from evidence.manifest import Manifest


def document() -> str:
    """JSON Schema (draft 2020-12) of a manifest of the present version, as stable, readable JSON."""
    schema = Manifest.model_json_schema(by_alias=True, mode="serialization")
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["properties"]["schema"] = {"const": Manifest.model_fields["schema_version"].default}
    return json.dumps(_portable(schema), indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _portable(value: Any) -> Any:
    """Patterns as ECMA-262 writes them: it has no anchors for the whole text but these two."""
    if isinstance(value, dict):
        return {key: _anchored(entry) if key == "pattern" else _portable(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_portable(entry) for entry in value]
    return value


def _anchored(pattern: Any) -> Any:
    if not isinstance(pattern, str):
        return _portable(pattern)
    return pattern.replace(r"\A", "^").replace(r"\z", "$")


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(document(), encoding="utf-8")
