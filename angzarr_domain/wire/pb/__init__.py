"""What `proto/generate.py` makes of the protocol's .proto files; nobody edits it, and only `wire` imports it.

`protocol.binpb`   the schemas, one serialized FileDescriptorSet; `wire/_pool.py` loads it into a pool of our own
`released.binpb`, `interim.binpb`   those of the older generations, package `angzarr` and
                   `angzarr_client.proto.angzarr.v1`, with the modules `released` and `interim`
`messages`         the message classes of that pool, typed by the stub beside it
`include/`         copies of the .proto files under their public names (`io/angzarr/v1/options.proto`), for the
                   protoc runs of users; `angzarr_domain.wire.include_root()` gives the folder
"""
