"""The verbs of `streetwarden models`: list, fetch, export, quantize, merge, train, evaluate, shadow-report.

`add_parsers` hangs them on the composition root's parser; each sets `run`, a function of the parsed arguments that
returns the exit code. What goes wrong is raised as one of the rooms' errors, and printed by `run_alone` or the root.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from models.catalogue import DEFAULT_MODEL, Card, Catalogue, default_catalogue, default_download_folder
from models.errors import ModelsError

BAD_INPUT = 2


def add_parsers(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add every verb to `streetwarden models`."""
    _add_list(subparsers)
    _add_fetch(subparsers)
    _add_export(subparsers)
    _add_quantize(subparsers)
    _add_merge(subparsers)
    _add_train(subparsers)
    _add_evaluate(subparsers)
    _add_shadow_report(subparsers)


def run_alone(verb: str, arguments: Sequence[str] | None = None) -> int:
    """One verb without the root of the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog=f"models {verb}")
    add_parsers(parser.add_subparsers(required=True))
    given = list(sys.argv[1:] if arguments is None else arguments)
    parsed = parser.parse_args([verb, *given])
    try:
        return int(parsed.run(parsed))
    except Exception as problem:
        if not _is_one_line(problem):
            raise
        print(f"streetwarden: {problem}", file=sys.stderr)  # noqa: T201  # a command's output
        return BAD_INPUT


def _is_one_line(problem: Exception) -> bool:
    from detector.errors import DetectorError  # noqa: PLC0415  # `models list` needs no detector

    return isinstance(problem, ModelsError | DetectorError)


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201  # a command's output


def _add_list(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser("list", help="the models of the catalogue, and whether their weights are here")
    parser.add_argument("--json", action="store_true", help="the cards as JSON")
    parser.set_defaults(run=_list)


def _list(arguments: argparse.Namespace) -> int:
    catalogue = default_catalogue()
    cards = catalogue.cards()
    if arguments.json:
        rows = [{**card.model_dump(mode="json"), "weights": _state(catalogue, card)} for card in cards]
        _say(json.dumps(rows, indent=2, ensure_ascii=False))
        return 0
    for card in cards:
        size = f"{card.input.width}x{card.input.height}"
        _say(f"{card.name:<16} {card.precision:<8} {size:<9} {card.bytes / 1e6:5.1f} MB  {_state(catalogue, card)}")
        _say(f"{'':<16} {card.architecture}; {card.licence}; {', '.join(card.classes)}")
    return 0


def _state(catalogue: Catalogue, card: Card) -> str:
    try:
        catalogue.weights(card.name)
    except ModelsError as problem:
        return str(problem)
    return "ready"


def _add_fetch(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser("fetch", help="download a model's weights, resumed and checked")
    parser.add_argument("name", help="a model of the catalogue")
    parser.add_argument("--into", type=Path, help="folder (default: the user's cache)")
    parser.add_argument("--mirror", help="address of a mirror (also STREETWARDEN_MODELS_MIRROR)")
    parser.set_defaults(run=_fetch)


def _fetch(arguments: argparse.Namespace) -> int:
    from models.fetch import Download, fetch  # noqa: PLC0415  # the other verbs need no network

    catalogue = default_catalogue()
    card = catalogue.card(arguments.name)
    if arguments.into is None and _state(catalogue, card) == "ready":
        _say(f"{card.name}: already here: {catalogue.weights(card.name)}")
        return 0
    folder = arguments.into or default_download_folder()
    _say(f"{card.name}: {fetch(Download.of(card, arguments.mirror), folder / card.file)}")
    return 0


def _add_export(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser("export", help="an Ultralytics .pt as ONNX, checked against torch (extra `train`)")
    parser.add_argument("checkpoint", type=Path, help="a .pt file; it is a pickle, so only one you trust")
    parser.add_argument("target", type=Path, help="the .onnx file to write")
    parser.add_argument("--image-size", type=int, default=640, help="side of the input in pixels (default 640)")
    parser.add_argument("--dynamic", choices=("batch", "all", "none"), default="all", help="which axes stay free")
    parser.add_argument("--opset", type=int, default=18, help="ONNX operator set (default 18)")
    parser.set_defaults(run=_export)


def _export(arguments: argparse.Namespace) -> int:
    from models.export import ExportOptions, export_checkpoint  # noqa: PLC0415  # extra `train`

    options = ExportOptions(arguments.image_size, arguments.dynamic, arguments.opset)
    parity = export_checkpoint(arguments.checkpoint, arguments.target, options)
    _say(f"{arguments.target}: parity with torch: {parity.box_px:.4f} px, {parity.score:.6f} score")
    return 0


def _add_quantize(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser("quantize", help="a float ONNX detector as static int8 (extra `train`)")
    parser.add_argument("model", help="a model of the catalogue, or an .onnx file")
    parser.add_argument("target", type=Path, help="the .onnx file to write")
    parser.add_argument(
        "--pictures",
        type=Path,
        action="append",
        required=True,
        metavar="FOLDER",
        help="pictures of the site, to calibrate on; may be given several times",
    )
    parser.add_argument("--limit", type=int, default=128, help="use at most so many pictures (default 128)")
    parser.set_defaults(run=_quantize)


def _quantize(arguments: argparse.Namespace) -> int:
    from models.quantize import quantize, write_int8_card  # noqa: PLC0415  # extra `train`

    catalogue = default_catalogue()
    source = catalogue.resolve(arguments.model)
    fused = quantize(source, arguments.target, arguments.pictures, limit=arguments.limit)
    before, after = source.stat().st_size, arguments.target.stat().st_size
    _say(f"{arguments.target}: {after / 1e6:.1f} MB (float: {before / 1e6:.1f} MB)")
    _say(f"{fused.in_int8} of {fused.convolutions} convolutions in int8; measure it with `models evaluate`")
    for card in (card for card in catalogue.cards() if card.name == arguments.model):
        _say(f"{write_int8_card(card, arguments.target, arguments.pictures)}: its card, without figures yet")
    return 0


def _add_merge(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser("merge", help="two models with the same frozen layers as one (extra `train`)")
    parser.add_argument("first", help="keeps its classes: a model of the catalogue, or an .onnx file")
    parser.add_argument("second", help="gives the classes that the first lacks; the same")
    parser.add_argument("target", type=Path, help="the .onnx file to write")
    parser.set_defaults(run=_merge)


def _merge(arguments: argparse.Namespace) -> int:
    from models.merge import merge  # noqa: PLC0415  # extra `train`

    catalogue = default_catalogue()
    first, second = catalogue.resolve(arguments.first), catalogue.resolve(arguments.second)
    merged = merge(first, second, arguments.target)
    size = arguments.target.stat().st_size / 1e6
    _say(f"{arguments.target}: {size:.1f} MB; {merged.shared} of {merged.nodes} nodes are shared")
    return 0


def _add_train(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser("train", help="make a recipe's weights; run again to go on (extra `train`)")
    parser.add_argument("recipe", type=Path, help="YAML: sets of pictures and how to fit; see models/recipes/")
    parser.add_argument("--start", type=Path, required=True, help="COCO weights of YOLO11n, or a checkpoint (.pt)")
    parser.add_argument("--keep", type=Path, help="weights to agree with on COCO's classes (fit.retain)")
    parser.add_argument("--teacher", type=Path, action="append", default=[], help="a COCO detector (ONNX); give two")
    parser.add_argument("--where", action="append", default=[], metavar="NAME=FOLDER", help="a place the recipe names")
    parser.add_argument("--out", type=Path, required=True, help="folder for the data set, checkpoints and export")
    parser.add_argument("--threads", type=int, default=2, help="threads of torch and of the teachers (default 2)")
    parser.add_argument("--hours", type=float, help="end fitting after so long, with what it has by then")
    parser.add_argument("--device", default="auto", help="auto (a GPU when there is one), cpu, 0, ...")
    parser.set_defaults(run=_train)


def _train(arguments: argparse.Namespace) -> int:
    from models.recipe import read_recipe  # noqa: PLC0415  # the other verbs need no recipe
    from models.train import Workshop, train  # noqa: PLC0415  # extra `train`

    shop = Workshop(
        start=arguments.start,
        teachers=tuple(arguments.teacher),
        places=places_of(arguments.where),
        out=arguments.out,
        threads=arguments.threads,
        device=arguments.device,
        keep=arguments.keep,
        hours=arguments.hours,
    )
    train(read_recipe(arguments.recipe), shop, _say)
    return 0


def places_of(entries: Sequence[str]) -> dict[str, Path]:
    """Folders by name, from entries NAME=FOLDER. Raises ModelsError."""
    places = {}
    for entry in entries:
        name, separator, folder = entry.partition("=")
        if not separator or not name or not folder:
            raise ModelsError(f"--where {entry}: expected NAME=FOLDER")
        places[name] = Path(folder)
    return places


def _add_evaluate(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser("evaluate", help="mean average precision of a model on a YOLO data set")
    parser.add_argument("model", nargs="?", default=DEFAULT_MODEL, help="a model of the catalogue, or an .onnx file")
    parser.add_argument("--data", type=Path, required=True, help="the set's data.yaml")
    parser.add_argument("--split", default="val", help="which split of it (default val)")
    parser.add_argument("--threads", type=int, help="threads of the engine")
    parser.add_argument("--backend", default="onnxruntime", help="what computes (default onnxruntime; auto, openvino)")
    parser.add_argument("--json", action="store_true", help="map50, map50_95 and per_class as JSON")
    parser.set_defaults(run=_evaluate)


def _evaluate(arguments: argparse.Namespace) -> int:
    from models.evaluate import evaluate  # noqa: PLC0415  # loads the inference engine

    model = default_catalogue().resolve(arguments.model)
    result = evaluate(
        model, arguments.data, split=arguments.split, threads=arguments.threads, backend=arguments.backend
    )
    if arguments.json:
        _say(json.dumps(result.as_json(), indent=2))
        return 0
    _say(f"{'class':<16} {'boxes':>7} {'mAP50':>7} {'mAP50-95':>9}")
    for name, figures in result.per_class.items():
        _say(f"{name:<16} {figures.boxes:>7} {figures.map50:>7.3f} {figures.map50_95:>9.3f}")
    _say(f"{'all':<16} {result.boxes:>7} {result.map50:>7.3f} {result.map50_95:>9.3f}  ({result.pictures} pictures)")
    if result.missing:
        _say(f"not known to the model: {', '.join(result.missing)}")
    return 0


def _add_shadow_report(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser("shadow-report", help="a candidate beside the live model, by what both saw")
    parser.add_argument("looks", type=Path, help="the worker's folder `shadow`, or one file of it")
    parser.add_argument("--json", action="store_true", help="counts and differences as JSON")
    parser.set_defaults(run=_shadow_report)


def _shadow_report(arguments: argparse.Namespace) -> int:
    from models.shadow_looks import as_text, compare_looks  # noqa: PLC0415  # the other verbs compare nothing

    reports = compare_looks(arguments.looks)
    if arguments.json:
        _say(json.dumps([one.as_json() for one in reports], indent=2, ensure_ascii=False))
        return 0
    for one in reports:
        _say(as_text(one))
    return 0
