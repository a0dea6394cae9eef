"""A job's folder: readable, the same for the same job, another for another."""

import pytest

from vsr.sweep.folder import folder_name, training_hash

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


def test_values_that_look_alike_have_folders_of_their_own(compose):
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
