"""Hydra's hook at the start of a sweep."""

from __future__ import annotations

import logging
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from vsr.sweep.plan import Plan

log = logging.getLogger(__name__)


class PublishPlan(Callback):
    """Makes the `Plan` of a sweep known to its jobs, before the first one begins.

    Only this hook sees a sweep whole. What is done at its end is no hook's: Hydra turns an exception in one into a
    warning, and calls none where a job failed.
    """

    def on_multirun_start(self, config: DictConfig, **_: Any) -> None:
        """Publish it, and say what begins."""
        plan = Plan.of(config)
        plan.publish()
        log.info(f"sweep of {plan.jobs or 'several'} jobs in {plan.folder}, over {', '.join(plan.swept) or 'nothing'}")
        if config.get("frontier") and not plan.axes:
            log.info("it ends without a frontier, of which metrics= lacks an axis")
        if not config.init_from and "init_from" not in plan.swept:
            log.info("each job trains from scratch; init_from=RUN gives all of them one trained start, and is cheaper")
