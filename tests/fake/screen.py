"""A terminal for tests: a program on a real pty, and the screen that somebody would see.

The screen knows what vmlaunch may send and no more: text, CR, LF, BS, and of the sequences of ECMA-48 cursor up,
down, right, left (A to D), home (H), erase (J, K), modes of bracketed paste. All else is kept in `odd`: there, a
sequence that came from a guest shows.
"""
import codecs
import fcntl
import os
import pty
import re
import select
import struct
import termios
import time
import unicodedata

from fakes import SOON
from tap import stretched

SEQUENCE = re.compile(r"\x1b\[([0-9;?]*)([@-~])")


class Screen:
    def __init__(self, columns=80, rows=24):
        self.columns, self.rows = columns, rows
        self.lines = [""]  # all that was ever shown, the screen being the last rows of it
        self.row = self.column = 0
        self.odd, self.pending = [], ""

    def top(self):
        return max(0, len(self.lines) - self.rows)

    def put(self, character):
        width = 2 if unicodedata.east_asian_width(character) in "WF" else 1 if not unicodedata.combining(character) else 0
        if self.column + width > self.columns:
            self.feed_line()
            self.column = 0
        line = self.lines[self.row].ljust(self.column)
        # A wide character is followed by a mark for its second place.
        self.lines[self.row] = line[:self.column] + character + "\ue000" * (width - 1) + line[self.column + width:]
        self.column += width

    def feed_line(self):
        self.row += 1
        if self.row == len(self.lines):
            self.lines.append("")

    def sequence(self, parameters, last):
        n = int(parameters) if parameters.isdigit() else 1
        if last == "A":
            self.row = max(self.top(), self.row - n)
        elif last == "B":
            self.row = min(len(self.lines) - 1, self.row + n)
        elif last == "C":
            self.column = min(self.columns - 1, self.column + n)
        elif last == "D":
            self.column = max(0, self.column - n)
        elif last == "H" and not parameters:
            self.row, self.column = self.top(), 0
        elif last == "J" and parameters in ("", "2"):
            if parameters == "2":
                self.lines[self.top():] = [""]
                self.row, self.column = len(self.lines) - 1, 0
            self.lines[self.row] = self.lines[self.row][:self.column]
            del self.lines[self.row + 1:]
        elif last == "K" and not parameters:
            self.lines[self.row] = self.lines[self.row][:self.column]
        elif (parameters, last) not in (("?2004", "h"), ("?2004", "l")):
            self.odd.append(f"ESC [ {parameters} {last}")

    def feed(self, text):
        text = self.pending + text
        self.pending, at = "", 0
        while at < len(text):
            c = text[at]
            found = SEQUENCE.match(text, at)
            if found:
                self.sequence(*found.groups())
                at = found.end()
                continue
            if c == "\x1b" and re.fullmatch(r"\x1b(\[[0-9;?]*)?", text[at:]):
                self.pending = text[at:]
                return
            at += 1
            if c == "\r":
                self.column = 0
            elif c == "\n":
                self.feed_line()
            elif c == "\b":
                self.column = max(0, self.column - 1)
            elif unicodedata.category(c) in ("Cc", "Cf"):
                self.odd.append(repr(c))
            else:
                self.put(c)

    def text(self):
        return "\n".join(line.rstrip().replace("\ue000", "") for line in self.lines)

    def line(self):
        """The row of the cursor, to its end."""
        return self.lines[self.row].rstrip().replace("\ue000", "")


class Terminal:
    """`vmlaunch WORDS` as the foreground of a terminal of its own."""

    def __init__(self, place, *words, kind="xterm", columns=80, rows=24, env=None):
        self.ours, self.theirs = pty.openpty()
        self.screen = Screen(columns, rows)
        self.bytes = b""
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.prompt = None
        self.resize(columns, rows)
        self.before = termios.tcgetattr(self.theirs)
        self.child = place.start(
            *words, stdin=self.theirs, stdout=self.theirs, stderr=self.theirs, start_new_session=True,
            env={"TERM": kind, **(env or {})}, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))

    def resize(self, columns, rows=24):
        self.screen.columns, self.screen.rows = columns, rows
        fcntl.ioctl(self.ours, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self, seconds):
        """Takes what there is, or comes within so long; False for silence."""
        if not select.select([self.ours], [], [], seconds)[0]:
            return False
        data = os.read(self.ours, 65536)
        self.bytes += data
        self.screen.feed(self.decoder.decode(data))
        return True

    def wait(self, condition, what="it"):
        """Reads until condition() holds; a text: until the screen has it."""
        there = condition if callable(condition) else lambda: condition in self.screen.text()
        end = time.monotonic() + stretched(SOON)
        while not there():
            # In steps: what is waited for may be in a file, and nothing more come to the screen.
            if not self.read(0.05) and time.monotonic() > end:
                raise AssertionError(f"waited in vain for {condition if isinstance(condition, str) else what!r}; "
                                     f"the screen:\n{self.screen.text()}")
        return self

    def type(self, text):
        os.write(self.ours, text.encode())
        return self

    def wait_line(self, text):
        """Until the cursor's row is this."""
        return self.wait(lambda: self.screen.line() == text, f"the line {text!r}")

    def at(self, prompt):
        """Until the shell waits for a line behind this prompt, which is the one to come back to from now on."""
        self.prompt = prompt
        return self.wait_line(prompt)

    def taken(self):
        """The rows above the cursor's that begin with a prompt of the shell's: a line stays there when it was taken,
        and no sooner, as the shell takes it off the screen before it prints something else."""
        start = re.compile(re.escape(self.prompt.split(" [")[0]) + r"( \[[a-z-]+\])? >")
        return [row for row, line in enumerate(self.screen.lines[:self.screen.row]) if start.match(line)]

    def answer(self):
        """What stands below the last line that was taken."""
        rows = self.taken()
        return "\n" + "\n".join(self.screen.text().split("\n")[rows[-1] + 1 if rows else 0:])

    def enter(self, keys="", *answers, lines=1, back=True):
        """Types keys and Enter; until so many lines were taken, each of answers stands below the last, and the prompt
        (another than before: back="q [paused] >"; none: back=False) is there anew. The prompt alone shows nothing: it
        stands there before the shell has read a key, too."""
        before = len(self.taken())
        self.type(keys + "\r")
        self.wait(lambda: len(self.taken()) >= before + lines, f"the end of {keys!r}")
        return self.back(*answers, prompt=back)

    def back(self, *answers, prompt=True):
        """Until each of answers stands below the last line that was taken, and the prompt is there again."""
        self.prompt = prompt if isinstance(prompt, str) else self.prompt
        for text in answers:
            self.wait(lambda: text in self.answer(), f"{text!r} below {self.prompt!r}")
        return self.wait_line(self.prompt) if prompt else self

    def ends(self):
        """The exit status; what was still written is on the screen."""
        end = time.monotonic() + stretched(SOON)
        while self.child.poll() is None:
            assert time.monotonic() < end, f"it does not end:\n{self.screen.text()}"
            self.read(0.05)
        while self.read(0):
            pass
        return self.child.returncode

    def settings(self):
        return termios.tcgetattr(self.theirs)

    def hang_up(self):
        os.close(self.theirs)
        os.close(self.ours)
