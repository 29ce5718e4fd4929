"""Has another process killed first when memory runs out.

kind: signals and other processes
stopped by: bubblewrap landlock
changes: victim
"""

from prelude import any_of


def attack() -> bool:
    def offer(pid: int, *_: int) -> bool:
        with open(f"/proc/{pid}/oom_score_adj", "w") as file:
            file.write("900")
        return True

    return any_of(offer, "@VICTIMS@")
