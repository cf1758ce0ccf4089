"""A Loop of a graph taken apart: what its steps hand on, and what its body reads."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from zoo.export.onnx_graph.order import remove_unread, sort


class Carried:
    """A value that a step hands to the next: its names before, in and after a step, and at last."""

    def __init__(self, outer, given, handed, last):
        self.outer = outer
        self.given = given  # a ValueInfo
        self.handed = handed  # another
        self.last = last


class Loop:
    """A Loop node of a `Graph`, taken apart; `write` puts it together again."""

    def __init__(self, graph, node):
        self.graph = graph
        self.node = node
        self.body = next(each.g for each in node.attribute if each.name == "body")
        self.count, self.goes_on = node.input[0], node.input[1]
        self.index, self.going = (value.name for value in self.body.input[:2])
        self.condition = self.body.output[0].name
        known = (*self.body.input, *self.body.value_info, *self.body.output)
        self.ranks = {
            v.name: len(sizes_of(v)) for v in known if v.type.tensor_type.HasField("shape")
        }
        given, handed = copies(self.body.input[2:]), copies(self.body.output[1:])
        parts = zip(node.input[2:], given, handed, node.output, strict=False)
        self.carried = [Carried(*each) for each in parts]
        count = len(self.carried)
        # (value of a step, the name of all of them)
        self.stacks = list(zip(handed[count:], node.output[count:], strict=True))

    def constant(self, name):
        """The array of a constant of the body or outside; None of another value."""
        for each in (*self.body.initializer, *self.graph.graph.initializer):
            if each.name == name:
                return numpy_helper.to_array(each)
        return None

    def maker(self, name, kind):
        """The node of the body that gives a value, if it is of this kind."""
        found = (node for node in self.body.node if name in node.output)
        node = next(found, None)
        return node if node is not None and node.op_type == kind else None

    def chain(self, name, *kinds):
        """The first input of the last of nodes in a row, each read first by the one before."""
        for kind in kinds:
            node = self.maker(name, kind)
            if node is None:
                return None
            name = node.input[0]
        return name

    def readers(self, name):
        """The nodes of the body that read a value."""
        return [node for node in self.body.node if name in node.input]

    def replace(self, name, other):
        """Lets the body read another value."""
        for node in self.body.node:
            node.input[:] = [other if each == name else each for each in node.input]
        self.condition = other if self.condition == name else self.condition
        for each in self.carried:
            if each.handed.name == name and other != each.given.name:
                each.handed.name = other

    def add(self, kind, inputs, output, **attributes):
        """A node of the body; they are put in order at the end."""
        node = helper.make_node(kind, inputs, [output], name=f"{output}/{kind}", **attributes)
        self.body.node.append(node)
        return output

    def add_outside(self, kind, inputs, output, **attributes):
        """A node of the graph that holds the loop."""
        name = f"{output}/{kind}"
        self.graph.graph.node.append(helper.make_node(kind, inputs, [output], name, **attributes))
        return output

    def add_constant(self, name, value, dtype=np.int64):
        """A constant outside, which the body can read too."""
        return self.graph.constant(f"{self.node.name}/{name}", np.array(value, dtype))

    def outer_names(self):
        """What the body reads from outside, constants left out."""
        own = {name for node in self.body.node for name in node.output}
        own |= {each.given.name for each in self.carried} | {self.index, self.going}
        read = dict.fromkeys(name for node in self.body.node for name in node.input if name)
        return [name for name in read if name not in own and self.constant(name) is None]

    def write(self):
        """Gives the node what was changed; drops what nobody reads any more."""
        body, condition = (
            self.body,
            helper.make_tensor_value_info(self.condition, TensorProto.BOOL, []),
        )
        inputs = copies([*body.input[:2], *(each.given for each in self.carried)])
        outputs = [condition, *(each.handed for each in self.carried)]
        outputs += [value for value, _ in self.stacks]
        del body.input[:], body.output[:], body.value_info[:]
        body.input.extend(inputs)
        body.output.extend(outputs)
        sort(body)
        remove_unread(body)
        stacks = [name for _, name in self.stacks]
        self.node.input[:] = [self.count, self.goes_on, *(each.outer for each in self.carried)]
        self.node.output[:] = [*(each.last for each in self.carried), *stacks]

    def is_number(self, name, number):
        """Whether a value is this one constant."""
        value = self.constant(name)
        return value is not None and value.size == 1 and float(value.ravel()[0]) == number

    def is_read(self, name):
        """Whether the graph outside reads what the loop gives."""
        return name in self.graph.outputs or bool(self.graph.readers.get(name))

    def is_filled(self, name, number):
        """Whether a value outside is this number at every place."""
        node = self.graph.producers.get(name)
        if node is None:
            return False
        if node.op_type == "Expand":
            return self.is_number(node.input[0], number)
        if node.op_type != "ConstantOfShape":
            return False
        filled = [numpy_helper.to_array(each.t) for each in node.attribute if each.name == "value"]
        return float(filled[0].ravel()[0]) == number if filled else number == 0.0

    def left(self, value, goes_on):
        """The rows of a value that go on after a step."""
        kind, sizes = value.type.tensor_type.elem_type, sizes_of(value)
        name = self.add("Compress", [value.name, goes_on], f"{value.name}/going_on", axis=0)
        return helper.make_tensor_value_info(name, kind, [None, *sizes[1:]])


def copies(values):
    """ValueInfos that stay what they are when a graph gets others."""
    return [onnx.ValueInfoProto.FromString(each.SerializeToString()) for each in values]


def sizes_of(value):
    """A list of int, None where a size is free."""
    dims = value.type.tensor_type.shape.dim
    return [d.dim_value if d.HasField("dim_value") else None for d in dims]
