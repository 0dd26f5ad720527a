"""The processes of a streaming campaign as /proc shows them; for the scripts of this folder."""
import os
import re
import sqlite3


def of(pid):
    """{"coordinator": pid, "simulate-0": pid, ...} of a running `ddmd run`; what has gone is left
    out."""
    found = {"coordinator": pid}
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children") as children:
                for child in children.read().split():
                    role = role_of(child)
                    if role:
                        found[role] = int(child)
    except OSError:
        pass
    return found


def role_of(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = file.read().decode().split("\0")
    except OSError:
        return None
    return words[2] if len(words) > 2 and words[1] == "role" else None


def memory_mb(pid):
    """(resident now, highest so far) in MB, or None where the process has gone."""
    try:
        with open(f"/proc/{pid}/status") as file:
            kb = dict(re.findall(r"^(VmRSS|VmHWM):\s+(\d+) kB$", file.read(), re.MULTILINE))
        return int(kb["VmRSS"]) / 1024, int(kb["VmHWM"]) / 1024
    except (OSError, KeyError):
        return None


def threads(pid):
    """{thread: (name, seconds on a processor, seconds of waiting for one)}"""
    found = {}
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/comm") as file:
                name = file.read().strip()
            with open(f"/proc/{pid}/task/{task}/schedstat") as file:
                ran, waited = file.read().split()[:2]
            found[int(task)] = (name, int(ran) * 1e-9, int(waited) * 1e-9)
    except OSError:
        pass
    return found


def query(run_dir, sql):
    """The rows that a statement gives, or None where the catalogue cannot be read now."""
    try:
        database = sqlite3.connect(f"file:{run_dir}/catalogue.sqlite?mode=ro", uri=True)
        try:
            return database.execute(sql).fetchall()
        finally:
            database.close()
    except sqlite3.Error:
        return None


def processor():
    with open("/proc/cpuinfo") as file:
        for line in file:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return "unknown processor"
