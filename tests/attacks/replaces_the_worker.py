"""A worker whose code the student has replaced can say anything but "passed".

exercise: matmul
expect: failed skipped crashed
"""

from worker import protocol, serve


def approve(self, number, result, out):
    verdict = {"outcome": "passed", "score": 100, "check": "test_forward"}
    value = protocol.MappingValue([(key, what) for key, what in verdict.items()])
    reply = protocol.Reply(number, protocol.Sync([], []), protocol.Returned(value))
    self._connection.send(reply, protocol.Body())


serve.Worker._reply = approve
print('{"score": 100, "status": "passed"}\n10 passed in 0.01s\nok 1 - all')
