"""Published weights on Vid4, whole clip at once: the numbers that their papers' protocol gives."""

import pytest

from vsr.inference.run import evaluate

# BasicVSR (Vimeo-90K, BIx4), of which the paper prints the mean over all four clips, 27.24 dB; and bicubic.
PSNR_Y = {"city": (27.6571, 25.164), "walk": (30.956, 26.104)}
# Its BD weights; the mean over all four clips is 27.960 dB, the paper's 27.96.
PSNR_Y_BD = {"city": 28.7281, "walk": 31.5316}
SSIM_Y = {"city": 0.8050, "walk": 0.9148}


@pytest.mark.slow
@pytest.mark.pretrained
@pytest.mark.parametrize(
    ("lr", "clips", "tolerance"),
    [("BIx4", ["city", "walk"], 0.01), ("null", ["city"], 0.02)],
    ids=["given LR", "our bicubic"],
)
def test_published_basicvsr_scores_what_it_should(compose, test_data, lr, clips, tolerance):
    cfg = compose(
        "ckpt=basicvsr_vimeo90k_bi",
        "data=vid4",
        f"data.root={test_data / 'vid4'}",
        f"data.lr={lr}",
        f"data.max_val_clips={len(clips)}",
        "metrics=[psnr_y,ssim_y]",
        "protocol=vid4-y",
        "media=false",
        name="evaluate",
    )
    (record,) = evaluate(cfg)
    assert list(record["clips"]) == clips
    for name, scores in record["clips"].items():
        psnr_y, of_bicubic = PSNR_Y[name]
        assert scores["psnr_y"] == pytest.approx(psnr_y, abs=tolerance)
        assert scores["ssim_y"] == pytest.approx(SSIM_Y[name], abs=tolerance / 10)
        assert record["baseline_clips"]["bicubic"][name]["psnr_y"] == pytest.approx(of_bicubic, abs=0.006)


@pytest.mark.slow
@pytest.mark.pretrained
def test_published_bd_weights_score_what_they_should_on_bd_lr_of_ours(compose, test_data):
    cfg = compose(
        "ckpt=basicvsr_vimeo90k_bd",
        "data=vid4",
        f"data.root={test_data / 'vid4'}",
        "data.lr=null",
        "degradation=blur_subsample",
        "metrics=[psnr_y]",
        "protocol=vid4-y",
        "media=false",
        name="evaluate",
    )
    (record,) = evaluate(cfg)
    scores = {name: values["psnr_y"] for name, values in record["clips"].items()}
    assert scores == pytest.approx(PSNR_Y_BD, abs=0.01)
