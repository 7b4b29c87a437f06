"""Turning a trained network into an ONNX graph with its report and its card."""
