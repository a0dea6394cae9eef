"""Raw sources of frames, which frames a step sees, and the loaders."""

from vsr.data.clip import Clip, Clips, MovingClip
from vsr.data.clip_sampler import ClipSampler
from vsr.data.datamodule import ClipDataModule
from vsr.data.evaluation_clips import EvaluationClips
from vsr.data.folders import folder_data, folder_split
from vsr.data.frames import FrameClip, FrameFolder
from vsr.data.lmdb import LmdbClip, LmdbFolder
from vsr.data.mixture import Mixture, mixture_data
from vsr.data.paired import Paired
from vsr.data.paired_folders import clips_below, paired_data, paired_split
from vsr.data.published import benchmark
from vsr.data.reds import reds_data, reds_split
from vsr.data.sample import SampleVideos
from vsr.data.sampler import StepSampler
from vsr.data.store import StoredClip, StoreFolder
from vsr.data.synthetic import SyntheticScenes
from vsr.data.training_clips import TrainingClips
from vsr.data.video import VideoClip, VideoFolder
from vsr.data.vimeo90k import vimeo90k_data

__all__ = [
    "Clip",
    "ClipDataModule",
    "ClipSampler",
    "Clips",
    "EvaluationClips",
    "FrameClip",
    "FrameFolder",
    "LmdbClip",
    "LmdbFolder",
    "Mixture",
    "MovingClip",
    "Paired",
    "SampleVideos",
    "StepSampler",
    "StoreFolder",
    "StoredClip",
    "SyntheticScenes",
    "TrainingClips",
    "VideoClip",
    "VideoFolder",
    "benchmark",
    "clips_below",
    "folder_data",
    "folder_split",
    "mixture_data",
    "paired_data",
    "paired_split",
    "reds_data",
    "reds_split",
    "vimeo90k_data",
]
