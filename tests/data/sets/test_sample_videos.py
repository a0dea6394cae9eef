import pytest

from vsr import assets
from vsr.data import SampleVideos
from vsr.data.files.video_examination import decoded_facts
from vsr.data.sets.sample import CUTS
from vsr.errors import UserError


def test_unknown_split_is_refused_before_anything_is_fetched():
    with pytest.raises(UserError, match=r"split='test' is not known"):
        SampleVideos("test")


@pytest.mark.pretrained
def test_the_samples_are_the_published_videos():
    train, val = SampleVideos("train"), SampleVideos("val")
    assert {clip.name: (clip.length, *clip.size) for clip in [*train, *val]} == {
        "bikes": (250, 272, 640),
        "bigbuckbunny": (132, 720, 1280),
        "carphone": (120, 144, 176),
    }
    assert val[0].read(range(3, 8)).std() > 20  # a picture, not a blank


@pytest.mark.pretrained
@pytest.mark.parametrize("name", ["bikes", "bigbuckbunny", "carphone"])
def test_the_cuts_that_are_written_down_are_those_that_are_found(name):
    assert decoded_facts(assets.fetch(f"sample_{name}")).cuts == CUTS.get(name, ())
