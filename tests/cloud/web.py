"""Calls an application without a socket."""

import asyncio
from typing import Any

import httpx
from fastapi import FastAPI


def call(app: FastAPI, method: str, path: str, json: Any = None, host: str = "127.0.0.1") -> httpx.Response:
    """Return the application's answer to one request from `host`."""

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app=app, client=(host, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
            return await client.request(method, path, json=json)

    return asyncio.run(ask())
