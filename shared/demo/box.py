"""The box as its pages see it: what a front desk, a kiosk and a provider do, over HTTP."""

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import httpx

from shared.demo.photos import DemoPhoto
from shared.errors import Retryable

_TIMEOUT_SECONDS = 60.0


@dataclass
class Tally:
    """What was done so far.

    Attributes:
        stored: captures on record, by what the picture is.
        real: of them, photographs of real people.
        refused: photographs refused, by the codes of what was wrong.
        findings: findings over all captures.
        replans: replans applied.
        moved: clients moved by them.
    """

    stored: Counter[str] = field(default_factory=Counter)
    real: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    findings: int = 0
    replans: int = 0
    moved: int = 0


class BoxClient:
    """A person at the clinic."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=_TIMEOUT_SECONDS, trust_env=False)
        self.tally = Tally()

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def visit(self, number: int, photo: DemoPhoto) -> None:
        """A client arrives, consents, and a photograph is taken in; refusals are counted, not raised."""
        client = self._call("POST", "/api/clients", json={"name": f"Demo Client {number}", "language": "en"})["id"]
        self._consent(client)
        details = {
            "client_id": client,
            "view": "front",
            "metadata": {"camera": "import", "protocol": "demo-import", "treatment": "consultation"},
        }
        response = self._http.post(
            "/api/captures/import",
            files={"photo": ("photo.jpg", photo.data)},
            data={"details": json.dumps(details)},
        )
        body = response.json()
        if response.status_code == 201:
            self.tally.stored[photo.source] += 1
            self.tally.real += photo.real
            self.tally.findings += len(body["capture"]["items"])
        elif response.status_code == 200:
            self.tally.refused.update(failure["code"] for failure in body["verdict"]["failures"][:1])
        elif response.status_code == 422:
            self.tally.refused[body["code"]] += 1
        else:
            raise Retryable("capture_failed", f"the box answered {response.status_code}: {body.get('sentence')}")

    def day(self, date: str = "") -> dict[str, Any]:
        """Return a day's schedule; today's without a date."""
        day: dict[str, Any] = self._call("GET", f"/api/schedule?day={date}" if date else "/api/schedule")
        return day

    def status(self) -> dict[str, Any]:
        """Return the box's state."""
        state: dict[str, Any] = self._call("GET", "/api/status")
        return state

    def set_status(self, appointment: str, status: str) -> None:
        """Say how far an appointment has come."""
        self._call("POST", f"/api/schedule/appointments/{appointment}/status", json={"status": status})

    def disrupt(self, day: str, disruption: dict[str, Any]) -> dict[str, Any]:
        """Report a disruption, accept what is proposed where somebody has to, and return what was done to the day."""
        proposal = self._call("POST", "/api/schedule/proposals", json={"day": day, "disruption": disruption})
        name = proposal["id"]
        if proposal["state"] == "open":
            after = self._call("POST", f"/api/schedule/proposals/{name}/accept", json={"choice": 0})
        else:
            after = self.day(day)
        replan: dict[str, Any] = next(item for item in after["replans"] if item["id"] == name)
        self.tally.replans += 1
        self.tally.moved += len(replan["moved"])
        return replan

    def _consent(self, client: str) -> None:
        text = self._call("GET", "/api/consent/text?language=en")
        choices = [
            {"purpose": item["purpose"], "decision": "granted" if item["required"] else "denied"}
            for item in text["purposes"]
        ]
        stroke = [{"x": 10 + step, "y": 20 + step % 7, "t": 8 * step} for step in range(12)]
        answer = {
            "language": "en",
            "text_version": text["version"],
            "choices": choices,
            "signature": {"width": 400, "height": 120, "strokes": [stroke]},
        }
        self._call("POST", f"/api/clients/{client}/consent", json=answer)

    def _call(self, method: str, path: str, **arguments: Any) -> Any:
        response = self._http.request(method, path, **arguments)
        if response.status_code >= 400:
            body = response.json()
            what = f"{method} {path.partition('?')[0]}: {response.status_code}"
            raise Retryable("box_refused", f"{what} {body.get('sentence')}")
        return response.json()
