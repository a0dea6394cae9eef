"""Which GPU a job gets where several run at once."""

from contextlib import ExitStack

from vsr.sweep import gpu


def test_jobs_at_once_get_gpus_of_their_own_and_then_share_in_turn(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with ExitStack() as running:
        assert [running.enter_context(gpu.one_of(["0", "2"], job)) for job in range(2)] == ["0", "2"]
        assert [running.enter_context(gpu.one_of(["0", "2"], job)) for job in (2, 3)] == ["0", "2"]


def test_a_gpu_is_free_again_when_its_job_ends_whichever_was_first(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with ExitStack() as first:
        first.enter_context(gpu.one_of(["0", "1"], 0))
        with gpu.one_of(["0", "1"], 1) as second:
            assert second == "1"
        with gpu.one_of(["0", "1"], 2) as third:  # in turn it would be 0, which is busy
            assert third == "1"


def test_only_gpus_that_the_sweep_sees_are_given(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1,GPU-8932f937")
    assert gpu.gpus() == ["1", "GPU-8932f937"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert gpu.gpus() == []


def test_names_are_read_as_cuda_reads_them_and_any_of_them_can_be_held(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", " MIG-GPU-8932f937/1/0, MIG-GPU-8932f937/2/0 ,")
    names = gpu.gpus()
    assert names == ["MIG-GPU-8932f937/1/0", "MIG-GPU-8932f937/2/0"]
    with gpu.one_of(names, 0) as first, gpu.one_of(names, 0) as second:
        assert [first, second] == names
