"""The only door to protobuf."""
