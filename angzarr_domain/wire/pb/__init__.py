"""What `proto/generate.py` makes of the protocol's .proto files; nobody edits it, and only `wire` imports it.

`protocol.binpb`   the schemas, one serialized FileDescriptorSet; `wire/_pool.py` loads it into a pool of our own
`messages`         the message classes of that pool, typed by the stub beside it
`include/`         copies of the .proto files under their public names (`io/angzarr/v1/options.proto`), for the
                   protoc runs of users; `angzarr_domain.wire.include_root()` gives the folder
"""
