"""Video super-resolution generators: LR clip in, SR clip out."""

from vsr.generators.basicvsr import BasicVSR
from vsr.generators.generator import Generator
from vsr.generators.modulation import Modulation

__all__ = ["BasicVSR", "Generator", "Modulation"]
