"""The artifact contract as data: endpoints, kinds and tolerances, manifest, checksums, names.

Standard library only: exporters write by it, runtimes and servers read by it, and none of them
imports another for it.
"""
