"""What a sweep does when it begins, is cut off, is run again, and ends; its jobs are only played."""

import os

import pytest

from tests.sweep.conftest import SWEEP, folder_of, names
from vsr.sweep.command import Ended
from vsr.sweep.plan import VARIABLE


def test_each_job_has_a_folder_of_its_own_and_the_sweep_ends_with_its_frontier(sweep, jobs, traced, tmp_path, caplog):
    caplog.set_level("INFO")
    ran = jobs()
    assert sweep() is None
    assert names(ran) == ["adversarial_0", "adversarial_0.01", "adversarial_0.1"]
    assert traced == [(["adversarial_0", "adversarial_0.01", "adversarial_0.1"], ["psnr_y", "lpips"])]
    assert f"sweep of 3 jobs in {tmp_path / 'sweep'}, over loss.adversarial.weight" in caplog.messages
    assert "job 1 of 3 · loss.adversarial.weight=0" in caplog.messages
    assert "job 3 of 3 · loss.adversarial.weight=0.1 · about 0 s left" in caplog.messages
    assert VARIABLE not in os.environ


def test_run_again_it_does_nothing_and_with_another_value_only_that(sweep, jobs, traced, tmp_path, caplog):
    caplog.set_level("INFO")
    jobs()
    sweep()
    ran = jobs()
    assert sweep() is None and not ran
    assert any(line.endswith("=0.01 · finished before (psnr_y 0.5, lpips 0.5)") for line in caplog.messages)
    assert sweep("loss.adversarial.weight=0,0.03") is None
    assert names(ran) == ["adversarial_0.03"]
    assert [folders for folders, _ in traced[1:]] == [traced[0][0], ["adversarial_0", "adversarial_0.03"]]


def test_a_changed_recipe_is_trained_anew_beside_the_old_one_and_changed_metrics_are_only_scored(sweep, jobs, journal):
    jobs()
    sweep()
    ran = jobs()
    sweep("optimizer.generator.lr=1e-5")
    assert len(ran) == 3 and not any(word.startswith("metrics=") for command in ran for word in command)
    ran = jobs()
    sweep("metrics=[psnr_y,lpips,mse]")
    assert len(ran) == 3 and [status for _, status in journal()] == 6 * ["trained"] + 3 * ["scored anew"]
    for command in ran:
        assert {"resume=auto", "metrics=[psnr_y,lpips,mse]", "protocol=plain"} <= set(command)
    ran = jobs()
    assert sweep("metrics=[psnr_y,lpips,mse]", "frontier.y=mse") is None and not ran


def test_a_failed_job_is_reported_and_does_not_lose_the_others(sweep, jobs, traced, journal):
    jobs(failing=["loss.adversarial.weight=0.01"])
    line = sweep()
    assert line.startswith("error: 1 of 3 jobs failed: adversarial_0.01-") and line.endswith(": it could not")
    assert journal() == [(1, "trained"), (2, "failed"), (3, "trained")]
    assert traced == [(["adversarial_0", "adversarial_0.1"], ["psnr_y", "lpips"])]
    ran = jobs()
    assert sweep() is None and len(ran) == 1


def test_one_reason_is_told_once(sweep, jobs):
    jobs(failing=["sweep=frontier"])
    line = sweep()
    assert line.startswith("error: 3 of 3 jobs failed: ") and line.count("it could not") == 1


def test_cut_off_it_ends_at_once_and_goes_on_where_it_was(sweep, jobs, traced, tmp_path):
    ran = jobs(killed=["loss.adversarial.weight=0.01"])
    with pytest.raises(AssertionError):  # of the exit status, which is 143
        sweep()
    assert len(ran) == 2 and not traced and VARIABLE not in os.environ
    ran = jobs()
    assert sweep() is None
    assert names(ran) == ["adversarial_0.01", "adversarial_0.1"]
    assert len(traced[0][0]) == 3


def test_what_another_process_trains_is_left_to_it(sweep, jobs, traced, journal, caplog):
    from vsr.sweep.claim import claimed

    caplog.set_level("INFO")
    first = jobs()
    sweep()
    busy = folder_of(first[1])
    (busy / "results.json").unlink()
    ran = jobs()
    with claimed(busy):
        assert sweep() is None
    assert not ran and journal()[-3:] == [
        (1, "finished before"),
        (2, "trained by another process"),
        (3, "finished before"),
    ]
    assert traced[-1][0] == ["adversarial_0", "adversarial_0.1"]
    assert any("another process has still to finish 1 of them" in line for line in caplog.messages)


@pytest.mark.parametrize(("devices", "expected"), [("1", ["2", "2", "2"]), ("2", [None] * 3)])
def test_each_job_gets_a_gpu_that_no_other_sweep_uses(sweep, traced, monkeypatch, tmp_path, devices, expected):
    """GPUs 0 and 1 are held by jobs of others throughout."""
    from vsr.sweep import gpu

    given = []

    def run(command, environment, keep_open):
        given.append(environment.get("CUDA_VISIBLE_DEVICES"))
        return Ended(0, "")

    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 3)
    monkeypatch.setattr("vsr.sweep.job.run", run)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with gpu.one_of(["0"], 0), gpu.one_of(["1"], 0):
        sweep(f"trainer.devices={devices}")
    assert given == expected


def test_without_m_it_is_a_sweep_all_the_same(outcome, jobs):
    ran = jobs()
    assert outcome(*SWEEP, defaults=()) is None and len(ran) == 3


@pytest.mark.parametrize("choice", ["hydra/launcher=joblib3", "hydra/sweeper=ax3"])
def test_a_plugin_that_is_missing_is_named_with_what_brings_it(sweep, choice):
    assert f"{choice} is not installed: pip install 'vsr[sweep]'" in sweep(choice)
