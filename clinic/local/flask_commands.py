"""Several flask commands in one process, because importing the application costs more than most of them.

`python -m clinic.local.flask_commands "db upgrade" "demo load --if-empty"` runs them in order and stops at
the first that fails. On standard output each command's own output follows a line that names it.
"""

from __future__ import annotations

import os
import shlex
import sys

from click import ClickException
from flask.cli import FlaskGroup, ScriptInfo

from clinic.local.supervisor import MARK


def main(commands: list[str]) -> int:
    """Run the commands on one application; the exit code of the first that fails, or 0."""
    group = FlaskGroup()
    info = ScriptInfo(app_import_path=os.environ.get("FLASK_APP", "wsgi.py"))
    info.load_app()  # flask itself would only say that there is no such command
    for command in commands:
        print(f"{MARK}{command}", flush=True)
        try:
            group.main(shlex.split(command), prog_name="flask", standalone_mode=False, obj=info)
        except ClickException as error:
            error.show()
            return error.exit_code
        except SystemExit as ended:
            if ended.code:
                return ended.code if isinstance(ended.code, int) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
