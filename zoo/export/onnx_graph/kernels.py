"""Which operators a GPU runs: an endpoint with one that it lacks would go back to the CPU midway.

The facts are those of ONNX Runtime's table of kernels, docs/OperatorKernels.md of the repository
microsoft/onnxruntime at commit 001d12d2623fd411ce0f83d05abb5e82304a3389 (2026), section
CUDAExecutionProvider, domain ai.onnx: the rows that apply at opset 18 and to float32 tensors, or
to the indices, sizes and conditions that go with them.

`generate` is exempt: its noise is made of 32-bit integers, for which CUDA has no BitShift,
BitwiseOr and BitwiseXor. They work on a few words a latent, before the decoder begins.
"""

import onnx

from zoo.errors import ExportError

EXEMPT = ("generate",)

_REAL = ("float", "float16", "double")
_COPIED = (*_REAL, "bool", "int16", "int32", "int64", "int8", "uint16", "uint32", "uint64", "uint8")
_ARITHMETIC = tuple(kind for kind in _COPIED if kind != "bool")
_COMPARED = (*_REAL, "int32", "int64", "uint32", "uint64")
_COUNTED = (*_REAL, "int32")
_INDEX = ("int32", "int64")
_BOOL = ("bool",)
_INT64 = ("int64",)


def _kernels(names, **kinds):
    """{operator: (first opset, last opset or None, {type parameter: types})}."""
    found = {}
    for entry in names.split():
        name, _, versions = entry.partition(":")
        first, _, last = versions.partition("-")
        found[name] = (int(first), int(last) if last else None, kinds)
    return found


CUDA = {
    **_kernels(
        "ArgMax:13 ArgMin:13 AveragePool:11-18 Ceil:13 Conv:11-21 ConvTranspose:11 Cos:7 "
        "DepthToSpace:13 Einsum:12 Elu:6 Erf:13 Exp:13 Floor:13 Gemm:13 GlobalAveragePool:1 "
        "GlobalMaxPool:1 HardSigmoid:6-21 HardSwish:14-21 InstanceNormalization:6 LRN:13 "
        "LeakyRelu:16 Log:13 LogSoftmax:13 MatMul:13 PRelu:16 Reciprocal:13 ReduceLogSum:18 "
        "ReduceLogSumExp:18 ReduceSumSquare:18 Relu:14 Round:11 Selu:6 Sigmoid:13 Sin:7 Softmax:13 "
        "Softplus:1 Softsign:1 SpaceToDepth:13 Sqrt:13 Sum:13 Tanh:13 ThresholdedRelu:10",
        T=_REAL,
    ),
    **_kernels("Add:14 Div:14 Mul:14 Sub:14 Abs:13 Shrink:9 Sign:13", T=_ARITHMETIC),
    **_kernels("Max:13 Min:13 Mod:13", T=_COMPARED),
    **_kernels("Equal:13", T=(*_COMPARED, "bool"), T1=_BOOL),
    **_kernels("Greater:13 GreaterOrEqual:16 Less:13 LessOrEqual:16", T=_COMPARED, T1=_BOOL),
    **_kernels("And:7 Or:7 Xor:7", T=_BOOL, T1=_BOOL),
    **_kernels("Not:1", T=_BOOL),
    **_kernels("ReduceL1:18 ReduceL2:18 ReduceMean:18 ReduceProd:18", T=_COUNTED),
    **_kernels("ReduceMax:18 ReduceSum:13", T=(*_COUNTED, "int64")),
    **_kernels("ReduceMin:18", T=(*_COUNTED, "int64", "int8", "uint8")),
    **_kernels("BatchNormalization:15", T=_REAL, T1=_REAL, T2=_REAL),
    **_kernels("LayerNormalization:17", T=_REAL, U=("float",)),
    **_kernels("GRU:14 LSTM:14 RNN:14", T=_REAL, T1=("int32",)),
    **_kernels("Dropout:13", T=_REAL, T1=_REAL, T2=_BOOL),
    **_kernels("MaxPool:12", T=(*_REAL, "int8", "uint8"), I=_INT64),
    **_kernels("GridSample:16-19", T1=("float",), T2=("float",)),
    **_kernels("Resize:18", T1=(*_REAL, "int32", "uint8"), T2=_REAL),
    **_kernels("Clip:13", T=(*_REAL, "int64", "int8", "uint64", "uint8")),
    **_kernels("Pow:15", T=(*_REAL, *_INDEX), T1=(*_REAL, *_INDEX)),
    **_kernels("Neg:13", T=(*_REAL, "int16", "int32", "int64", "int8")),
    **_kernels("CumSum:14", T=_COMPARED, T2=_INDEX),
    **_kernels("Pad:18", T=(*_REAL, "bool"), Tind=_INDEX),
    **_kernels("Range:11", T=("float", "double", "int16", "int32", "int64")),
    **_kernels("TopK:11", T=(*_REAL, *_INDEX), I=_INT64),
    **_kernels("OneHot:11", T1=_INDEX, T2=_INDEX, T3=("float", "float16", "int64")),
    **_kernels("NonZero:13", T=("bool", "float", "float16", "int32", "int64", "uint8")),
    **_kernels("IsInf:10-19", T1=("float", "double"), T2=_BOOL),
    **_kernels("IsNaN:13-19", T1=_REAL, T2=_BOOL),
    **_kernels("EyeLike:9", T1=("float", "double", "int32", "int64", "uint64")),
    **_kernels("Tile:13", T=(*_REAL, *_INDEX), T1=_INT64),
    **_kernels("Where:16", B=_BOOL, T=(*_REAL, *_INDEX, "uint8")),
    **_kernels("GatherND:13", T=(*_REAL, "bool", "int64")),
    **_kernels("Gather:13 GatherElements:13 ScatterElements:18", T=_COPIED, Tind=_INDEX),
    **_kernels("Compress:11", T=_COPIED, T1=_BOOL),
    **_kernels("ConstantOfShape:9", T1=_INT64, T2=_COPIED),
    **_kernels("Cast:13-18", T1=_COPIED, T2=_COPIED),
    **_kernels("Shape:15-18 Size:13", T=_COPIED, T1=_INT64),
    **_kernels("Slice:13", T=_COPIED, Tind=_INDEX),
    **_kernels("Identity:14-18 Scan:16-18", V=_COPIED),
    **_kernels("If:13-18", V=_COPIED, B=_BOOL),
    **_kernels("Loop:13-18", V=_COPIED, B=_BOOL, I=_INT64),
    **_kernels(
        "Concat:13 Expand:13 Flatten:13 Reshape:14-18 ReverseSequence:10 ScatterND:18 Split:18 "
        "Squeeze:13-20 Transpose:13-20 Trilu:14 Unsqueeze:13-20",
        T=_COPIED,
    ),
}


def without_kernel(model):
    """Sorted descriptions of a graph's operators that CUDA does not run: "BitShift of uint32"."""
    opset = next(each.version for each in model.opset_import if not each.domain)
    inferred = onnx.shape_inference.infer_shapes(model, data_prop=True)
    return sorted(set(_lacking(inferred.graph, opset, {})))


def require(endpoint, model):
    """Raises where an endpoint's graph holds an operator that has no CUDA kernel.

    Raises:
        ExportError: naming the endpoint and the operators.
    """
    lacking = [] if endpoint in EXEMPT else without_kernel(model)
    if lacking:
        raise ExportError(
            f"{endpoint}: ONNX Runtime has no CUDA kernel for {', '.join(lacking)}: on a GPU this "
            "endpoint would go back to the CPU midway. Build the model from other operations."
        )


def _lacking(graph, opset, outer):
    kinds = outer | {each.name: each.data_type for each in graph.initializer}
    for value in (*graph.input, *graph.output, *graph.value_info):
        kinds[value.name] = value.type.tensor_type.elem_type
    for node in graph.node:
        if node.domain not in ("", "ai.onnx"):
            yield f"{node.domain}.{node.op_type}"
            continue
        schema = onnx.defs.get_schema(node.op_type, opset)
        first, last, wanted = CUDA.get(node.op_type, (opset + 1, None, {}))
        since = schema.since_version
        if not (first == since or (last is not None and first <= since <= last)):
            yield node.op_type
        for formals, names in ((schema.inputs, node.input), (schema.outputs, node.output)):
            for place, name in enumerate(names):
                formal = formals[min(place, len(formals) - 1)]
                kind = onnx.TensorProto.DataType.Name(kinds.get(name, 0)).lower()
                if kind != "undefined" and kind not in wanted.get(formal.type_str, (kind,)):
                    yield f"{node.op_type} of {kind}"
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                yield from _lacking(inner, opset, kinds)
