"""A list that grows without end meets the worker's memory limit.

exercise: relu
expect: out_of_memory timed_out skipped
"""

hoard = [b""]
while True:
    hoard.append(bytearray(64 << 20))
