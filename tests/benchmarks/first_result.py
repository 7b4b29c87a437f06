"""One process from its start to its first result: `python -m tests.benchmarks.first_result BUNDLE FACES PHOTO`.

Prints the machine's monotonic clock at the first result and the peak resident memory as JSON; whoever started the
process knows when that was.
"""

import json
import sys
import time
from pathlib import Path

from edge.analysis.settings import AnalysisSettings
from edge.vision import load_vision
from shared.imaging.decode import ImageLimits, decode_image


def main(bundle: str, faces: str, photo: str) -> None:
    """Analyse one photograph and report."""
    vision = load_vision(AnalysisSettings(face_models=Path(faces), bundle=Path(bundle)))
    image = decode_image(Path(photo).read_bytes(), ImageLimits())
    found = vision.landmarker.detect(image)
    result = vision.pipeline.analyse(image, found[0] if found else None)
    done = time.monotonic()
    # Not getrusage: its peak begins with what the process held that started this one.
    status = Path("/proc/self/status").read_text()
    peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024
    print(json.dumps({"done": done, "megabytes": peak, "findings": len(result.findings)}))


if __name__ == "__main__":
    main(*sys.argv[1:4])
