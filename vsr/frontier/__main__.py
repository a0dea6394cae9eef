"""``python -m vsr.frontier DIR... --x METRIC --y METRIC``."""

from vsr.frontier.command import main

if __name__ == "__main__":
    main()
