"""Who works at the command line, as history names them."""

import os
import pwd
import re

_LONGEST = 64


def operator() -> str:
    """`operator:` and the login name of this process's user; their number where the machine knows no name, as in many
    containers. What the environment says is not asked: anybody can set it."""
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        name = f"uid-{os.getuid()}"
    return f"operator:{re.sub(r'[^A-Za-z0-9._@+-]', '_', name)[:_LONGEST]}"
