"""The operator's kit: serve business logic over gRPC, as an Angzarr coordinator calls it."""
