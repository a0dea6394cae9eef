"""Raw sources of frames, which frames a step sees, and the loaders."""

from vsr.data.clip import Clip, Clips, MovingClip
from vsr.data.datamodule import ClipDataModule
from vsr.data.evaluation_clips import EvaluationClips
from vsr.data.folders import benchmark, folder_data
from vsr.data.frames import FrameClip, FrameFolder
from vsr.data.sample import SampleVideos
from vsr.data.sampler import StepSampler
from vsr.data.synthetic import SyntheticScenes
from vsr.data.training_clips import TrainingClips
from vsr.data.video import VideoClip, VideoFolder

__all__ = [
    "Clip",
    "ClipDataModule",
    "Clips",
    "EvaluationClips",
    "FrameClip",
    "FrameFolder",
    "MovingClip",
    "SampleVideos",
    "StepSampler",
    "SyntheticScenes",
    "TrainingClips",
    "VideoClip",
    "VideoFolder",
    "benchmark",
    "folder_data",
]
