"""What a result is kept with: when, and on what."""

import datetime
import os
import platform


def about():
    return {
        "date": datetime.date.today().isoformat(), "machine": platform.machine(), "kernel": platform.release(), "cores": os.cpu_count(),
        "load_before": os.getloadavg()[0],
    }
