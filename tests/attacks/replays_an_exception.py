"""An exception of the suite that a submission never met cannot be raised by naming its number.

exercise: relu
expect: raised skipped
"""

from worker import protocol, serve


def replay(self, number, result, out):
    types = ["_pytest.outcomes.Skipped", "_pytest.outcomes.OutcomeException", "builtins.BaseException"]
    raised = protocol.Raised(types, "skipped", [], False, callback=1)
    self._connection.send(protocol.Reply(number, protocol.Sync([], []), raised), protocol.Body())


serve.Worker._reply = replay
