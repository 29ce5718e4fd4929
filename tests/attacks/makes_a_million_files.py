"""Files without end, each of them empty, end too.

exercise: relu
confined: out_of_disk raised timed_out skipped
expect: raised timed_out skipped
"""

for number in range(4_500):
    open(f"{number}", "w").close()
raise ValueError("there was room for all of them")
