"""The tests. What they start computes beside others: threads that wait do not keep a core busy."""

import os

# read by OpenBLAS and OpenMP when NumPy and torch load
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
