"""From the camera to a photograph worth analysing: frames, faces, the quality gate, the session.

Start at `session.CaptureSession` (what happens when) and `gate.QualityGate` (what is good enough);
`camera.Camera` and `landmarks.FaceLandmarker` are the ports behind which hardware and models sit.
"""
