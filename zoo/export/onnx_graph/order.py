"""The nodes of a graph, or of a loop's body, in order, and none that nobody reads."""

import onnx

from zoo.export.onnx_graph.passes import read


def remove_unread(graph):
    """Drops nodes and constants that nothing leads from to an output."""
    wanted, kept = {value.name for value in graph.output}, []
    for node in reversed(graph.node):
        if wanted & set(node.output):
            wanted.update(read(node))
            kept.append(node)
    constants = [each for each in graph.initializer if each.name in wanted]
    kept.reverse()
    del graph.node[:], graph.initializer[:]
    graph.node.extend(kept)
    graph.initializer.extend(constants)


def sort(graph):
    """Puts nodes in the order in which the outputs, one after the other, want them."""
    producers = {name: place for place, node in enumerate(graph.node) for name in node.output}
    ordered, waiting = (
        {},
        [producers[value.name] for value in reversed(graph.output) if value.name in producers],
    )
    while waiting:
        needed = [producers[name] for name in read(graph.node[waiting[-1]]) if name in producers]
        missing = [place for place in needed if place not in ordered]
        if missing:
            waiting += reversed(missing)
        else:
            ordered.setdefault(waiting.pop())
    nodes = [onnx.NodeProto.FromString(graph.node[i].SerializeToString()) for i in ordered]
    del graph.node[:]
    graph.node.extend(nodes)
