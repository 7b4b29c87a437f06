"""The register of clients and their consents, for the pages."""

from datetime import date

from edge.api.ports import Actor
from edge.api.schemas import (
    Client,
    ConsentAnswer,
    ConsentPurposeText,
    ConsentRecord,
    ConsentText,
    NewClient,
)
from edge.clients.register import ClientRegister, RegisteredClient
from edge.consent.desk import ConsentDesk
from edge.consent.rules import heads, is_granted
from edge.consent.texts import ConsentWords
from edge.visits.library import CaptureLibrary
from shared.clock import Clock
from shared.events.catalogue.client import ClientRegistered
from shared.ids import ClientId
from shared.vocabulary import ConsentDecision


class ClientDesk:
    """Clients as the staff see them."""

    def __init__(self, register: ClientRegister, consent: ConsentDesk, library: CaptureLibrary) -> None:
        self._register = register
        self._consent = consent
        self._library = library

    def search(self, query: str, limit: int, actor: Actor) -> list[Client]:
        """Return clients whose name contains `query`, latest first."""
        del actor
        wanted = query.casefold()
        found = (item for item in self._register.all() if wanted in item.details.name.casefold())
        return [self._shown(item) for _, item in zip(range(limit), found, strict=False)]

    def create(self, new: NewClient, actor: Actor) -> Client:
        """Register a client."""
        details = ClientRegistered(
            name=new.name,
            born_on=new.born_on.isoformat() if new.born_on else "",
            phone=new.phone or "",
            email=new.email or "",
            language=new.language,
            tone_monk=new.tone,
        )
        return self._shown(self._register.add(details, actor.id))

    def _shown(self, client: RegisteredClient) -> Client:
        details = client.details
        latest = self._library.latest(client.id, 1)
        return Client(
            id=client.id,
            name=details.name,
            born_on=date.fromisoformat(details.born_on) if details.born_on else None,
            phone=details.phone or None,
            email=details.email or None,
            language=details.language,
            tone=details.tone_monk,
            last_visit_at=latest[0].taken_at if latest else None,
            captures=self._library.count(client.id),
            granted=self._consent.granted(client.id),
        )


class ConsentForms:
    """Consent texts and answers as the pages exchange them."""

    def __init__(self, desk: ConsentDesk, register: ClientRegister, clock: Clock) -> None:
        self._desk = desk
        self._register = register
        self._clock = clock

    def text(self, language: str) -> ConsentText:
        """Return the text in a language."""
        return consent_text(self._desk.texts.text(language))

    def record(self, client_id: str, answer: ConsentAnswer, actor: Actor) -> list[ConsentRecord]:
        """Record an answer and return where every purpose stands."""
        client = self._register.get(ClientId(client_id)).id
        choices = [(choice.purpose, choice.decision) for choice in answer.choices]
        signature = answer.signature.model_dump_json()
        self._desk.record(client, answer.language, answer.text_version, choices, signature, actor.id)
        decisions, now = self._desk.decisions(client), self._clock.wall()
        standing = {item.purpose: item for item in heads(decisions)}
        return [
            ConsentRecord(
                purpose=purpose,
                decision=ConsentDecision.GRANTED if is_granted(decisions, purpose, now) else ConsentDecision.DENIED,
                recorded_at=item.recorded_at,
                expires_at=item.expires_at,
            )
            for purpose, item in standing.items()
        ]


def consent_text(words: ConsentWords) -> ConsentText:
    """Return a text as the pages show it."""
    purposes = [
        ConsentPurposeText(purpose=item.purpose, title=item.title, text=item.text, required=item.required)
        for item in words.purposes
    ]
    return ConsentText(
        language=words.language,
        version=words.version,
        title=words.title,
        paragraphs=list(words.paragraphs),
        purposes=purposes,
    )
