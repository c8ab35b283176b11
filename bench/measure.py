"""Runs one program and prints how it went, one `key value` a line. Standard library only, on purpose.

Linux hands a parent's resident set down to a child at fork and keeps the maximum, so a program that is
started by a large process is reported as large. This launcher is small (about 10 MB): that is the floor
of what is reported as peak memory. Started as `python -I -S measure.py TIMEOUT STDERR COMMAND...`.
"""

import os
import signal
import sys
import time

timeout, stderr_path, command = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
devnull = os.open(os.devnull, os.O_RDWR)
stderr = os.open(stderr_path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
timed_out = False
start = time.monotonic()
child = os.fork()
if child == 0:
    os.setpgid(0, 0)
    with open("/proc/self/oom_score_adj", "w") as file:  # if memory runs out, this is the program to blame
        file.write("1000")
    os.dup2(devnull, 0)
    os.dup2(devnull, 1)
    os.dup2(stderr, 2)
    try:
        os.execvp(command[0], command)
    except OSError as error:
        os.write(2, f"{command[0]}: {error.strerror}\n".encode())
        os._exit(127)


def stop(signum, frame):
    global timed_out
    timed_out = signum == signal.SIGALRM
    os.kill(child, signal.SIGKILL)


for name in (signal.SIGALRM, signal.SIGTERM, signal.SIGINT):
    signal.signal(name, stop)
signal.alarm(timeout)
_, status, usage = os.wait4(child, 0)
wall = time.monotonic() - start
print("code", "timeout" if timed_out else os.waitstatus_to_exitcode(status))
print("wall", f"{wall:.4f}")
print("cpu", f"{usage.ru_utime + usage.ru_stime:.4f}")
print("rss", usage.ru_maxrss * 1024)
