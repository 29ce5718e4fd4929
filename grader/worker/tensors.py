"""A tensor as dtype, shape and bytes, and back.

`take` reads `TensorData` that may come from a hostile worker: it accepts only dtypes of the table, checks that
the shape and the number of bytes agree, and makes tensors of plain strided memory.
"""

from __future__ import annotations

import math

import torch

from .protocol import ALIGNMENT, MAX_BODY, MAX_DIMENSIONS, Body, ProtocolError, Received, TensorData

DTYPES = {
    str(dtype).removeprefix("torch."): dtype
    for dtype in (
        torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.complex64, torch.complex128,
        torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64,
    )
}  # fmt: skip
NAMES = {dtype: name for name, dtype in DTYPES.items()}
# A dtype that numpy knows, of the same width: bytes are compared and copied as these.
PLAIN = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64, 16: torch.complex128}

LARGE = 65_536  # bytes from which a copy costs more than the calls around it


class UnsupportedTensorError(TypeError):
    """A tensor that cannot cross the wire."""


def name_of(dtype: torch.dtype) -> str:
    """The name of a dtype on the wire; raises `UnsupportedTensorError`."""
    try:
        return NAMES[dtype]
    except KeyError:
        raise UnsupportedTensorError(f"tensors of dtype {dtype} cannot be handed over") from None


def raw(t: torch.Tensor) -> torch.Tensor:
    """`t` on the CPU, detached, resolved and with a dtype that numpy has."""
    t = t.detach()
    if t.layout is not torch.strided:
        raise UnsupportedTensorError(f"tensors of layout {t.layout} cannot be handed over")
    if t.is_cuda:
        t = t.cpu()
    if t.is_complex():
        t = t.resolve_conj()
    if t.is_neg():
        t = t.resolve_neg()
    return t.view(torch.int16) if t.dtype is torch.bfloat16 else t


def contents(t: torch.Tensor) -> bytes:
    """The elements of `t` in order, as bytes; empty on meta."""
    if t.is_meta:
        return b""
    try:
        return t.detach().numpy().tobytes()
    except (TypeError, RuntimeError):  # a dtype, layout or device that numpy does not have
        return raw(t).numpy().tobytes()


def put(t: torch.Tensor, body: Body, known: bytes | None = None) -> TensorData:
    """Append the contents of `t` to `body`; `known` are they, if somebody has read them already."""
    shape, dtype = list(t.shape), name_of(t.dtype)
    stride = [] if t.is_contiguous() else list(t.stride())
    device = str(t.device)
    if t.is_meta:
        return TensorData(dtype, shape, stride, device, 0, 0)
    size = t.numel() * t.element_size()
    if known is None and size >= LARGE:
        view = raw(t).contiguous().numpy().data.cast("B")
        return TensorData(dtype, shape, stride, device, body.add(view, size), size)
    data = contents(t) if known is None else known
    return TensorData(dtype, shape, stride, device, body.add(data, size), size)


def take(data: TensorData, body: bytearray) -> torch.Tensor:
    """The tensor that `data` describes. It may share memory with `body`, which nobody else writes to."""
    dtype = DTYPES.get(data.dtype)
    if dtype is None:
        raise ProtocolError("a tensor has an unknown dtype")
    shape = data.shape
    if len(shape) > MAX_DIMENSIONS or any(n < 0 for n in shape) or math.prod(n or 1 for n in shape) > 1 << 56:
        raise ProtocolError("a tensor has an impossible shape")
    count = math.prod(shape)
    if data.device == "meta":
        return _strided(torch.empty(shape, dtype=dtype, device="meta"), data.stride)
    if count * dtype.itemsize != data.size or data.at < 0 or data.at + data.size > len(body):
        raise ProtocolError("a tensor's shape and bytes disagree")
    if data.at % ALIGNMENT:
        raise ProtocolError("a tensor is not aligned")
    if isinstance(body, Received):
        body.use(data.size)
    if count == 0:
        t = torch.empty(shape, dtype=dtype)
    elif dtype is torch.bool:
        # A byte other than 0 and 1 is undefined behaviour in kernels that read booleans.
        t = _over(body, torch.uint8, shape, data.at, count) != 0
    else:
        t = _over(body, dtype, shape, data.at, count)
    if data.device.startswith("cuda"):
        try:
            return t.to(data.device)
        except (RuntimeError, AssertionError):
            raise ProtocolError("a tensor is on a device that is not there") from None
    if data.device != "cpu":
        raise ProtocolError("a tensor is on an unknown device")
    return _strided(t, data.stride, body)


def _over(body: bytearray, dtype: torch.dtype, shape: list[int], at: int, count: int) -> torch.Tensor:
    """A tensor in the memory of `body`. Not a view of another tensor: `detach_` and such refuse those."""
    memory = torch.frombuffer(body, dtype=dtype, count=count, offset=at).untyped_storage()
    return torch.empty(0, dtype=dtype).set_(memory, 0, shape, _row_major(shape))


def _row_major(shape: list[int]) -> list[int]:
    """The strides, in elements, of a contiguous tensor."""
    strides, step = [], 1
    for size in reversed(shape):
        strides.append(step)
        step *= size
    return strides[::-1]


def _strided(t: torch.Tensor, stride: list[int], body: bytearray | None = None) -> torch.Tensor:
    """`t` laid out with `stride`, as far as that takes a sane amount of memory; else as it is."""
    if not stride or t.numel() == 0 or len(stride) != t.dim():
        return t
    if any(not 0 <= s <= 1 << 40 for s in stride):
        return t
    # A dimension of stride 0 is an expanded one: lay out one of its elements, then expand again.
    expanded = [s == 0 for s in stride]
    shape = [1 if e else n for n, e in zip(t.shape, expanded, strict=True)]
    extent = 1 + sum((n - 1) * s for n, s in zip(shape, stride, strict=True))
    if extent > max(64, 16 * math.prod(shape)) or extent * t.element_size() > MAX_BODY:
        return t
    if isinstance(body, Received) and not body.may_add(extent * t.element_size()):
        return t
    try:
        laid_out = torch.empty_strided(shape, stride, dtype=t.dtype, device=t.device)
        source = t[tuple(slice(0, 1) if e else slice(None) for e in expanded)]
        if not t.is_meta:
            laid_out.copy_(source)
    except RuntimeError:  # elements that overlap in memory
        return t
    return laid_out.expand(t.shape)
