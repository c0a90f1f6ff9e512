"""Replays that a page waits for: with progress, and with a way to give up."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from starlette.concurrency import run_in_threadpool

from api.access import Principal
from api.cameras.service import read_one
from api.errands.desk import Desk, TooMuchError
from api.errors import ApiError, NotFoundError
from api.office import Office
from api.replay.port import ReplayCancelledError, Replayer
from api.replay.schemas import ReplayIn, ReplayJob, ReplayOut
from api.replay.service import Question, finish, question

KEPT = timedelta(minutes=10)
MOST_RUNNING = 4
REMOTE_S = 400.0
UNWATCHED = timedelta(seconds=20)
"""A page asks every second; one that does not was closed."""


@dataclass(eq=False)
class Job:
    """One replay. `share` and `gone` are shared with the thread that judges; the rest is the event loop's."""

    who: Principal
    camera_id: str
    asked_at: datetime
    id: str = field(default_factory=lambda: secrets.token_hex(16))
    state: str = "running"
    share: float = 0.0
    gone: bool = False
    problem: str | None = None
    result: ReplayOut | None = None
    task: asyncio.Task[None] | None = None

    def tell(self, share: float) -> None:
        """How far it is."""
        self.share = min(1.0, max(self.share, share))

    def shown(self) -> ReplayJob:
        """As JSON."""
        values = {name: getattr(self, name) for name in ReplayJob.model_fields}
        return ReplayJob.model_validate(values)


class ReplayJobs:
    """The replays of one process; one at a time for each person."""

    def __init__(self, office: Office, desk: Desk, replayer: Callable[[], Replayer | None]) -> None:
        self._office = office
        self._desk = desk
        self._replayer = replayer
        self._jobs: dict[str, Job] = {}

    async def start(self, who: Principal, camera_id: str, told: ReplayIn) -> Job:
        """Begin one; an earlier one of the same person is given up. Raises ApiError."""
        self._forget()
        asked = await run_in_threadpool(question, self._office, who, camera_id, told)
        for job in list(self._jobs.values()):
            if job.who.name == who.name:
                self._cancel(job)
        if sum(job.state == "running" for job in self._jobs.values()) >= MOST_RUNNING:
            raise TooMuchError("Others replay now: try again.", headers={"Retry-After": "10"})
        job = Job(who, camera_id, self._office.now())
        self._jobs[job.id] = job
        job.task = asyncio.create_task(self._run(job, asked, told))
        return job

    def get(self, who: Principal, job_id: str) -> Job:
        """One of this person's own; raises NotFoundError."""
        self._forget()
        job = self._jobs.get(job_id)
        if job is None or job.who.name != who.name:
            raise NotFoundError("There is no such replay of yours: begin it anew.")
        if job.state == "running":
            job.asked_at = self._office.now()
        return job

    def cancel(self, who: Principal, job_id: str) -> Job:
        """Give one up; raises NotFoundError."""
        job = self.get(who, job_id)
        self._cancel(job)
        return job

    def close(self) -> None:
        """Give all up, so that the server can end."""
        for job in self._jobs.values():
            self._cancel(job)

    def _cancel(self, job: Job) -> None:
        if job.state == "running":
            job.state, job.gone = "cancelled", True
            if job.task is not None:
                job.task.cancel()

    def _forget(self) -> None:
        """Results that nobody fetched for a while, and replays whose page was closed."""
        now = self._office.now()
        for job in list(self._jobs.values()):
            if job.state == "running" and now - job.asked_at > UNWATCHED:
                self._cancel(job)
            if job.state != "running" and now - job.asked_at > KEPT:
                del self._jobs[job.id]

    async def _run(self, job: Job, asked: Question, told: ReplayIn) -> None:
        try:
            comparison = await self._judge(job, asked)
            job.result = await run_in_threadpool(finish, self._office, job.who, told, comparison)
            job.state, job.share = "done", 1.0
        except ReplayCancelledError:
            job.state = "cancelled"
        except ApiError as error:
            job.state, job.problem = "failed", error.detail

    async def _judge(self, job: Job, asked: Question) -> dict[str, Any]:
        """Here, when the tracks lie on this machine; else by the worker that keeps them."""
        replayer = self._replayer()
        if replayer is not None and await run_in_threadpool(replayer.keeps, asked.camera_id):
            return await run_in_threadpool(replayer, asked.camera, asked.since, asked.until, job)
        worker_id = await run_in_threadpool(self._worker_of, job.who, asked.camera_id)
        body = {"camera": asked.camera, "since": asked.since.isoformat(), "until": asked.until.isoformat()}
        return await self._desk.ask("replay", body, worker_id=worker_id, timeout_s=REMOTE_S, on_share=job.tell)

    def _worker_of(self, who: Principal, camera_id: str) -> str:
        file = read_one(self._office, who, camera_id)
        if file.health is None:
            raise NotFoundError(f"Nothing is stored of camera {camera_id}: no worker has watched it yet.")
        return file.health.worker_id
