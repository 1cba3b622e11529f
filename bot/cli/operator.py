"""Names the operator at the command line for history."""

import os
import pwd
import re

_LONGEST = 64


def operator() -> str:
    """Return `operator:` and the login name of this process's user, or the user id if there is no name, as in many
    containers. Environment variables are ignored: anybody can set them."""
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        name = f"uid-{os.getuid()}"
    return f"operator:{re.sub(r'[^A-Za-z0-9._@+-]', '_', name)[:_LONGEST]}"
