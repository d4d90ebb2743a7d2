"""account.proto as protoc 29 compiles it (grpcio-tools 1.71.2, --python_out and --pyi_out).

Compiled without its Angzarr options: protoc would import them as `io.angzarr.v1.options_pb2`, but in Python `io` is a
module of the standard library. So a client has to be told of the aggregate, or of the domain.
"""
