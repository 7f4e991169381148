# Runs the Python statements of a suite in a machine.
#
# The first line of standard input says, as JSON, how to run a program in the
# machine; each further one is a part of the suite, or of one that is only to be
# checked. The answer to each part is a line on descriptor 3. All parts see one
# another's names. Whatever is printed is the log.
#
# The functions are those that NixOS documents for its test driver, as far as they
# make sense without a virtual machine.

import contextlib
import io
import json
import os
import queue
import shlex
import signal
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import traceback
import unittest

# What NixOS's driver waits for at most, in seconds.
USUAL = 900

# How many lines of what a command printed stand in a message.
SHOWN = 20


class Failure(Exception):
    """What a suite asks for does not hold."""


def log(text):
    print(f"[{time.strftime('%H:%M:%S')}] {text}", flush=True)


def last_lines(text):
    return "\n".join("  " + line for line in text.rstrip("\n").split("\n")[-SHOWN:])


def said(*outputs):
    text = "".join(outputs)
    return f"; it printed:\n{last_lines(text)}" if text.strip() else ""


class Machine:
    def __init__(self, executable, args, environment, timeout, name="machine"):
        self.name = name
        self._executable, self._args, self._environment = executable, args, environment
        # What waits for something waits so long; commands may take any time,
        # unless the whole suite was given one.
        self._wait = timeout or USUAL
        self._limit = timeout or None
        self._errors = ""  # what the last command printed to standard error

    def __getattr__(self, name):
        raise AttributeError(f"machine.{name} is not there without a virtual machine")

    def log(self, text):
        log(text)

    def start(self, allow_reboot=False):
        """It runs already."""

    def sleep(self, secs):
        time.sleep(secs)

    def _run(self, command, timeout, stdin=subprocess.DEVNULL, data=None):
        words = [*self._args, "bash", "-c", "set -euo pipefail; " + command]
        with tempfile.TemporaryFile() as errors:
            process = subprocess.Popen(
                words, executable=self._executable, env=self._environment,
                stdin=stdin, stdout=subprocess.PIPE, stderr=errors, start_new_session=True,
            )
            status = None
            try:
                output, _ = process.communicate(data, timeout)
            except subprocess.TimeoutExpired:
                status = 124  # as timeout(1)
                output = self._end(process)
            errors.seek(0)
            self._errors = errors.read().decode(errors="replace")
        if self._errors:
            print(self._errors, end="" if self._errors.endswith("\n") else "\n", flush=True)
        return process.returncode if status is None else status, output.decode(errors="replace")

    def _end(self, process):
        for end in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, end)
            try:
                return process.communicate(timeout=2)[0]
            except subprocess.TimeoutExpired as expired:
                output = expired.output or b""
        process.stdout.close()  # somebody else has it as well
        return output

    def execute(self, command, check_return=True, check_output=True, timeout=USUAL):
        """Gives the exit code, 124 if the time was up, and the standard output."""
        if timeout == USUAL:
            timeout = self._wait
        status, output = self._run(command, timeout)
        return (status if check_return else -1), (output if check_output else "")

    def _all(self, what, commands, timeout, holds):
        output = ""
        for command in commands:
            log(f"{what}: {command}")
            limit = timeout or self._limit
            status, printed = self._run(command, limit)
            if status == 124 and limit:
                raise Failure(f"command `{command}` did not end within {limit} s{said(printed, self._errors)}")
            if not holds(status):
                problem = "unexpectedly succeeded" if status == 0 else f"failed (exit code {status})"
                raise Failure(f"command `{command}` {problem}{said(printed, self._errors)}")
            output += printed
        return output

    def succeed(self, *commands, timeout=None):
        return self._all("must succeed", commands, timeout, lambda status: status == 0)

    def fail(self, *commands, timeout=None):
        return self._all("must fail", commands, timeout, lambda status: status != 0)

    def _until(self, what, command, timeout, holds):
        timeout = timeout or self._wait
        last = []

        def attempt(_):
            # The last attempt has no longer than the others.
            last[:] = self._run(command, timeout)
            return holds(last[0])

        log(f"waiting until {what}: {command}")
        if not tried(attempt, timeout):
            raise Failure(f"command `{command}` did not {what.removesuffix('s')} within {timeout} s, last with exit code {last[0]}{said(last[1], self._errors)}")
        return last[1]

    def wait_until_succeeds(self, command, timeout=None):
        return self._until("succeeds", command, timeout, lambda status: status == 0)

    def wait_until_fails(self, command, timeout=None):
        return self._until("fails", command, timeout, lambda status: status != 0)

    def _wait_for(self, what, problem, timeout, attempt):
        timeout = timeout or self._wait
        log(f"waiting for {what}")
        if not tried(attempt, timeout):
            raise Failure(f"{problem} within {timeout} s")

    def _listens(self, addr, port):
        # nc(1) is not everywhere, and has several forms.
        return self._run(f"(: </dev/tcp/{shlex.quote(addr)}/{int(port)}) 2>/dev/null", 10)[0] == 0

    def wait_for_open_port(self, port, addr="localhost", timeout=None):
        self._wait_for(f"TCP port {port} on {addr}", f"nobody listened on TCP port {port} of {addr}", timeout,
                       lambda _: self._listens(addr, port))

    def wait_for_closed_port(self, port, addr="localhost", timeout=None):
        self._wait_for(f"TCP port {port} on {addr} to be closed", f"TCP port {port} of {addr} was not closed", timeout,
                       lambda _: not self._listens(addr, port))

    def wait_for_file(self, filename, timeout=None):
        self._wait_for(f"file '{filename}'", f"there was no file '{filename}'", timeout,
                       lambda _: self._run(f"test -e {shlex.quote(filename)}", 10)[0] == 0)

    def systemctl(self, q, user=None):
        if user is None:
            return self.execute(f"systemctl {q}")
        command = f"XDG_RUNTIME_DIR=/run/user/$(id -u) systemctl --user {q}"
        return self.execute(f"su -l {shlex.quote(user)} --shell /bin/sh -c {shlex.quote(command)}")

    def get_unit_info(self, unit, user=None):
        status, output = self.systemctl(f"--no-pager show {shlex.quote(unit)}", user)
        if status != 0:
            raise Failure(f"systemctl can't tell of unit {unit} (exit code {status}){said(output, self._errors)}")
        return dict(line.split("=", 1) for line in output.split("\n") if "=" in line)

    def get_unit_property(self, unit, property, user=None):
        return self.get_unit_info(unit, user)[property]

    def require_unit_state(self, unit, require_state="active"):
        state = self.get_unit_property(unit, "ActiveState")
        if state != require_state:
            raise Failure(f"unit {unit} is {state}, not {require_state}")

    def wait_for_unit(self, unit, user=None, timeout=None):
        def active(_):
            info = self.get_unit_info(unit, user)
            state = info["ActiveState"]
            if state == "failed" or state == "inactive" and info.get("Job", "0") in ("0", ""):
                raise Failure(f"unit {unit} is {state}" + ("" if state == "failed" else ", and nothing is to start it"))
            return state == "active"

        self._wait_for(f"unit {unit}", f"unit {unit} was not active", timeout, active)

    def copy_from_host(self, source, target):
        """Copies a file or a directory of the host, as cp -r does."""
        source = os.path.abspath(source)
        if self.execute(f"test -d {shlex.quote(target)}")[0] == 0:
            target = os.path.join(target, os.path.basename(source))
        directory, name = os.path.split(target)
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            archive.add(source, arcname=name, filter=owned_by_root)
        directory = shlex.quote(directory or ".")
        status, output = self._run(f"mkdir -p {directory}; tar -xf - -C {directory}", self._wait, subprocess.PIPE, packed.getvalue())
        if status != 0:
            raise Failure(f"{source} can't be copied to {target} (exit code {status}){said(output, self._errors)}")


def owned_by_root(info):
    info.uid = info.gid = 0
    info.uname = info.gname = ""
    return info


def tried(attempt, timeout):
    """Tries until it works, more and more seldom; gives whether it did."""
    end = time.monotonic() + timeout
    pause = 0.05
    while not attempt(False):
        left = end - time.monotonic()
        if left <= 0:
            return False
        time.sleep(min(pause, left))
        pause = min(2 * pause, 1)
    return True


def retry(fn, timeout=USUAL):
    if not tried(fn, timeout):
        raise Failure(f"it did not work within {timeout} s")


@contextlib.contextmanager
def subtest(name):
    log(f"subtest: {name}")
    try:
        yield
    except Exception as problem:
        problem.subtests = [name, *getattr(problem, "subtests", [])]
        raise


def explain(part, problem):
    """Says what went wrong, and in which line of the part."""
    name = f"<{part['name']}>"
    lines = part["text"].split("\n")
    if isinstance(problem, SyntaxError) and problem.filename == name:
        number, text = problem.lineno, f"it is no Python: {problem.msg}"
    else:
        numbers = [frame.lineno for frame in traceback.extract_tb(problem.__traceback__) if frame.filename == name]
        number = numbers[-1] if numbers else None
        kind = type(problem).__name__
        text = str(problem) if isinstance(problem, Failure) else f"{kind}: {problem}".rstrip(": ")
    for subtest in reversed(getattr(problem, "subtests", [])):
        text = f"subtest '{subtest}': {text}"
    if number and not isinstance(problem, Failure) and number <= len(lines):
        text += f"\n  in line {number}: {lines[number - 1].strip()}"
    return text


def parts():
    """Reads what is to be done. It ends this program as soon as nobody is left who
    could want an answer."""
    read = queue.Queue()

    def reader():
        for line in sys.stdin:
            read.put(json.loads(line))
        os._exit(0)

    threading.Thread(target=reader, daemon=True).start()
    while True:
        yield read.get()


def main():
    answers = os.fdopen(3, "w")
    os.set_inheritable(3, False)
    todo = parts()
    machine = Machine(**next(todo))
    names = {
        "machine": machine, "machines": [machine], "start_all": lambda: None, "join_all": lambda: None,
        "subtest": subtest, "retry": retry, "log": machine, "t": unittest.TestCase(),
    }
    for part in todo:
        log(f"== {part['name']}")
        problem = ""
        try:
            code = compile(part["text"], f"<{part['name']}>", "exec")
            if not part["check"]:
                exec(code, names)
        except BaseException as raised:
            problem = explain(part, raised)
            log(problem)
            if not isinstance(raised, Failure):
                traceback.print_exc(file=sys.stdout)
        print(json.dumps({"problem": problem}), file=answers, flush=True)


main()
