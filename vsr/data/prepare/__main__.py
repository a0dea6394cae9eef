"""``python -m vsr.data.prepare SOURCE... --output DIR``."""

from vsr.data.prepare.command import main

if __name__ == "__main__":
    main()
