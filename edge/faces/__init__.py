"""What the pages ask for, answered by the capabilities: one adapter for each port of `edge.api.ports`."""
