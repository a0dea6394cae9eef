"""Sound that is damaged, unknown or changes, and clocks that are set back: pictures stay, and sound with them."""

import itertools

import av
import numpy as np
import pytest

from tests.data.files.odd_and_broken import scene
from tests.inference.test_upscale_files import add_sound, copied, shown
from vsr.inference.upscaling import sound_stream
from vsr.inference.upscaling.video_source import VideoSource


def without(path, source, start, end):
    """``source`` less the packets of its sound from ``start`` to ``end`` seconds."""
    with av.open(str(source)) as given, av.open(str(path), "w") as file:
        streams = {stream.index: file.add_stream_from_template(stream) for stream in given.streams}
        for packet in given.demux():
            if not packet.size or (packet.stream.type == "audio" and start <= packet.pts * packet.time_base < end):
                continue
            packet.stream = streams[packet.stream.index]
            file.mux(packet)
    return path


def loudness(path):
    """The loudest sample of every tenth of a second of the sound, by its times."""
    tenths = np.zeros(100)
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            samples = np.abs(frame.to_ndarray().astype(float)).reshape(-1, frame.samples).max(0)
            places = (10 * (frame.time + np.arange(frame.samples) / frame.sample_rate)).astype(int)
            np.maximum.at(tenths, places.clip(0), samples)
    return np.trim_zeros(tenths > 0.1, "b")


def test_a_gap_in_sound_that_is_encoded_anew_stays_a_gap(tmp_path):
    whole = add_sound(tmp_path / "whole.mkv", scene(50), "libopus")
    source = VideoSource(without(tmp_path / "in.mkv", whole, 0.5, 1.0))
    heard = loudness(copied(tmp_path / "out.mov", source))
    assert len(heard) in (20, 21)
    assert heard[:5].all() and not heard[6:9].any() and heard[11:20].all()


def test_sound_of_an_unknown_codec_is_left_out_and_said(tmp_path, caplog):
    path = add_sound(tmp_path / "in.mkv", scene(10), "libopus")
    path.write_bytes(path.read_bytes().replace(b"A_OPUS", b"A_NEWS"))
    out = copied(tmp_path / "out.mkv", VideoSource(path))
    assert len(shown(out)) == 10 and "sound in a codec that FFmpeg does not know is left out" in caplog.text


def joined(path, *parts):
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


def test_sound_that_changes_its_rate_costs_no_picture(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(sound_stream.CopiedSound, "fits", lambda stream, container: False)
    parts = [
        add_sound(tmp_path / f"{rate}.ts", scene(50), "mp2", shift=shift, rate=rate)
        for rate, shift in ((48000, 0.0), (44100, 2.0), (48000, 4.0))
    ]
    out = copied(tmp_path / "out.mp4", VideoSource(joined(tmp_path / "in.ts", *parts)))
    assert len(shown(out)) == 150
    assert caplog.text.count("part of its sound cannot be written and is left out (its rate changes") == 1
    heard = loudness(out)
    assert heard[1:19].all() and not heard[22:38].any() and heard[42:59].all()


def test_what_the_container_does_not_take_of_the_sound_costs_no_picture(tmp_path, caplog, monkeypatch):
    def write(self, packet):
        raise av.error.InvalidDataError(1094995529, "Invalid data found when processing input")

    source = VideoSource(add_sound(tmp_path / "in.mp4", scene(20), "aac"))
    monkeypatch.setattr(sound_stream.CopiedSound, "write", write)
    assert len(shown(copied(tmp_path / "out.mp4", source))) == 20
    assert caplog.text.count("left out (Invalid data") == 1


def test_recordings_in_one_file_follow_one_another_with_their_sound(tmp_path, caplog):
    parts = [add_sound(tmp_path / f"{begin}.ts", scene(50), "mp2", begin=begin) for begin in (0.0, 0.5)]
    # The second one's sound begins half a second late, and ends so much later.
    out = copied(tmp_path / "out.mp4", VideoSource(joined(tmp_path / "in.ts", *parts)))
    times = [frame.time for frame in shown(out)]
    assert len(times) == 100 and np.allclose(np.diff(times), 1 / 25, atol=0.001)
    heard = loudness(out)
    assert heard[1:19].all() and not heard[22:24].any() and heard[27:44].all()
    assert caplog.text.count("its clock goes back by") == 1
    assert all(later > earlier for earlier, later in itertools.pairwise(times))


@pytest.mark.parametrize("jitter", [2, 5])
def test_times_in_disorder_set_no_clock_back(tmp_path, caplog, jitter):
    path = add_sound(tmp_path / "in.mkv", scene(50), "aac")
    source, previous = VideoSource(path), -40
    for number, frame in enumerate(shown(path)):
        frame.pts -= number % 10 // 9 * 40 * jitter
        previous = source._time(frame, previous, 40)
    assert previous < 2000 and not caplog.messages
