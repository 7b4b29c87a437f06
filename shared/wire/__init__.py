"""The bytes between box and hub: `medspa.proto`, its generated code, and the envelope that seals a message."""
