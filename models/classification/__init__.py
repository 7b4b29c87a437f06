"""The network that says what one crop shows; start at `resnet`."""
