"""`doctor`: what prevents a hub from working on this computer, and what to do about it. Nothing is written or changed.

computer.py     what checks read of the computer: files below its root, processes, who holds a file or a port
context.py      what checks look at: the configuration, the chosen devices, a running hub
…_checks.py     the checks of one subject, each a function from the context to findings
table.py        all checks, with their time limits
running.py      runs them one after the other, each within its limit
"""
