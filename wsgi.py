"""What a web server and the commands load.

Hardly anything made while the application is loaded is ever thrown away: looking for garbage among it costs
a fifth of a start.
"""

import gc

gc.disable()

from clinic.app import create_app  # noqa: E402

app = create_app()
gc.freeze()
gc.enable()
