"""Throw-away environments for what we measure ourselves against; none of it is a dependency of the project."""

import subprocess
import sys
from pathlib import Path

PEERS = Path("build/peers")
_TORCH = "torch==2.13.0"
# torchvision is built for another torch on some machines: it is taken without its requirements.
_PACKAGES: dict[str, tuple[tuple[str, ...], ...]] = {
    "ultralytics": (
        (_TORCH, "numpy", "opencv-python-headless", "pillow", "pyyaml", "requests", "psutil", "matplotlib", "polars"),
        ("--no-deps", "torchvision==0.28.0", "ultralytics==8.4.190", "ultralytics-thop"),
        ("onnx==1.23.2", "onnxruntime==1.32.0", "onnxslim"),
    ),
    "libreyolo": (
        (_TORCH, "numpy", "opencv-python-headless", "pillow", "pyyaml", "requests", "tqdm", "pycocotools"),
        ("typer", "safetensors", "scipy", "cloudpickle"),
        ("--no-deps", "torchvision==0.28.0", "libreyolo==1.6.0", "mss"),
    ),
}


def peer_python(name: str) -> Path:
    """Return the interpreter of a peer's environment, making it where it is not there yet.

    Raises:
        subprocess.CalledProcessError: a package could not be installed.
    """
    folder = (PEERS / name).resolve()
    python, done = folder / "bin" / "python", folder / ".done"
    if not done.is_file():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, timeout=300)
        for group in _PACKAGES[name]:
            command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *group]
            subprocess.run(command, check=True, timeout=1800)
        done.touch()
    return python
