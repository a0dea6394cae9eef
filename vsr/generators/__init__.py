"""Video super-resolution generators: LR clip in, SR clip out."""

from vsr.generators.basicvsr import BasicVSR
from vsr.generators.basicvsr_pp import BasicVSRPlusPlus
from vsr.generators.flow_net import FlowNet
from vsr.generators.generator import Generator
from vsr.generators.modulation import Modulation
from vsr.generators.recurrent import Recurrent
from vsr.generators.stochastic import Stochastic

__all__ = ["BasicVSR", "BasicVSRPlusPlus", "FlowNet", "Generator", "Modulation", "Recurrent", "Stochastic"]
