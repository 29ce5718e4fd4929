"""Callbacks that call back are cut off at some depth, and take the worker with them.

exercise: sequential
keeps: test_parameters
expect: crashed skipped failed
"""

from torch import nn
from worker import protocol, serve

state = {"on": False, "number": 1}
honest = serve.Worker._reply


class Sequential(nn.Module):
    def __init__(self, *layers):
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def forward(self, X):
        state["on"] = True
        return X


def again(self, number, result, out):
    """Call the suite's first module with an object of ours: whatever it does with it comes back here."""
    if not state["on"]:
        return honest(self, number, result, out)
    handle = protocol.Handle(-3, ["torch.nn.modules.module.Module"], "", False, True)
    callback = protocol.Callback(next(iter(self.tables._theirs)), [handle], [])
    self._connection.send(protocol.Reply(number, protocol.Sync([], []), callback), protocol.Body())


serve.Worker._reply = again
