"""What the judge makes of bytes and values from a worker that says anything: a `ProtocolError`, or what is allowed."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.judge.channel import WorkerLostError
from grader.judge.client import Client
from grader.judge.errors import StudentError
from grader.model import Outcome
from grader.worker import protocol, tensors
from grader.worker.protocol import Body, ProtocolError, Received, Reply, TensorData

BODY = 1 << 12
# Derandomized: the same examples in every run. No deadline: the first one loads what later ones have.
relaxed = settings(deadline=None, derandomize=True, max_examples=200)

int64 = st.integers(-(1 << 63), (1 << 63) - 1)
ids = st.integers(-40, 40) | int64
names = st.text(max_size=20)
sizes = st.sampled_from([0, 1, 2, 3, 30, 1 << 20, 1 << 40, (1 << 62) + 1, -1]) | int64


def fitting(dtype: str, shape: list[int], at: int, device: str) -> TensorData:
    """Data that `take` accepts."""
    size = 0 if device == "meta" else math.prod(shape) * tensors.DTYPES[dtype].itemsize
    return TensorData(dtype, shape, [], device, at * 16, size)


honest = st.builds(
    fitting,
    st.sampled_from(["float32", "float64", "int64", "bool", "complex64"]),
    st.lists(st.integers(0, 3), max_size=3) | st.just([2, 3]) | st.just([2]),
    st.integers(0, 200),
    st.sampled_from(["cpu", "cpu", "meta"]),
)
datas = honest | st.builds(
    TensorData,
    dtype=st.sampled_from([*tensors.DTYPES, "qint8", "", "float128"]),
    shape=st.lists(sizes, max_size=5) | st.just([1] * 40),
    stride=st.lists(sizes, max_size=5),
    device=st.sampled_from(["cpu", "meta", "cuda:0", "cuda:99", "cuda:-1", "mps", "", "cpu:5", "cuda" * 9]),
    at=st.sampled_from([0, 16, 1, BODY, BODY + 16, -16]) | int64,
    size=sizes,
)
knowns = st.builds(protocol.Known, ids)
news = st.builds(protocol.New, ids, datas, st.booleans(), st.booleans(), st.booleans(), st.none() | datas)
handles = st.builds(
    protocol.Handle,
    ids,
    st.lists(
        st.sampled_from(["torch.Tensor", "builtins.list", "torch.nn.modules.module.Module", "torch._C.x"]) | names,
        max_size=4,
    ),
    names,
    st.booleans(),
    st.booleans(),
)
leaves = st.one_of(
    st.none(),
    st.booleans(),
    int64,
    st.floats(),
    names,
    st.builds(protocol.Big, names | st.just("0x" + "f" * 300)),
    st.builds(protocol.Bytes, st.binary(max_size=9)),
    st.builds(protocol.Same, ids),
    st.builds(
        protocol.TorchName, st.sampled_from(["dtype", "device", "layout", "module"]), names | st.just("torch.nn")
    ),
    st.builds(protocol.Held, ids),
    knowns,
    news,
    st.builds(protocol.Result, ids, datas, st.lists(knowns | news, max_size=3)),
    handles,
)
kinds = st.sampled_from(["list", "tuple", "size", "generator", "set"])
values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(protocol.SequenceValue, kinds, st.lists(inner, max_size=4), ids),
        st.builds(protocol.MappingValue, st.lists(st.tuples(inner, inner), max_size=4), ids),
    ),
    max_leaves=12,
)
states = st.builds(protocol.TensorState, ids, st.none() | datas, st.none() | st.booleans() | datas, st.booleans())
named = st.lists(st.tuples(names, st.none() | knowns | news), max_size=2)
syncs = st.builds(
    protocol.Sync,
    st.lists(states, max_size=2),
    st.lists(st.builds(protocol.ModuleState, ids, st.booleans(), named, named), max_size=1),
)
quiet = st.just(protocol.NO_CHANGE) | syncs
results = st.one_of(
    st.builds(protocol.Returned, values, st.lists(st.tuples(ids, values), max_size=2)),
    st.builds(protocol.Products, st.lists(st.none() | datas, max_size=3)),
    st.builds(protocol.Raised, st.lists(names, max_size=3), names, st.just([]), st.booleans(), ids),
    st.builds(protocol.Callback, ids, st.lists(values, max_size=2), st.lists(st.tuples(names, values), max_size=2)),
)
replies = st.builds(Reply, st.integers(1, 3), quiet, results)


def encoded(reply: Reply) -> bytes:
    """The header of a reply's frame."""
    whole = b"".join(protocol.frame(reply, Body()))
    header, _ = protocol.lengths(whole)
    return whole[protocol.HEAD.size : protocol.HEAD.size + header]


# ---- frames ----


@given(st.binary(min_size=16, max_size=16) | st.binary(min_size=12, max_size=12).map(lambda b: protocol.MAGIC + b))
@relaxed
def test_a_head_is_refused_or_announces_no_more_than_allowed(head: bytes) -> None:
    try:
        header, body = protocol.lengths(head)
    except ProtocolError:
        return
    assert 0 <= header <= protocol.MAX_HEADER
    assert 0 <= body <= protocol.MAX_BODY


@given(replies)
@relaxed
def test_a_reply_arrives_as_it_was_sent(reply: Reply) -> None:
    # By their encoding: NaN is not equal to itself.
    assert encoded(protocol.decode_reply(encoded(reply))) == encoded(reply)


@given(st.binary(max_size=200))
@relaxed
def test_arbitrary_bytes_are_no_reply(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        protocol.decode_reply(data)


@given(replies, st.data())
@relaxed
def test_a_damaged_reply_is_refused_or_another_reply(reply: Reply, data: st.DataObject) -> None:
    damaged = bytearray(encoded(reply))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(damaged)))
        match data.draw(st.sampled_from(["cut", "insert", "replace", "repeat"])):
            case "cut":
                del damaged[at : at + data.draw(st.integers(1, 9))]
            case "insert":
                damaged[at:at] = data.draw(st.binary(max_size=9))
            case "replace":
                damaged[at : at + 1] = bytes([data.draw(st.integers(0, 255))])
            case "repeat":
                damaged[at:at] = damaged[:at][-20:]
    with contextlib.suppress(ProtocolError):
        assert isinstance(protocol.decode_reply(damaged), Reply)


@pytest.mark.parametrize("depth", [10, 200, 1_000, 100_000])
@pytest.mark.parametrize("opening", [b"\x94\xa1s\xa4list\x91", b"\x93\xa1m\x91\x92\xc0", b"\x91", b"\x81\xc0"])
def test_nesting_is_refused_or_read_and_never_a_crash(opening: bytes, depth: int) -> None:
    header = b"\x93\x01\x92\x90\x90\x92\xa8returned" + opening * depth + b"\xc0" + b"\x00" * depth
    with contextlib.suppress(ProtocolError):
        protocol.decode_reply(header)


@pytest.mark.parametrize(
    "result",
    [
        protocol.Raised(["x"] * 33, "", [], False),
        protocol.Raised(["x" * 201], "", [], False),
        protocol.Raised([], "x" * (protocol.MAX_TEXT + 1), [], False),
        protocol.Raised([], "", [protocol.TraceFrame(1, "")] * 21, False),
        protocol.Raised([], "", [protocol.TraceFrame(1, "f" * 201)], False),
        protocol.Returned(protocol.Handle(-1, ["x"] * 33, "", False, False)),
        protocol.Returned(protocol.Handle(-1, [], "x" * 201, False, False)),
    ],
)
def test_what_would_end_up_in_messages_is_bounded(result: Any) -> None:
    with pytest.raises(ProtocolError):
        protocol.decode_reply(encoded(Reply(1, protocol.NO_CHANGE, result)))


@pytest.mark.parametrize(
    "value",
    [
        protocol.FunctionValue(1, "f"),
        protocol.OpaqueValue(1, "o"),
        protocol.Pickled(b"cos\nsystem\n(S'true'\ntR."),
        protocol.ModuleValue(1, b"cos\nsystem\n(S'true'\ntR.", "M", True, [], [], []),
    ],
)
def test_what_only_the_judge_may_send_is_no_value_of_a_worker(value: Any) -> None:
    header = msgspec.msgpack.encode((1, protocol.NO_CHANGE, ("returned", value)))
    with pytest.raises(ProtocolError):
        protocol.decode_reply(header)


# ---- tensors ----


@given(datas)
@relaxed
def test_a_tensor_is_refused_or_bounded_in_memory(data: TensorData) -> None:
    body = Received(BODY)
    try:
        t = tensors.take(data, body)
    except ProtocolError:
        return
    assert list(t.shape) == data.shape
    assert t.dtype is tensors.DTYPES[data.dtype]
    if not t.is_meta:
        # Up to sixteen times what came, when it asks to be laid out with gaps.
        assert t.untyped_storage().nbytes() <= max(BODY * 16, 64 * 16)
        assert t.numel() * t.element_size() <= BODY
        assert t.numel() == 0 or bool((t == t).any()) or t.dtype.is_floating_point or t.is_complex()


@given(st.data())
@relaxed
def test_a_tensor_that_fits_is_read_to_the_bit(data: st.DataObject) -> None:
    dtype = data.draw(st.sampled_from(sorted(tensors.DTYPES)))
    shape = data.draw(st.lists(st.integers(0, 4), max_size=4))
    size = math.prod(shape) * tensors.DTYPES[dtype].itemsize
    content = data.draw(st.binary(min_size=size, max_size=size))
    body = Received(16 + size)
    body[16:] = content
    t = tensors.take(TensorData(dtype, shape, [], "cpu", 16, size), body)
    expected = bytes(b != 0 for b in content) if dtype == "bool" else content
    assert tensors.contents(t) == expected


@given(st.lists(datas, min_size=2, max_size=30))
@relaxed
def test_many_tensors_together_take_no_more_than_they_came_with(many: list[TensorData]) -> None:
    body = Received(BODY)
    taken = 0
    for data in many:
        try:
            t = tensors.take(data, body)
        except ProtocolError:
            continue
        taken += 0 if t.is_meta else t.numel() * t.element_size()
    assert taken <= BODY


@pytest.mark.parametrize("device", ["cpu", "meta"])
@pytest.mark.parametrize("dtype", ["bool", "complex128"])
@pytest.mark.parametrize(
    "shape",
    [[1 << 40] * 3, [0, 1 << 40, 1 << 40], [1 << 40, 0, 1 << 40, 1 << 40], [1 << 40] * 16, [1] * 17, [-1], [-1, 0]],
)
def test_an_impossible_shape_is_refused(shape: list[int], dtype: str, device: str) -> None:
    with pytest.raises(ProtocolError):
        tensors.take(TensorData(dtype, shape, [], device, 0, 0), Received(BODY))


def test_the_same_bytes_are_no_two_tensors() -> None:
    body = Received(64)
    data = TensorData("float32", [16], [], "cpu", 0, 64)
    tensors.take(data, body)
    with pytest.raises(ProtocolError):
        tensors.take(data, body)


def test_gaps_are_laid_out_for_so_many_tensors_and_no_more() -> None:
    body = Received(protocol.MAX_BODY // 4)
    size = len(body) // 8
    apart = [TensorData("uint8", [size // 2, 2], [32, 1], "cpu", i * size, size) for i in range(8)]
    total = sum(tensors.take(data, body).untyped_storage().nbytes() for data in apart)
    assert total <= 2 * protocol.MAX_BODY


# ---- a whole conversation ----


class Talk:
    """A channel to a worker that answers with the given replies, and then ends."""

    def __init__(self, replies: list[Reply]) -> None:
        self.replies = replies
        self.lost: WorkerLostError | None = None

    def send(self, *_: object) -> None:
        if self.lost is not None:
            raise self.lost

    def receive(self) -> tuple[Reply, bytearray]:
        if not self.replies:
            raise self.lose_protocol("it has ended")
        return protocol.decode_reply(encoded(self.replies.pop(0))), Received(BODY)

    def lose_protocol(self, why: str) -> WorkerLostError:
        self.lost = self.lost or WorkerLostError(Outcome.CRASHED, why)
        return self.lost


def ask_for_attribute(client: Client) -> None:
    client.get(client.root, "thing")


def ask_with_arguments(client: Client) -> None:
    parameter = torch.nn.Parameter(torch.ones(2, 3))
    layer = torch.nn.Linear(2, 2)
    client.call(client.root, ([parameter, {"a": layer}], lambda x: x), {"names": ["a"]})


def ask_for_gradient(client: Client) -> None:
    leaf = torch.ones(2, requires_grad=True)
    client.call(client.root, (leaf,), {})
    client.products(-1, torch.ones(2), [leaf])


@given(
    st.lists(replies, min_size=1, max_size=6),
    st.sampled_from([ask_for_attribute, ask_with_arguments, ask_for_gradient]),
)
@relaxed
def test_a_conversation_ends_with_a_value_an_exception_of_the_student_or_the_worker_lost(
    said: list[Reply], ask: Callable[[Client], None]
) -> None:
    # Numbered as the judge expects, so that it reads on.
    numbered = [Reply(number, r.sync, r.result) for number, r in enumerate(said, start=1)]
    client = Client(Talk(numbered))  # type: ignore[arg-type]
    with contextlib.suppress(StudentError, WorkerLostError):
        ask(client)
