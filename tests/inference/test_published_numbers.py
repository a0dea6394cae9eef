"""Published weights on Vid4's city, whole clip at once: the numbers that their papers' protocol gives."""

import pytest

from vsr.inference.run import evaluate

PSNR_Y = 27.6571  # BasicVSR (Vimeo-90K, BIx4); its four clips' mean is the paper's 27.24


@pytest.mark.slow
@pytest.mark.pretrained
@pytest.mark.parametrize(("lr", "tolerance"), [("BIx4", 0.01), ("null", 0.02)], ids=["given LR", "our bicubic"])
def test_published_basicvsr_scores_what_it_should_on_city(compose, test_data, lr, tolerance):
    cfg = compose(
        "ckpt=basicvsr_vimeo90k_bi",
        "data=vid4",
        f"data.root={test_data / 'vid4'}",
        f"data.lr={lr}",
        "data.max_val_clips=1",
        "metrics=[psnr_y]",
        "media=false",
        name="evaluate",
    )
    record = evaluate(cfg)
    assert list(record["clips"]) == ["city"]
    assert record["metrics"]["psnr_y"] == pytest.approx(PSNR_Y, abs=tolerance)
    assert record["baseline"]["bicubic"]["psnr_y"] == pytest.approx(25.164, abs=0.005)
