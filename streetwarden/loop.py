"""The worker's one inference loop: takes the newest frame of the camera that waits longest, and looks."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future

from streetwarden.frame_queue import FrameQueue
from streetwarden.pipeline import Pipeline

logger = logging.getLogger(__name__)

# On a CPU four pictures at once take as long as one after another, and twice the memory; an accelerator will want more.
FRAMES_A_BATCH = 1
WAIT_SECONDS = 0.2


class InferenceLoop:
    """A thread around `Pipeline.look`. Everything that touches the pipeline runs on this thread, one at a time."""

    def __init__(self, queue: FrameQueue, pipeline: Pipeline) -> None:
        self._queue = queue
        self._pipeline = pipeline
        self._stopping = threading.Event()
        self._errands: list[tuple[Callable[[], None], Future[None]]] = []
        self._errands_lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="inference", daemon=True)
        self.errors: list[str] = []

    def start(self) -> None:
        """Begin looking."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the look that runs now and end."""
        self._stopping.set()
        self._thread.join()

    def call(self, errand: Callable[[], None]) -> None:
        """Run something between two looks and wait for it; its exception is raised here."""
        done: Future[None] = Future()
        with self._errands_lock:
            self._errands.append((errand, done))
        done.result()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._run_errands()
            frames = self._queue.take(FRAMES_A_BATCH, WAIT_SECONDS)
            try:
                self._pipeline.look(frames)
                self._pipeline.tick()
            except Exception as error:  # one bad frame must not blind all cameras
                logger.exception("a look failed; its frames are dropped")
                self._note(error)
        self._run_errands()

    def _note(self, error: Exception) -> None:
        if len(self.errors) < 100:
            self.errors.append(f"{type(error).__name__}: {error}")

    def _run_errands(self) -> None:
        with self._errands_lock:
            errands, self._errands = self._errands, []
        for errand, done in errands:
            try:
                errand()
            except Exception as error:  # handed to the caller
                done.set_exception(error)
            else:
                done.set_result(None)
