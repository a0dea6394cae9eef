"""What a sweep says where something other than a job's command fails; its jobs are only played."""

import re
from functools import partial

import pytest

from tests.sweep.conftest import folder_of
from vsr.errors import UserError
from vsr.sweep.first_check import check_axes
from vsr.sweep.journal import Entry, Journal, Status, seconds_a_job
from vsr.sweep.scores import scores


@pytest.mark.parametrize(
    ("axes", "says"),
    [
        ({"x": "psnr_y", "y": "lpisp"}, "frontier.y='lpisp' is not known. Did you mean 'lpips'?"),
        ({"x": "psnr_y", "z": "tof"}, "frontier.z=tof is not scored; add it to metrics=[psnr_y,lpips]"),
        ({"x": "lpips", "y": "lpips"}, "frontier.x=lpips frontier.y=lpips: expected two or three different metrics"),
        ({"x": "psnr_y"}, "frontier.x=psnr_y: expected two or three different metrics"),
    ],
)
def test_axes_that_no_job_scores_are_refused(axes, says):
    with pytest.raises(UserError, match=re.escape(says)):
        check_axes(axes, ["psnr_y", "lpips"])


def test_any_two_or_three_that_are_scored_will_do_and_so_will_none():
    check_axes({}, ["psnr"])
    check_axes({"x": "psnr", "z": "lpips"}, ["psnr", "lpips"])
    check_axes({"x": "psnr", "y": "lpips", "z": "tof"}, ["tof", "psnr", "lpips"])


def test_they_are_refused_before_anything_is_trained(sweep, jobs):
    ran = jobs()
    assert sweep("frontier.y=fvd").startswith("error: frontier.y=fvd is not scored; add it") and not ran


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("metrics=[psnr_y,lpip]", "metric='lpip' is not known. Did you mean 'lpips'?"),
        ("protocol=vid4", "protocol='vid4' is not known. Did you mean 'vid4-y'?"),
        ("init_from=runs/pixl", "runs/pixl: no such file, run or asset."),
    ],
)
def test_so_is_what_no_job_could_begin_with_or_be_scored_by(sweep, jobs, typed, says):
    ran = jobs()
    assert sweep(typed).startswith(f"error: {says}") and not ran


@pytest.fixture
def search(outcome):
    """``search(*overrides)``: the line that two trials of Optuna's end in."""
    pytest.importorskip("hydra_plugins.hydra_optuna_sweeper", reason="hydra-optuna-sweeper is not installed")
    import optuna

    optuna.logging.disable_default_handler()  # which writes to standard error, too
    yield partial(outcome, "sweep=optuna", "hydra.sweeper.n_trials=2", "output_dir=sweep", defaults=())
    optuna.logging.enable_default_handler()


def test_so_they_are_where_optuna_searches_by_them(search, jobs):
    ran = jobs()
    assert search("frontier.y=fvd").startswith("error: frontier.y=fvd is not scored; add it") and not ran


def test_a_frontier_that_cannot_be_drawn_is_a_failure_beside_those_of_jobs(sweep, jobs, monkeypatch):
    def trace(folders, axes):
        raise UserError("No result has psnr_y and patch_kid together.")

    jobs(failing=["loss.adversarial.weight=0.01"])
    monkeypatch.setattr("vsr.frontier.trace", trace)
    line = sweep("frontier.y=patch_kid")
    assert line.startswith("error: 1 of 3 jobs failed: adversarial_0.01-")
    assert line.endswith("; no frontier: No result has psnr_y and patch_kid together.")


def test_scores_that_cannot_compare_are_no_failure(outcome, jobs, monkeypatch, caplog):
    def trace(folders, axes):
        raise UserError("a and b do not compare: protocol")

    caplog.set_level("INFO")
    ran = jobs()
    monkeypatch.setattr("vsr.frontier.trace", trace)
    assert outcome("-m", "protocol=plain,vid4-y", "output_dir=sweep", defaults=()) is None
    assert len({folder_of(command) for command in ran}) == 2
    assert "no frontier: a and b do not compare: protocol" in caplog.messages


def test_an_error_of_the_sweeps_own_costs_one_job(sweep, jobs, traced, journal, monkeypatch):
    jobs()
    from vsr.sweep import job

    def run(command, *rest, played=job.run):
        if "loss.adversarial.weight=0.01" in command:
            raise OSError(12, "Cannot allocate memory")
        return played(command, *rest)

    monkeypatch.setattr(job, "run", run)
    line = sweep()
    assert line.startswith("error: 1 of 3 jobs failed: adversarial_0.01-")
    assert line.endswith(": OSError: [Errno 12] Cannot allocate memory")
    assert journal() == [(1, "trained"), (2, "failed"), (3, "trained")]
    assert traced == [(["adversarial_0", "adversarial_0.1"], ["psnr_y", "lpips"])]


def test_so_it_does_where_optuna_searches(search, jobs, monkeypatch):
    jobs()
    monkeypatch.setattr("vsr.sweep.job.run", lambda *_: 1 / 0)
    line = search()
    assert line.startswith("error: 2 of 2 jobs failed: ") and line.endswith(": ZeroDivisionError: division by zero")


def test_a_file_that_is_not_of_a_run_costs_one_job_and_is_named(sweep, jobs):
    ran = jobs()
    sweep("loss.adversarial.weight=0,0.1")
    results = folder_of(ran[1]) / "results.json"
    results.write_text("{}")
    ran = jobs()
    line = sweep("loss.adversarial.weight=0,0.1")
    assert line.startswith("error: 1 of 2 jobs failed: adversarial_0.1-") and not ran
    assert f"{results} is not what a run writes; delete it" in line


@pytest.mark.parametrize("content", ["{}", "[]", "{", '{"metrics": 1, "config_hash": ""}', b"\xff"])
def test_whatever_is_wrong_with_it(tmp_path, content):
    (tmp_path / "results.json").write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UserError, match="is not what a run writes"):
        scores(tmp_path)


def test_jobs_that_a_launcher_loses_are_counted_and_the_others_kept(sweep, jobs, traced, monkeypatch):
    """As where joblib loses a worker, or SLURM ends a job."""
    from hydra._internal.core_plugins.basic_launcher import BasicLauncher

    def launch(self, job_overrides, initial_job_idx, launched=BasicLauncher.launch):
        launched(self, job_overrides[:2], initial_job_idx)
        raise RuntimeError("a worker died\nunexpectedly")

    jobs()
    monkeypatch.setattr(BasicLauncher, "launch", launch)
    line = sweep()
    assert line == (
        "error: 1 of 3 jobs did not come to an end (RuntimeError: a worker died unexpectedly); "
        "run the sweep again to go on"
    )
    assert traced == [(["adversarial_0", "adversarial_0.01"], ["psnr_y", "lpips"])]


def test_a_launcher_that_loses_jobs_without_a_word_does_not_end_well(sweep, jobs, monkeypatch):
    from hydra._internal.core_plugins.basic_launcher import BasicLauncher

    def launch(self, job_overrides, initial_job_idx, launched=BasicLauncher.launch):
        return launched(self, job_overrides[1:], initial_job_idx)

    jobs()
    monkeypatch.setattr(BasicLauncher, "launch", launch)
    assert sweep() == "error: 1 of 3 jobs did not come to an end; run the sweep again to go on"


def test_the_time_left_is_by_this_launch(sweep, jobs, tmp_path, caplog):
    jobs()
    caplog.set_level("INFO")
    (tmp_path / "sweep").mkdir()
    Journal(tmp_path / "sweep").add(Entry("another", 1, "long-1a2b3c4d", Status.TRAINED, 36000.0, "", ""))
    sweep()
    assert "job 1 of 3 · loss.adversarial.weight=0" in caplog.messages
    assert "job 3 of 3 · loss.adversarial.weight=0.1 · about 0 s left" in caplog.messages
    times = ((Status.TRAINED, 10.0), (Status.SCORED_ANEW, 1.0))
    assert seconds_a_job([Entry("a", 1, "x", status, seconds, "") for status, seconds in times]) == 10.0


def test_of_a_job_that_a_launcher_began_twice_the_end_counts(tmp_path):
    journal = Journal(tmp_path)
    for job, status in ((2, Status.TRAINED), (1, Status.FAILED), (1, Status.TRAINED)):
        journal.add(Entry("a", job, f"x-{job}", status, 1.0, "1a2b3c4d5e6f"))
    journal.add(Entry("b", 1, "x-1", Status.FAILED, 1.0, "", "why"))
    assert [(entry.job, entry.status) for entry in journal.of("a")] == [(1, "trained"), (2, "trained")]
