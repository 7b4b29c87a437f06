"""The link to the hub: events both ways over MQTT, images up over gRPC.

`link.py` runs the protocol of `shared.sync`; `mqtt.py` and `uploader.py` are its transports; `inbox.py` applies
what comes down.
"""
