"""Frames as networks want them: turned, and plane by plane."""

from __future__ import annotations

import cv2
import numpy as np

from vsr.data.augmentation import Augmentation


def planes(frames: np.ndarray, augmentation: Augmentation) -> np.ndarray:
    """(T, H, W, 3) uint8 -> the augmented frames, (T, 3, H', W') in memory of their own.

    By OpenCV, whose loops are vectorised: NumPy's walk the strides byte by byte and take several times longer.
    """
    length, height, width, channels = frames.shape
    size = (width, height) if augmentation.transpose else (height, width)
    turned = np.empty((length, channels, *size), np.uint8)
    for planes_of_frame, frame in zip(turned[::-1] if augmentation.reverse else turned, frames, strict=True):
        cv2.split(_turned(frame, augmentation), list(planes_of_frame))
    return turned


def _turned(frame: np.ndarray, augmentation: Augmentation) -> np.ndarray:
    if augmentation.mirror_x:
        frame = cv2.flip(frame, -1 if augmentation.mirror_y else 1)
    elif augmentation.mirror_y:
        frame = cv2.flip(frame, 0)
    return cv2.transpose(frame) if augmentation.transpose else frame
