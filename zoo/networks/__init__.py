"""Encoders and decoders, one family a file, both sides of a family side by side.

Builders return functional Keras models, so that every layer is serializable by itself.
"""
