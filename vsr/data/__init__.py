"""Raw sources of frames, which frames a step sees, and the loaders."""

from vsr.data.clip import Clip, Clips, MovingClip
from vsr.data.clip_sampler import ClipSampler
from vsr.data.datamodule import ClipDataModule
from vsr.data.evaluation_clips import EvaluationClips
from vsr.data.files.frames import FrameClip, FrameFolder
from vsr.data.files.video import VideoClip, VideoFolder
from vsr.data.paired import Paired
from vsr.data.sampler import StepSampler
from vsr.data.sets.folders import folder_data, folder_split
from vsr.data.sets.lmdb import LmdbClip, LmdbFolder
from vsr.data.sets.mixture import Mixture, mixture_data
from vsr.data.sets.paired_folders import clips_below, paired_data, paired_split
from vsr.data.sets.published import benchmark
from vsr.data.sets.reds import reds_data, reds_split
from vsr.data.sets.sample import SampleVideos
from vsr.data.sets.synthetic import SyntheticScenes
from vsr.data.sets.vimeo90k import vimeo90k_data
from vsr.data.store.folder import StoredClip, StoreFolder
from vsr.data.training_clips import TrainingClips

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
