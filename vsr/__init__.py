"""Recurrent video super-resolution with the whole perceptual loss stack.

Shape legend, used in every docstring: B clips, T frames, C channels (RGB), H and W the high-resolution (HR)
height and width, h and w the low-resolution (LR) ones, N = B*T frames. Video is ``(B, T, C, H, W)`` float in
[0, 1], or uint8 between reader and device. Flow is ``(B, T-1, 2, H, W)``, (dx, dy) in pixels of its own grid.
"""

__version__ = "0.1.0"
