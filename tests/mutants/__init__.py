"""Broken copies of the bot: a rule, the change that breaks it, and the test that must notice.

`make mutants` applies each change to a copy of the tree and runs only what must notice it. A change is named by a
function and a text in it, never by a file, so that the list outlives moves of code between modules.
"""
