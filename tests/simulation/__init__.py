"""The whole bot in one thread, driven by a seed: histories full of faults, and a checker that trusts nobody.

| module | holds |
|---|---|
| `seeds`, `plan` | what a seed draws; the steps it draws them from |
| `world` | one history: the steps carried out, then all that is left settled without faults |
| `people` | what people type, fill in and press |
| `scheduler`, `process`, `threads`, `clock` | whose turn it is; one life of one bot, halted or killed at boundaries |
| `wires` | the boundaries on the ways to Fincart and Slack |
| `witness`, `checker`, `decisions` | what is held to the promises: each call as it leaves; the end; who decided what |
| `people_told` | likewise: who was to be told of what |
| `happened` | what must have happened in so many histories |
| `rows`, `due`, `stores` | the database read from outside; what is due in it; a fresh one of either kind |
| `runs`, `__main__` | many plans one after another; a failure made smaller; `make simulate` |
| `before`, `commits` | the version before, loaded beside this one for one of the processes; versions out of git |
| `broken` | copies of the bot with one rule broken, each of which must be caught |
"""
