"""``python -m streams`` and the command ``threadwatch``."""

import sys


def main() -> None:
    """Run the command line and exit with its code; an unexpected error is printed and exits 70."""
    from streams.cli.main import main as run

    sys.exit(run())


if __name__ == "__main__":
    main()
