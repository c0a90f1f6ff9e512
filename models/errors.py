"""What goes wrong with models, each in one line: what, where, and what to do."""

from __future__ import annotations


class ModelsError(Exception):
    """The base of every error that the models' tools raise."""


class CatalogueError(ModelsError):
    """A card or its weights are missing, unreadable or not what the card says."""


class FetchError(ModelsError):
    """A download did not end with the bytes that were asked for."""


class MissingExtraError(ModelsError):
    """A tool needs packages of the extra `train` that this environment does not have."""


class ExportError(ModelsError):
    """A checkpoint could not be turned into an ONNX file that computes the same."""


class TrainingError(ModelsError):
    """Training cannot start, go on, or take the data it was given."""


class EvaluationError(ModelsError):
    """A data set or a model cannot be measured."""


class QuantizeError(ModelsError):
    """A float model could not be turned into an int8 one."""
