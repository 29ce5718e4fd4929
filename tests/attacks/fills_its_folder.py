"""A submission may write so much and no more, and what it wrote is gone with it.

exercise: relu
confined: out_of_disk raised skipped
expect: raised skipped
"""

for number in range(4):
    with open(f"{number}", "wb") as file:
        for _ in range(60):
            file.write(bytes(1 << 20))
raise ValueError("there was room for all of it")
