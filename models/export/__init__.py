"""Turning a trained network into the ONNX artifact, its sidecar and its card."""
