"""terminal.py COLUMNS [--type TEXT WHEN] COMMAND...: runs COMMAND on a terminal of that width, all
three of its streams, and writes what it draws to standard output as it is. TEXT is typed once WHEN
has been drawn: `\\x03` is Ctrl-C. The exit status is the command's."""

import fcntl
import os
import pty
import struct
import sys
import termios


def main(columns, *command):
    typed, when = b"", None
    if command[0] == "--type":
        typed, when = command[1].encode().decode("unicode_escape").encode(), command[2].encode()
        command = command[3:]
    child, terminal = pty.fork()
    if child == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, int(columns), 0, 0))
        os.execvp(command[0], command)
    drawn = b""
    while True:
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
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


sys.exit(main(*sys.argv[1:]))
