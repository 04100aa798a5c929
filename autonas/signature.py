"""Names for the inputs and outputs of a `.tflite`, without a copy of what else stands in it."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from autonas.flatbuffer import Flatbuffer
from autonas.tflite import IDENTIFIER, schema

ENDPOINT = "serve"
_FIELDS, _SUBGRAPHS, _SIGNATURES = 8, 2, 7  # of a model, by the schema
_INPUTS, _OUTPUTS = 1, 2  # of a subgraph
_ALIGNED = 16  # bytes that weights are aligned to


def signed(content: bytes, inputs: Sequence[str], outputs: Sequence[str]) -> bytes:
    """Gives a model in LiteRT's format a signature: the endpoint `"serve"` with named inputs and outputs.

    The converter writes one for a SavedModel alone, which takes several times as long as the conversion. A flatbuffer points
    forward, so a new root with the signature is put before what is there, at a distance that keeps all of it aligned.

    Args:
        content: A model without a signature.
        inputs: A name for each input of its first subgraph, in their order.
        outputs: Likewise.

    References:
    - https://flatbuffers.dev/internals (tables and offsets)

    Example:

    >>> named = signed(tflite, ["image"], ["output_0"])
    """
    import flatbuffers

    old = Flatbuffer(content)
    graph = old.root.tables(_SUBGRAPHS).first
    made_of = schema()
    signature = made_of.SignatureDefT()
    signature.signatureKey = ENDPOINT
    signature.inputs = _tensors(made_of, inputs, graph.vectors(_INPUTS)[0])
    signature.outputs = _tensors(made_of, outputs, graph.vectors(_OUTPUTS)[0])

    builder = flatbuffers.Builder(1024)
    packed = signature.Pack(builder)
    builder.StartVector(4, 1, 4)
    builder.PrependUOffsetTRelative(packed)
    signatures = builder.EndVector()
    targets = [int(old.root.targets(field)[0]) for field in range(_FIELDS)]
    builder.StartObject(_FIELDS)
    builder.PrependUint32Slot(0, int(old.root.ints(0)[0]), 0)
    for field in range(1, _SIGNATURES):
        builder.PrependUint32Slot(field, int(targets[field] > 0), 0)  # is made to point there below
    builder.PrependUOffsetTRelativeSlot(_SIGNATURES, signatures, 0)
    builder.Finish(builder.EndObject(), file_identifier=IDENTIFIER)
    head = bytearray(builder.Output())
    head += bytes(-len(head) % _ALIGNED)
    root = Flatbuffer(bytes(head)).root
    for field in range(1, _SIGNATURES):
        if targets[field]:
            place = int(root.places(field)[0])
            struct.pack_into("<I", head, place, len(head) + targets[field] - place)
    return bytes(head) + content


def _tensors(made_of: object, names: Sequence[str], numbers: Sequence[int]) -> list[object]:
    found = []
    for name, number in zip(names, numbers, strict=True):
        tensor = made_of.TensorMapT()  # type: ignore[attr-defined]
        tensor.name, tensor.tensorIndex = name, number
        found.append(tensor)
    return found
