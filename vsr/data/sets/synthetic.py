"""Synthetic scenes: textured layers under known motion, so that flow and occlusion are exact."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from vsr.data.clip import Clips, Window
from vsr.data.exact_motion import ExactMotion, leaves_window


@dataclass(frozen=True)
class Texture:
    """Colour at any point (x, y) of a plane: base + amplitude @ sin(2 pi frequency . (x, y) + phase), clipped to
    [0, 1]. Evaluated where it is needed, never resampled."""

    base: np.ndarray  # (3,)
    amplitude: np.ndarray  # (3, waves)
    frequency: np.ndarray  # (waves, 2), cycles a pixel
    phase: np.ndarray  # (waves,)

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """(N, 2) -> (N, 3)."""
        waves = np.sin(2 * np.pi * points @ self.frequency.T + self.phase)
        return np.clip(self.base + waves @ self.amplitude.T, 0, 1)


@dataclass(frozen=True)
class Layer:
    """A textured shape that moves as a rigid body. Positions are pixels of frame 0; the origin is the top left pixel.

    ``radii`` are those of an ellipse or, where ``box``, half the sides of a rectangle; infinite for a background.
    """

    texture: Texture
    centre: tuple[float, float]
    velocity: tuple[float, float]  # (x, y) pixels a frame
    spin: float = 0.0  # radians a frame, about the centre
    radii: tuple[float, float] = (np.inf, np.inf)
    box: bool = False

    def to_body(self, points: np.ndarray, time: int) -> np.ndarray:
        """Where picture points (N, 2) at ``time`` lie on the body."""
        return (points - self._centre_at(time)) @ self._rotation(time)

    def to_picture(self, body: np.ndarray, time: int) -> np.ndarray:
        """Where body points (N, 2) lie in the picture at ``time``; the inverse of `to_body`."""
        return body @ self._rotation(time).T + self._centre_at(time)

    def covers(self, points: np.ndarray, time: int) -> np.ndarray:
        """Whether picture points (N, 2) at ``time`` are inside the shape; bool (N,)."""
        scaled = np.abs(self.to_body(points, time)) / self.radii
        return scaled.max(axis=1) <= 1 if self.box else (scaled**2).sum(axis=1) <= 1

    def _centre_at(self, time: int) -> np.ndarray:
        return np.asarray(self.centre) + time * np.asarray(self.velocity)

    def _rotation(self, time: int) -> np.ndarray:
        cos, sin = np.cos(self.spin * time), np.sin(self.spin * time)
        return np.array([[cos, -sin], [sin, cos]])


class SyntheticClip:
    """Layers seen from the front, the last one on top; edges are hard, so that every pixel belongs to one layer.

    Args:
        name: of the clip.
        layers: background first; it must cover the picture.
        length: frames.
        size: (H, W).
    """

    def __init__(self, name: str, layers: Sequence[Layer], length: int, size: tuple[int, int]) -> None:
        self.name, self.length, self.size = name, length, size
        self.cuts: Sequence[int] = ()
        self.layers = list(layers)

    def read(self, indices: Sequence[int], window: Window | None = None) -> np.ndarray:
        """See `Clip.read`."""
        window = window or Window(0, 0, *self.size)
        return np.stack([self._frame(time, window) for time in indices])

    def motion(self, indices: Sequence[int]) -> ExactMotion:
        """See `MovingClip.motion`."""
        pairs = list(pairwise(indices))
        to_next = [self._motion(here, there) for here, there in pairs]
        to_previous = [self._motion(there, here) for here, there in pairs]
        flows = [np.array([flow for flow, _ in way], np.float32) for way in (to_next, to_previous)]
        hidden = [np.array([occluded for _, occluded in way], bool) for way in (to_next, to_previous)]
        return ExactMotion(
            *(array.reshape(len(pairs), 2, *self.size) for array in flows),
            *(array.reshape(len(pairs), 1, *self.size) for array in hidden),
        )

    def _frame(self, time: int, window: Window) -> np.ndarray:
        points = _grid(window)
        top = self._top_layer(points, time)
        colour = np.empty((len(points), 3))
        for number, layer in enumerate(self.layers):
            mine = top == number
            colour[mine] = layer.texture(layer.to_body(points[mine], time))
        return np.round(colour * 255).astype(np.uint8).reshape(window.height, window.width, 3)

    def _motion(self, here: int, there: int) -> tuple[np.ndarray, np.ndarray]:
        """Flow (2, H, W) from frame ``here`` to frame ``there``, and which pixels (1, H, W) are not visible there."""
        points = _grid(Window(0, 0, *self.size))
        top = self._top_layer(points, here)
        moved = np.empty_like(points)
        for number, layer in enumerate(self.layers):
            mine = top == number
            moved[mine] = layer.to_picture(layer.to_body(points[mine], here), there)
        covered = np.zeros(len(points), bool)
        for number, layer in enumerate(self.layers):
            covered |= (top < number) & layer.covers(moved, there)
        flow = (moved - points).T.reshape(2, *self.size)
        return flow.astype(np.float32), covered.reshape(1, *self.size) | leaves_window(flow)

    def _top_layer(self, points: np.ndarray, time: int) -> np.ndarray:
        top = np.zeros(len(points), int)
        for number, layer in enumerate(self.layers[1:], start=1):
            top[layer.covers(points, time)] = number
        return top


def _grid(window: Window) -> np.ndarray:
    """Centres (x, y) of the window's pixels, row by row: (N, 2)."""
    y, x = np.mgrid[window.top : window.top + window.height, window.left : window.left + window.width]
    return np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float64)


class SyntheticScenes(Clips):
    """Random scenes: a moving background and a few opaque shapes, each with its own texture, sub-pixel velocity and,
    for some, a slow rotation.

    Args:
        clips: how many.
        frames: length of each.
        size: side of the square picture.
        seed: of everything; clip i depends on (seed, i) alone.
        shapes: opaque shapes in front of the background.
        speed: greatest velocity in pixels a frame.
    """

    def __init__(self, clips: int, frames: int, size: int, seed: int, shapes: int = 3, speed: float = 3.0) -> None:
        super().__init__([_random_clip(index, frames, size, seed, shapes, speed) for index in range(clips)])


def _random_clip(index: int, frames: int, size: int, seed: int, shapes: int, speed: float) -> SyntheticClip:
    rng = np.random.default_rng((seed, index))
    layers = [Layer(_random_texture(rng), (0.0, 0.0), _random_velocity(rng, speed))]
    layers += [_random_shape(rng, frames, size, speed) for _ in range(shapes)]
    return SyntheticClip(f"scene_{index:04d}", layers, frames, (size, size))


def _random_shape(rng: np.random.Generator, frames: int, size: int, speed: float) -> Layer:
    velocity = _random_velocity(rng, speed)
    halfway = rng.uniform(0.2, 0.8, 2) * size  # in view in the middle of the clip
    x, y = halfway - np.asarray(velocity) * frames / 2
    wide, high = rng.uniform(0.08, 0.22, 2) * size
    spin = rng.uniform(-0.03, 0.03) if rng.random() < 0.5 else 0.0
    return Layer(_random_texture(rng), (x, y), velocity, spin, (wide, high), box=bool(rng.random() < 0.5))


def _random_velocity(rng: np.random.Generator, speed: float) -> tuple[float, float]:
    length, angle = speed * np.sqrt(rng.random()), rng.uniform(0, 2 * np.pi)
    return length * np.cos(angle), length * np.sin(angle)


def _random_texture(rng: np.random.Generator, waves: int = 24) -> Texture:
    frequency = np.exp(rng.uniform(np.log(1 / 48), np.log(0.4), waves))
    angle = rng.uniform(0, np.pi, waves)
    colour = rng.normal(size=(1, waves)) + 0.4 * rng.normal(size=(3, waves))  # mostly light and dark
    amplitude = colour / np.sqrt(frequency)  # natural pictures have less power in fine detail
    amplitude *= 0.2 / np.sqrt((amplitude**2).sum(axis=1, keepdims=True) / 2)  # 0.2 root mean square a channel
    return Texture(
        base=rng.uniform(0.3, 0.7, 3),
        amplitude=amplitude,
        frequency=frequency[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1),
        phase=rng.uniform(0, 2 * np.pi, waves),
    )
