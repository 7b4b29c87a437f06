"""YOLOv10 (arXiv 2405.14458) in plain PyTorch: blocks, head, network, assignment, losses.

Start at `network.build_yolov10`; `tests/models/yolov10` asserts every block's parameter count.
"""
