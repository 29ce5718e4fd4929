"""Seeds of a run and of its checks."""

from __future__ import annotations

import random

import numpy as np
import torch

from grader import seeds


def test_every_check_has_seeds_of_its_own_and_the_worker_another() -> None:
    places = [(run, slug, check) for run in (0, 1) for slug in ("a", "b") for check in ("x", "y")]
    drawn = [f(*place) for f in (seeds.judge_seed, seeds.worker_seed) for place in places]
    assert len(set(drawn)) == len(drawn)
    assert all(0 <= seed < 1 << 63 for seed in drawn)


def test_names_cannot_run_into_each_other() -> None:
    assert seeds.judge_seed(0, "ab", "c") != seeds.judge_seed(0, "a", "bc")


def test_a_run_seed_survives_json_readers_with_double_precision() -> None:
    assert all(float(seed) == seed for seed in (seeds.fresh() for _ in range(100)))


def test_one_seed_repeats_all_three_generators() -> None:
    def draw() -> tuple[float, float, float]:
        seeds.seed_everything(2**62 + 5)
        return random.random(), float(np.random.rand()), float(torch.rand(()))  # noqa: S311

    assert draw() == draw()
