"""The command line: `fenghuo VERB …`, the desk's actions for scripts and for whoever has no window.

`parser` is only argparse and tables, so that `--help` and usage errors start at once. `run` decides who carries a verb
out: the program that has the profile open (over its control socket), or this process after unlocking it. `verbs` holds
the functions, one group a module; they write JSON or short lines to the output they are handed and never to a terminal
of their own. Exit 0 done, 1 refused or failed with one clear sentence, 2 bad usage.
"""
