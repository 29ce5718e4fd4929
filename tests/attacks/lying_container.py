"""A list that lies about its length, or never finishes saying it, is the student's problem.

exercise: relu
expect: failed raised timed_out skipped
"""


class Result(list):
    def __len__(self):
        raise ValueError("no length today")

    def __bool__(self):
        raise ValueError

    def __getattribute__(self, name):
        raise ValueError(name)


class ReLU:
    def __call__(self, X):
        return Result([1, 2])
