"""A visit's photographs: taken in (`intake.py`), kept as rows (`projection.py`), looked at again (`library.py`)."""
