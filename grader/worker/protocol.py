"""The wire between the judge and a worker: who speaks, what may cross, and how it is framed.

Rules
-----
* The judge speaks first. To each `Request` the worker sends one `Reply` with the same number.
* While it works on a request, the worker may call a function of the suite: its reply is then a `Callback`, and
  the judge sends an `Answer`, after which the worker goes on. Before it answers, the judge may make further
  requests, which the worker serves meanwhile. So messages nest like calls, and never overtake one another.
* Only the judge ends the conversation, by closing its end. The worker exits when it reads the end.
* Anything else that arrives at the judge (a malformed frame, a wrong number, an unknown id, a byte too many)
  ends the conversation at once. The judge then kills the worker.

What a worker says is data. The judge decodes it with typed decoders into the closed set `Value`; nothing is
unpickled or evaluated. In the other direction `Pickled` and `ModuleValue` carry pickles, since a worker has
nothing to fear from its judge; they hold references to code of installed packages, never code of a suite.

Frame
-----
magic (4 bytes), length of the header (u32), length of the body (u64), little endian; then the header, which is
one message in msgpack; then the body, in which `TensorData.at` and `TensorData.size` say where each tensor's
bytes lie. Tensors travel outside the header so that a large one is copied into the socket and out of it, and
nowhere else.

Ids
---
Tensors, functions and objects have ids. The judge gives positive ones, a worker negative ones, so that neither
can invent one of the other's. Handle 0 is the submission's module.
"""

from __future__ import annotations

import struct
from typing import Annotated

import msgspec

MAGIC = b"gw1\n"
HEAD = struct.Struct("<4sIQ")
MAX_HEADER = 4 << 20
MAX_BODY = 128 << 20
MAX_DEPTH = 64
MAX_DIMENSIONS = 16
ALIGNMENT = 16
MAX_TEXT = 16_384
MAX_NAME = 200
MAX_CLASSES = 32
MAX_FRAMES = 20
# How many forbidden names a reply may say that it saw at work.
MAX_RAN = 32
# Of all dicts in a reply together: keys can be chosen such that each is compared with all others.
MAX_PAIRS = 16_384

ROOT = 0

# What a worker says about a student's objects ends up in messages; the decoder refuses more.
Name = Annotated[str, msgspec.Meta(max_length=MAX_NAME)]
Classes = Annotated[list[Name], msgspec.Meta(max_length=MAX_CLASSES)]


class ProtocolError(Exception):
    """The other side broke the rules above; the conversation is over."""


class _Message(msgspec.Struct, array_like=True, frozen=True):
    pass


# ---- values -----------------------------------------------------------------------------------------------


class TensorData(_Message, frozen=True, tag="td"):
    """Contents of a tensor. `stride` is in elements, empty when contiguous; on meta there are no bytes."""

    dtype: str
    shape: list[int]
    stride: list[int]
    device: str
    at: int
    size: int


class Big(_Message, frozen=True, tag="i"):
    """An int of more than 64 bits, in hexadecimal."""

    text: str


class Bytes(_Message, frozen=True, tag="b"):
    data: bytes


class SequenceValue(_Message, frozen=True, tag="s"):
    """A list, tuple, torch.Size or (from the judge) generator, by `kind`.

    `index` numbers the lists and dicts of a request, from 1.
    """

    kind: str
    items: list[Value]
    index: int = 0


class MappingValue(_Message, frozen=True, tag="m"):
    """A dict, in its order; `index` as for `SequenceValue`."""

    pairs: list[tuple[Value, Value]]
    index: int = 0


class Same(_Message, frozen=True, tag="="):
    """The very list or dict that has this index in the request."""

    index: int


class TorchName(_Message, frozen=True, tag="t"):
    """A torch.dtype, torch.device, torch.layout or torch.memory_format, by its text."""

    kind: str
    text: str


class Known(_Message, frozen=True, tag="k"):
    """A tensor that both sides have."""

    id: int


class New(_Message, frozen=True, tag="n"):
    """A tensor that gets its twin now. `history`: it is not a leaf where it comes from."""

    id: int
    data: TensorData
    requires_grad: bool
    parameter: bool
    history: bool
    grad: TensorData | None


class Result(_Message, frozen=True, tag="g"):
    """A tensor that the worker computed from `leaves`; its gradient is asked for with `Vjp`."""

    id: int
    data: TensorData
    leaves: list[Known | New]


class Handle(_Message, frozen=True, tag="h"):
    """An object that stays in the worker. `types` are the qualified names of its classes, nearest first."""

    id: int
    types: Classes
    name: Name
    is_class: bool
    callable: bool


class Held(_Message, frozen=True, tag="o"):
    """An object that the receiver has given an id: a handle of the worker, or something of the judge's."""

    id: int


class FunctionValue(_Message, frozen=True, tag="f"):
    """A callable of the suite; calling it calls back."""

    id: int
    name: str


class OpaqueValue(_Message, frozen=True, tag="x"):
    """An object of the suite that the worker can only pass around."""

    id: int
    name: str


class Pickled(_Message, frozen=True, tag="p"):
    """An object of an installed package, or a builtin, as a pickle that names it."""

    data: bytes


class ModuleValue(_Message, frozen=True, tag="M"):
    """A torch module of the suite, rebuilt in the worker around twins of its tensors.

    `data` is a pickle of its plain attributes with the class. Modules whose class a suite defines have none:
    their `forward` calls back as function `id`.
    """

    id: int
    data: bytes
    name: str
    training: bool
    parameters: list[tuple[str, Known | New | None]]
    buffers: list[tuple[str, Known | New | None]]
    modules: list[tuple[str, ModuleValue | Held | None]]


Value = (
    None | bool | int | float | str | Big | Bytes | SequenceValue | MappingValue | Same | TorchName
    | Known | New | Result | Handle | Held
)  # fmt: skip
# What the judge may send on top of that, and what it may not.
JudgeValue = (
    None | bool | int | float | str | Big | Bytes | SequenceValue | MappingValue | Same | TorchName
    | Known | New | Held | FunctionValue | OpaqueValue | Pickled | ModuleValue
)  # fmt: skip


# ---- what changed -----------------------------------------------------------------------------------------


class TensorState(_Message, frozen=True):
    """A tensor that differs from what the other side was last told.

    `data` is None when its contents did not change; `grad` is False when its gradient did not change and None
    when it was removed.
    """

    id: int
    data: TensorData | None
    grad: TensorData | bool | None
    requires_grad: bool


class ModuleState(_Message, frozen=True):
    """The training flag and the tensors of a `ModuleValue`, when one of them was replaced."""

    id: int
    training: bool
    parameters: list[tuple[str, Known | New | None]]
    buffers: list[tuple[str, Known | New | None]]


class Sync(_Message, frozen=True):
    tensors: list[TensorState]
    modules: list[ModuleState]


NO_CHANGE = Sync([], [])


# ---- what the judge says -----------------------------------------------------------------------------------


class Load(_Message, frozen=True, tag="load"):
    """Take the limits and import the submission. `cuda` is what torch shall say about CUDA, or None.

    `forbidden` are the dotted names that the worker looks out for; replies name them by their place in this list.
    `threads` is how many torch may use for one operation.
    """

    source: str
    file: str
    name: str
    cuda: bool | None
    memory_mib: int
    cpu_s: float
    file_mib: int
    forbidden: list[str] = []
    threads: int = 1


class Get(_Message, frozen=True, tag="get"):
    object: int
    name: str


class Set(_Message, frozen=True, tag="set"):
    object: int
    name: str
    value: JudgeValue


class Call(_Message, frozen=True, tag="call"):
    object: int
    args: list[JudgeValue]
    kwargs: list[tuple[str, JudgeValue]]


class Operate(_Message, frozen=True, tag="op"):
    """One of the operations that `serve.OPERATIONS` names."""

    name: str
    args: list[JudgeValue]


class Vjp(_Message, frozen=True, tag="vjp"):
    """The vector-Jacobian product of a result with respect to tensors that it was computed from."""

    result: int
    gradient: TensorData
    leaves: list[int]


class Request(_Message, frozen=True, tag="request"):
    """`released` are tensors that the judge has let go, `dropped` handles.

    `seed` is that of a check's random numbers with the first request of the check, and None with the others.
    """

    number: int
    grad_enabled: bool
    seed: int | None
    sync: Sync
    released: list[int]
    dropped: list[int]
    do: Load | Get | Set | Call | Operate | Vjp


# ---- what the worker says ----------------------------------------------------------------------------------


class TraceFrame(_Message, frozen=True):
    """One frame of the student's file."""

    line: int
    function: Name


class Returned(_Message, frozen=True, tag="returned"):
    """`containers` are the lists and dicts of the request that the student's code changed, by index."""

    value: Value
    containers: list[tuple[int, Value]] = []


class Products(_Message, frozen=True, tag="products"):
    """The answer to `Vjp`: one per leaf, None where the result does not depend on it.

    `incoming` is what the student's code made of the incoming gradient, when it wrote to that.
    """

    gradients: list[TensorData | None]
    incoming: TensorData | None = None


class Raised(_Message, frozen=True, tag="raised"):
    """An exception as text. `innermost` says that it was raised in the student's file itself.

    `callback` is the number of the judge's own exception when it is that which came through.
    """

    types: Classes
    message: Annotated[str, msgspec.Meta(max_length=MAX_TEXT)]
    frames: Annotated[list[TraceFrame], msgspec.Meta(max_length=MAX_FRAMES)]
    innermost: bool
    callback: int = 0


class Callback(_Message, frozen=True, tag="callback"):
    function: int
    args: list[Value]
    kwargs: list[tuple[str, Value]]


class Reply(_Message, frozen=True):
    """`ran` says which of the names in `Load.forbidden` were seen at work since the last reply."""

    number: int
    sync: Sync
    result: Returned | Products | Raised | Callback
    ran: Annotated[list[int], msgspec.Meta(max_length=MAX_RAN)] = []


class Answer(_Message, frozen=True, tag="answer"):
    """The end of a callback: a value, or the number of the exception that the suite's function raised."""

    number: int
    sync: Sync
    value: JudgeValue
    error: int = 0
    error_type: str = ""
    error_text: str = ""


# ---- frames ------------------------------------------------------------------------------------------------

Data = bytes | bytearray | memoryview

_encoder = msgspec.msgpack.Encoder()
_reply_decoder = msgspec.msgpack.Decoder(Reply)
_judge_decoder: msgspec.msgpack.Decoder[Request | Answer] = msgspec.msgpack.Decoder(Request | Answer)


class Body:
    """Collects the bytes of the tensors of one frame."""

    def __init__(self) -> None:
        self.parts: list[bytes | memoryview] = []
        self.size = 0

    def add(self, data: bytes | memoryview, size: int) -> int:
        """Append `size` bytes and return where they begin."""
        at = self.size
        self.parts.append(data)
        self.size += size
        rest = -size % ALIGNMENT
        if rest:
            self.parts.append(bytes(rest))
            self.size += rest
        return at


class Received(bytearray):
    """The bytes of the tensors of a worker's reply. Each may be used once.

    A reply could name the same bytes ten thousand times over, and each time they become a tensor of the judge's.
    """

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self._unused = size
        self._extra = MAX_BODY

    def use(self, size: int) -> None:
        """Count `size` bytes as used; raises `ProtocolError` when there are no more."""
        self._unused -= size
        if self._unused < 0:
            raise ProtocolError("tensors share their bytes")

    def may_add(self, size: int) -> bool:
        """Whether a tensor may take `size` bytes more than it came with. Of these there are `MAX_BODY`, too."""
        self._extra -= size
        return self._extra >= 0


def frame(message: Request | Answer | Reply, body: Body) -> list[bytes | memoryview]:
    """The frame of a message, in pieces to be written one after the other.

    Raises ValueError when it is larger than a frame may be.
    """
    header = _encoder.encode(message)
    if len(header) > MAX_HEADER:
        raise ValueError(f"a value of more than {MAX_HEADER >> 20} MiB without its tensors cannot be handed over")
    if body.size > MAX_BODY:
        raise ValueError(f"tensors of more than {MAX_BODY >> 20} MiB together cannot be handed over")
    head = HEAD.pack(MAGIC, len(header), body.size)
    if body.size <= 65_536:
        return [b"".join((head, header, *body.parts))]
    return [head + header, *body.parts]


def lengths(head: Data) -> tuple[int, int]:
    """The lengths of header and body that a frame's first bytes announce."""
    magic, header, body = HEAD.unpack_from(head)
    if magic != MAGIC:
        raise ProtocolError("a frame begins with other bytes than it should")
    if header > MAX_HEADER or body > MAX_BODY:
        raise ProtocolError("a frame is larger than it may be")
    return header, body


def decode_reply(header: Data) -> Reply:
    """The reply in a frame's header, of exactly the types above, or a `ProtocolError`."""
    try:
        return _reply_decoder.decode(header)
    except (msgspec.MsgspecError, RecursionError, ValueError, OverflowError, MemoryError) as error:
        raise ProtocolError(f"a reply is malformed: {type(error).__name__}") from None


def decode_judge(header: Data) -> Request | Answer:
    """The judge's message in a frame's header."""
    return _judge_decoder.decode(header)
