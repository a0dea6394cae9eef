"""``python -m vsr.assets list | fetch NAME... | where``."""

from vsr.assets.command import main

main()
