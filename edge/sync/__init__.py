"""The link to the hub: events both ways over MQTT, images up over gRPC.

`protocol.py` does what `shared.sync` decides and `link.py` is its thread; `mqtt.py` and `uploader.py` are the
transports; `inbox.py` applies what comes down.
"""
