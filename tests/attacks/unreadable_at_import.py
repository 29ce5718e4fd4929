"""Source that Python's own parser gives up on is an error in the submission.

exercise: relu
expect: raised crashed skipped
"""

x = eval("(" * 100_000 + ")" * 100_000)
