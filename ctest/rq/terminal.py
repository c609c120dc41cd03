"""terminal.py COLUMNS [--type TEXT WHEN] COMMAND...: runs COMMAND on a terminal of that width, all
three of its streams, and writes what it draws to standard output as it is. TEXT is typed once WHEN
has been drawn; ^C, ^D and ^J (Enter) in it are keys. The exit status is the shell's for it."""

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios

HANG_S = 60
KEYS = {b"^C": b"\x03", b"^D": b"\x04", b"^J": b"\n"}


def main(columns, *command):
    typed, when = b"", None
    if command[0] == "--type":
        typed, when = command[1].encode(), command[2].encode()
        for name, key in KEYS.items():
            typed = typed.replace(name, key)
        command = command[3:]
    child, terminal = pty.fork()
    if child == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, int(columns), 0, 0))
        os.execvp(command[0], command)
    drawn = b""
    while True:
        if not select.select([terminal], [], [], HANG_S)[0]:
            os.kill(child, signal.SIGKILL)
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # Linux says EIO where others say 0 bytes: the command has ended
            break
        if not piece:
            break
        drawn += piece
        if when and when in drawn:
            when = None
            os.write(terminal, typed)
    sys.stdout.buffer.write(drawn)
    sys.stdout.flush()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return code if code >= 0 else 128 - code


sys.exit(main(*sys.argv[1:]))
