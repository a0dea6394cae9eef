"""Jobs that are in the folder already: another launch's, by another name, or another process's."""

import json

import pytest

from tests.sweep.conftest import folder_of, names
from vsr.sweep.claim import claimed
from vsr.sweep.journal import Entry, Journal, Status


def test_a_job_is_not_trained_anew_because_more_is_swept_or_less(sweep, jobs, traced):
    jobs()
    sweep("loss.adversarial.weight=0,0.1")
    ran = jobs()
    assert sweep("loss.adversarial.weight=0.1", "seed=0,1") is None
    assert names(ran) == ["seed_1"] and traced[-1][0] == ["adversarial_0.1", "seed_1"]


def test_jobs_that_differ_in_their_scoring_alone_have_folders_of_their_own(sweep, jobs):
    ran = jobs()
    assert sweep("loss.adversarial.weight=0.1", "protocol=plain,vid4-y") is None
    assert names(ran) == ["protocol_plain", "protocol_vid4_y"]


def test_a_key_that_is_set_by_force_is_in_the_name_and_in_the_title(sweep, jobs, caplog):
    caplog.set_level("INFO")
    ran = jobs()
    sweep("loss.adversarial.weight=0.1", "++seed=0,1")
    assert names(ran) == ["seed_0", "seed_1"]
    assert any(line.startswith("job 1 of 2 · ++seed=0") for line in caplog.messages)


def test_where_configurations_are_is_passed_on(sweep, jobs, tmp_path):
    (tmp_path / "mine" / "loss").mkdir(parents=True)
    (tmp_path / "mine" / "sweep").mkdir()
    ran = jobs()
    place = f"hydra.searchpath=[file://{tmp_path / 'mine'}]"
    assert sweep(place) is None and all(place in command for command in ran) and len(ran) == 3


@pytest.fixture
def left(sweep, jobs, monkeypatch):
    """``left(ended)``: what a sweep ends in that leaves its second job to another process, which calls ``ended`` with
    the folder and lets go of it before the last job ends."""
    from vsr.sweep import job

    def play(ended, *overrides):
        ran = jobs()
        sweep()
        busy = folder_of(ran[1])
        jobs()
        held = claimed(busy)
        held.__enter__()
        folder_of(ran[2]).joinpath("results.json").unlink()

        def run(command, *rest, played=job.run):
            if folder_of(command) == folder_of(ran[2]):
                held.__exit__(None, None, None)
                ended(busy)
            return played(command, *rest)

        monkeypatch.setattr(job, "run", run)
        return sweep("metrics=[psnr_y,lpips,mse]", *overrides)

    return play


def test_scores_from_before_another_process_scores_anew_do_not_count(left, traced):
    line = left(lambda folder: None)
    assert line.startswith("error: 1 of 3 jobs failed: adversarial_0.01-")
    assert line.endswith(": left undone by another process; run the sweep again")
    assert traced[-1][0] == ["adversarial_0", "adversarial_0.1"]


def test_a_job_that_another_process_finished_in_time_counts(left, traced):
    def ended(folder):
        (hash_,) = {entry.config_hash for entry in Journal(folder.parent).read() if entry.status is Status.ELSEWHERE}
        record = {"config_hash": hash_, "metrics": {"psnr_y": 0.5, "lpips": 0.5, "mse": 0.5}}
        (folder / "results.json").write_text(json.dumps(record))

    assert left(ended) is None
    assert traced[-1][0] == ["adversarial_0", "adversarial_0.01", "adversarial_0.1"]


def test_a_job_that_failed_in_another_process_has_failed(left):
    def ended(folder):
        Journal(folder.parent).add(Entry("other", 7, folder.name, Status.FAILED, 1.0, "", "out of memory"))

    line = left(ended)
    assert line.startswith("error: 1 of 3 jobs failed: adversarial_0.01-") and line.endswith(": out of memory")
