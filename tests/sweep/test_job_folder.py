"""A job's folder: readable, the same for the same job, another for another."""

import pytest

from vsr.sweep.folder import existing_folder, folder_name, is_hashed, training_hash

CONFIG = {"loss": {"pixel": {"weight": 1.0}}, "init_from": None, "metrics": ["psnr"], "output_dir": "a", "seed": 0}


def test_a_name_says_what_varies_and_needs_no_quotes_anywhere():
    varied = {
        "loss.adversarial.weight": "0.0032423423",
        "loss.perceptual.weight.value": "1e-1",
        "data": "vid4/odd name,x",
        "generator.blocks": "7",
    }
    name = folder_name(varied, CONFIG)
    assert name == f"adversarial_0.003242-perceptual_0.1-data_vid4_odd_name_x-blocks_7-{training_hash(CONFIG)}"


def test_keys_that_end_alike_are_told_apart():
    name = folder_name({"optimizer.generator.lr": "1", "optimizer.discriminator.lr": "2"}, CONFIG)
    assert name.startswith("optimizer_generator_lr_1-optimizer_discriminator_lr_2-")


def test_values_that_look_alike_have_folders_of_their_own():
    def name(weight):
        return training_hash({**CONFIG, "loss": {"adversarial": {"weight": weight}}})

    assert name(0.00300001) != name(0.00300002)


@pytest.mark.parametrize(
    ("changed", "is_the_same"),
    [
        ({"seed": 1}, False),
        ({"loss": {"pixel": {"weight": 2.0}}}, False),
        ({"metrics": ["lpips"]}, True),
        ({"protocol": "vid4-y"}, True),
        ({"frontier": {"x": "ssim"}}, True),
        ({"output_dir": "b"}, True),
    ],
)
def test_another_training_has_another_folder_and_another_scoring_has_not(changed, is_the_same):
    assert (training_hash(CONFIG | changed) == training_hash(CONFIG)) is is_the_same


def test_a_start_counts_by_its_content(tmp_path):
    def of(source):
        return training_hash({**CONFIG, "init_from": str(source)})

    run, copy = tmp_path / "run", tmp_path / "copy.ckpt"
    (run / "checkpoints").mkdir(parents=True)
    (run / "checkpoints" / "last.ckpt").write_bytes(b"weights")
    copy.write_bytes(b"weights")
    before = of(run)
    assert before == of(copy) != training_hash(CONFIG)
    copy.write_bytes(b"others!")
    assert of(copy) != before
    assert of("basicvsr_reds4") != of("an asset of another name")


def test_a_job_that_is_there_under_another_name_keeps_that_folder(tmp_path):
    (tmp_path / "adversarial_0-1a2b3c4d").mkdir()
    (tmp_path / ".adversarial_0-1a2b3c4d.lock").touch()
    (tmp_path / "a_file-5e6f7a8b").touch()
    assert existing_folder(tmp_path, "perceptual_0-adversarial_0-1a2b3c4d") == "adversarial_0-1a2b3c4d"
    assert existing_folder(tmp_path, "1a2b3c4d") == "adversarial_0-1a2b3c4d"
    assert existing_folder(tmp_path, "seed_0-5e6f7a8b") == "seed_0-5e6f7a8b"
    (tmp_path / "seed_0-1a2b3c4d").mkdir()
    assert existing_folder(tmp_path, "seed_0-1a2b3c4d") == "seed_0-1a2b3c4d"


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        *[(key, True) for key in ("loss.adversarial.weight", "seed", "generator", "data", "trainer.max_steps")],
        *[(key, False) for key in ("metrics", "protocol", "memory", "generator.memory", "trainer", "trainer.devices")],
        *[(key, False) for key in ("callbacks.checkpoints.every", "frontier.x")],
    ],
)
def test_which_keys_tell_jobs_apart_by_their_hash(key, expected):
    assert is_hashed(key) is expected
