"""The command line: every verb, its options and its help. Each verb's work is a module, imported when used."""

from __future__ import annotations

import argparse
import importlib
import logging
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from datasets.formats import FormatError
from detector.errors import DetectorError
from evidence.errors import EvidenceError
from models.errors import ModelsError
from streams.errors import StreamError
from streetwarden import processes
from streetwarden.errors import UsageError
from streetwarden.evidence_verbs import add_parsers as add_evidence_parsers

Run = Callable[[argparse.Namespace], int]
BAD_INPUT = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb. Exit codes: 0 done, 1 the answer is no (a package fails), 2 bad input, 130 interrupted."""
    parser = build_parser()
    options = parser.parse_args(arguments)
    processes.follow_parent()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    for chatty in ("httpx", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    run: Run = options.run
    try:
        return run(options)
    except (UsageError, StreamError, DetectorError, EvidenceError, ModelsError, FormatError) as error:
        print(f"streetwarden: {error}", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        print("streetwarden: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    except OSError as error:
        print(f"streetwarden: {error.filename or 'a file'}: {error.strerror}", file=sys.stderr)
        return BAD_INPUT


def build_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = argparse.ArgumentParser(
        prog="streetwarden",
        description="Watches street cameras, notices violations, and puts sealed evidence before a reviewer.",
        epilog="Environment: STREETWARDEN_DATA_DIR, _MODEL, _THREADS, _INTERVAL_SECONDS, _TOKEN, _DATABASE_URL, "
        "_EVIDENCE_FILE.",
    )
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    _add_demo(verbs)
    _add_serve(verbs)
    _add_worker(verbs)
    _add_analyze(verbs)
    _add_replay(verbs)
    _add_verify(verbs)
    _add_derive(verbs)
    _add_simulate(verbs)
    _add_models(verbs)
    _add_datasets(verbs)
    add_evidence_parsers(verbs)
    _add_doctor(verbs)
    _add_accounts(verbs)
    return parser


Verbs = argparse._SubParsersAction  # noqa: SLF001  # argparse has no public name for what add_subparsers returns


def _verb(verbs: Verbs[argparse.ArgumentParser], name: str, about: str, run: Run) -> argparse.ArgumentParser:
    parser = verbs.add_parser(name, help=about, description=about)
    parser.set_defaults(run=run)
    return parser


def _add_demo(verbs: Verbs[argparse.ArgumentParser]) -> None:
    parser = _verb(
        verbs, "demo", "Simulated cameras, a worker, the API and its pages, in one process tree.", _later("demo")
    )
    parser.add_argument("--seconds", type=_positive, metavar="N", help="end by itself after N seconds")
    parser.add_argument("--data", type=Path, metavar="DIR", help="keep everything here (default: a folder that goes)")
    parser.add_argument("--port", type=_port, default=0, metavar="P", help="port of the pages (default: a free one)")
    parser.add_argument("--cameras", type=Path, metavar="FILE", help="other clips: a cameras file whose urls are clips")


def _add_serve(verbs: Verbs[argparse.ArgumentParser]) -> None:
    parser = _verb(verbs, "serve", "The API with its pages.", _later("serve"))
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at (default: %(default)s)")
    parser.add_argument("--port", type=_port, default=8080, help="port to listen at (default: %(default)s)")
    _add_database(parser)


def _add_database(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, metavar="DIR", help="data folder (default: STREETWARDEN_DATA_DIR)")
    parser.add_argument("--database-url", metavar="URL", help="PostgreSQL, say; default: SQLite in the data folder")


def _add_worker(verbs: Verbs[argparse.ArgumentParser]) -> None:
    parser = _verb(verbs, "worker", "The camera worker: live cameras in, sealed packages out.", _later("worker"))
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--api", metavar="URL", help="take cameras from this API and hand packages to it")
    source.add_argument("--cameras", type=Path, metavar="FILE", help="take cameras from a YAML file (needs --out)")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where incidents.jsonl, packages and health.json go")
    parser.add_argument("--seconds", type=_positive, metavar="N", help="end after N seconds")
    parser.add_argument("--looks", type=Path, metavar="FILE", help="write a line for every look at a camera")
    parser.add_argument("--lanes", type=_positive_int, metavar="N", help="inference lanes (default: one a core)")
    parser.add_argument("--token-file", type=Path, metavar="FILE", help="machine token (default: STREETWARDEN_TOKEN)")
    parser.add_argument("--data", type=Path, metavar="DIR", help="data folder (default: STREETWARDEN_DATA_DIR)")
    parser.add_argument("--shadow", metavar="NAME|FILE", help="a candidate model that looks too and files no case")
    _add_model(parser)


def _add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", metavar="NAME|FILE", help="detection model: a catalogue name or an ONNX file")
    parser.add_argument("--backend", metavar="NAME", help="what computes: auto, onnxruntime, openvino, cuda, tensorrt")
    parser.add_argument("--threads", type=_positive_int, metavar="N", help="threads of one inference")
    parser.add_argument(
        "--interval", type=_positive, metavar="S", help="seconds between two looks (default: as the rules ask)"
    )


def _add_analyze(verbs: Verbs[argparse.ArgumentParser]) -> None:
    parser = _verb(
        verbs, "analyze", "The same pipeline on clips, as fast as it can, on the clip's own clock.", _later("analyze")
    )
    parser.add_argument("clips", nargs="+", type=Path, metavar="CLIP", help="a video file")
    parser.add_argument("--cameras", type=Path, required=True, metavar="FILE", help="YAML with cameras and zones")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where incidents and packages go")
    parser.add_argument("--json", action="store_true", help="print the result as one JSON object")
    _add_model(parser)


def _add_replay(verbs: Verbs[argparse.ArgumentParser]) -> None:
    parser = _verb(
        verbs,
        "replay",
        "What changed zones would have found in the last days, beside what was found.",
        _later("replay"),
    )
    parser.add_argument("--cameras", type=Path, required=True, metavar="FILE", help="YAML with the changed zones")
    parser.add_argument("--tracks", type=Path, required=True, metavar="DIR", help="the folder `tracks` of a worker")
    parser.add_argument("--from", dest="since", metavar="TIME", help="from this day or time on, at the camera's place")
    parser.add_argument("--to", dest="until", metavar="TIME", help="up to this day or time (default: the newest look)")
    parser.add_argument("--seconds", type=_positive, metavar="N", help="say after N seconds what is known by then")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--progress", action="store_true", help="say on stderr, in JSON lines, how much is done")


def _add_verify(verbs: Verbs[argparse.ArgumentParser]) -> None:
    parser = _verb(verbs, "verify", "Check evidence packages; exit 0 only when all hold.", _later("verify"))
    parser.add_argument("packages", nargs="+", type=Path, metavar="PACKAGE", help="a package folder or its ZIP file")
    parser.add_argument("--keys", type=Path, metavar="FILE", help="published key registry (default: this machine's)")
    parser.add_argument("--json", action="store_true", help="print one JSON object a package")


def _add_derive(verbs: Verbs[argparse.ArgumentParser]) -> None:
    parser = _verb(verbs, "derive", "Overlay stills, sheet, page or share copy of a package.", _later("derive"))
    parser.add_argument("package", type=Path, metavar="PACKAGE", help="a package folder or its ZIP file")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where the files and their signed statements go")
    parser.add_argument(
        "--kind",
        action="append",
        choices=("overlay", "sheet", "pdf", "share", "h264"),
        help="what to make, several times if wanted (default: overlay, sheet, pdf)",
    )
    parser.add_argument("--language", choices=("zh", "en"), default="zh", help="the words' language (default: zh)")
    parser.add_argument("--verify-url", metavar="URL", help="the office's address for the QR code")
    parser.add_argument("--check", action="append", type=Path, metavar="FILE", help="check a derived file instead")
    parser.add_argument("--keys", type=Path, metavar="FILE", help="published key registry for --check")
    parser.add_argument("--data", type=Path, metavar="DIR", help="data folder (default: STREETWARDEN_DATA_DIR)")
    parser.add_argument("--model", metavar="NAME|FILE", help="the share copy's detection model")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def _add_simulate(verbs: Verbs[argparse.ArgumentParser]) -> None:
    parser = _verb(verbs, "simulate", "Simulated cameras: real RTSP on loopback from clips.", _later("simulate"))
    parser.add_argument("clips", nargs="+", type=Path, metavar="CLIP", help="a video file; cameras take them in turn")
    parser.add_argument("--cameras", type=_positive_int, metavar="N", help="number of cameras (default: one a clip)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at (default: %(default)s)")
    parser.add_argument("--port", type=_port, default=8554, metavar="P", help="port, 0 for a free one (default: 8554)")
    parser.add_argument("--user", metavar="NAME:PASSWORD", help="ask for digest authentication")
    parser.add_argument("--seconds", type=_positive, metavar="N", help="end after N seconds")
    parser.add_argument(
        *("--fault", "-f"),
        action="append",
        default=[],
        metavar="KIND[=VALUE][@CAMERA][:every=S,for=S,after=S]",
        help="something that goes wrong, several times if wanted; see docs/guide/simulator.md",
    )
    parser.add_argument(
        "--stagger", type=_not_negative, default=0.0, metavar="S", help="begin each camera S s further into its clip"
    )
    parser.add_argument("--truth", type=Path, metavar="FILE", help="write what will happen, and when, as JSON lines")
    parser.add_argument("--json", action="store_true", help="print the addresses as one JSON line once they are served")


def _add_models(verbs: Verbs[argparse.ArgumentParser]) -> None:
    from models.cli import add_parsers  # noqa: PLC0415  # its verbs are its own business

    about = "List, fetch, export, quantise, train and evaluate models."
    parser = verbs.add_parser("models", help=about, description=about)
    add_parsers(parser.add_subparsers(title="verbs", metavar="VERB", required=True))


def _add_datasets(verbs: Verbs[argparse.ArgumentParser]) -> None:
    from datasets.cli import add_parsers  # noqa: PLC0415  # its verbs are its own business

    about = "Convert labels, name versions, and turn reviewers' decisions into labelled pictures."
    parser = verbs.add_parser("datasets", help=about, description=about)
    add_parsers(parser.add_subparsers(title="verbs", metavar="VERB", required=True))


def _add_doctor(verbs: Verbs[argparse.ArgumentParser]) -> None:
    parser = _verb(verbs, "doctor", "What this machine has, what is missing, what would be chosen.", _later("doctor"))
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def _add_accounts(verbs: Verbs[argparse.ArgumentParser]) -> None:
    user = _verb(verbs, "user", "Make a person's account; prints its one-time password.", _later("serve", "make_user"))
    user.add_argument("name", help="sign-in name")
    user.add_argument("--role", default="reviewer", help="reviewer, second_reviewer, ops, admin or auditor")
    _add_database(user)
    token = _verb(verbs, "token", "Make a worker's machine token; prints it once.", _later("serve", "make_token"))
    token.add_argument("name", help="what the token is for")
    _add_database(token)
    audit = _verb(verbs, "audit", "Check the office's own record of who did what.", _later("serve", "check_audit"))
    audit.add_argument("what", choices=["verify"], help="verify: walk the whole chain; exit 1 where it does not hold")
    _add_database(audit)


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a number above 0")
    return value


def _not_negative(text: str) -> float:
    value = float(text)
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a number from 0 on")
    return value


def _positive_int(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number above 0")
    return value


def _port(text: str) -> int:
    value = int(text)
    if not 0 <= value <= 65535:
        raise argparse.ArgumentTypeError(f"{text} is not a port (0 to 65535)")
    return value


def _later(module: str, function: str = "run") -> Run:
    """The verb's function, imported when it is called: `--help` and `verify` must not wait for an inference library."""

    def run(options: argparse.Namespace) -> int:
        verb: Run = getattr(importlib.import_module(f"streetwarden.{module}"), function)
        return verb(options)

    return run
