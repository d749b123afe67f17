"""One file a connector: the protocols and products whose datasets or rows can be read by configuration alone."""
