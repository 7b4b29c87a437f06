"""Running any exported graph on the processor, one thread."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from onnxruntime.capi.onnxruntime_pybind11_state import Fail, InvalidArgument, InvalidGraph, InvalidProtobuf

from models.errors import ArtifactCorruptError, DataMissingError
from models.evaluation.runner import on_one_thread

# The runtime's errors share no base but Exception.
_UNLOADABLE = (Fail, InvalidArgument, InvalidGraph, InvalidProtobuf)


class Graph:
    """One ONNX graph with one input."""

    def __init__(self, path: Path) -> None:
        """Load the graph.

        Raises:
            DataMissingError: there is no such file.
            ArtifactCorruptError: the runtime cannot load it, or it does not take one square picture.
        """
        if not path.is_file():
            raise DataMissingError(f"{path} is not there: export it first, or check the folder")
        try:
            self._session = on_one_thread(path)
        except _UNLOADABLE as error:
            raise ArtifactCorruptError(f"{path} is not a graph that can be loaded: export it again") from error
        inputs = self._session.get_inputs()
        shape = inputs[0].shape if len(inputs) == 1 else []
        if len(shape) != 4 or shape[1] != 3 or not isinstance(shape[2], int) or shape[2] != shape[3]:
            raise ArtifactCorruptError(f"{path} does not take one square picture (N, 3, S, S): export it again")
        self._input = inputs[0].name
        self._outputs = [output.name for output in self._session.get_outputs()]
        self.side = int(shape[2])

    def run(self, pictures: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Return the outputs by name for pictures (N, 3, S, S) in 0..1."""
        values = self._session.run(self._outputs, {self._input: pictures})
        return {name: np.asarray(value, np.float32) for name, value in zip(self._outputs, values, strict=True)}
