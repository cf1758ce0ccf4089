"""ONNX graphs on their way from a converter to a file: each step takes a model and gives one."""
