"""Two replies to one request are one too many.

exercise: relu
expect: crashed skipped failed
"""

from worker import serve

honest = serve.Worker._reply


def twice(self, number, result, out):
    honest(self, number, result, out)
    honest(self, number, result, out)


serve.Worker._reply = twice


class ReLU:
    def __call__(self, X):
        return X * 0
