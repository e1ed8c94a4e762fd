"""Raw sources to checked, canonical tables."""

import os

# pandera sets this to "1" as it is imported, for the sake of pyspark, and pyarrow would then take
# 09:00+08:00 for 09:00Z wherever it is given times of Python.
os.environ["PYARROW_IGNORE_TIMEZONE"] = ""
