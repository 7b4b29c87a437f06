"""Records decisions and answers whether something is allowed now."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from edge.consent.rules import Decision, heads, is_granted
from edge.consent.texts import ConsentTexts
from edge.store.events import SqlcipherEventStore
from shared.clock import Clock
from shared.errors import Rejected
from shared.events.catalogue.consent import ConsentRecorded, ConsentWithdrawn
from shared.events.envelope import EventDraft
from shared.ids import ClientId
from shared.vocabulary import ConsentDecision, ConsentPurpose, Sensitivity


class ConsentMissing(Rejected):
    """The client has not allowed this, or no longer does."""


class TextOutdated(Rejected):
    """The answer was given to another version of the text than the one in force."""


class ConsentDesk:
    """The clinic's consents; the log is the only truth, the table its index."""

    def __init__(self, store: SqlcipherEventStore, texts: ConsentTexts, clock: Clock) -> None:
        self._store = store
        self._texts = texts
        self._clock = clock

    @property
    def texts(self) -> ConsentTexts:
        """The texts shown to clients."""
        return self._texts

    def record(
        self,
        client: ClientId,
        language: str,
        text_version: str,
        choices: Sequence[tuple[ConsentPurpose, ConsentDecision]],
        signature: str,
        actor: str,
    ) -> None:
        """Record every choice of one signed answer in one transaction.

        Args:
            client: who decided.
            language: language of the text shown.
            text_version: its version.
            choices: purpose and decision; a purpose the text does not ask for is refused.
            signature: the strokes as JSON, or how consent was given.
            actor: who was present.

        Raises:
            NoSuchText, TextOutdated, Rejected: nothing was recorded.
        """
        words = self._texts.text(language)
        if words.version != text_version:
            raise TextOutdated("consent_text_outdated", "the consent text has changed; show it again")
        drafts = []
        for purpose, decision in choices:
            asked = words.about(purpose)
            if asked is None:
                raise Rejected("purpose_not_asked", f"the text does not ask for {purpose}")
            granted = decision is ConsentDecision.GRANTED
            payload = ConsentRecorded(
                purpose=purpose,
                decision=decision,
                text_version=words.version,
                text_sha256=words.sha256,
                language=language,
                signature=signature,
                expires_at=self._clock.wall() + timedelta(days=asked.valid_days) if granted else None,
                supersedes=self._known(client, purpose),
            )
            drafts.append(self._draft(client, payload, purpose, actor))
        self._store.append(drafts)

    def withdraw(self, client: ClientId, purpose: ConsentPurpose, reason: str, actor: str) -> None:
        """Record that a client took back a grant."""
        payload = ConsentWithdrawn(purpose=purpose, reason=reason, supersedes=self._known(client, purpose))
        self._store.append([self._draft(client, payload, purpose, actor)])

    def decisions(self, client: ClientId) -> list[Decision]:
        """Return every decision of a client, in the order recorded here."""
        rows = self._store.rows(
            "SELECT id, purpose, decision, recorded_at, expires_at, supersedes FROM consents"
            " WHERE client = ? ORDER BY rowid",
            (client,),
        )
        return [
            Decision(
                row[0],
                ConsentPurpose(row[1]),
                ConsentDecision(row[2]),
                datetime.fromisoformat(row[3]),
                datetime.fromisoformat(row[4]) if row[4] else None,
                frozenset(filter(None, row[5].split(","))),
            )
            for row in rows
        ]

    def granted(self, client: ClientId) -> list[ConsentPurpose]:
        """Return the purposes a client allows now."""
        decisions, now = self.decisions(client), self._clock.wall()
        return [purpose for purpose in ConsentPurpose if is_granted(decisions, purpose, now)]

    def granting(self, purpose: ConsentPurpose) -> frozenset[ClientId]:
        """Return every client who allows `purpose` now."""
        rows = self._store.rows("SELECT DISTINCT client FROM consents WHERE purpose = ?", (purpose,))
        now = self._clock.wall()
        return frozenset(client for (client,) in rows if is_granted(self.decisions(client), purpose, now))

    def require(self, client: ClientId, purpose: ConsentPurpose) -> None:
        """Return when `purpose` is allowed now.

        Raises:
            ConsentMissing: it is not.
        """
        if not is_granted(self.decisions(client), purpose, self._clock.wall()):
            raise ConsentMissing(
                "consent_missing", "the client has not allowed this, or the consent has expired; ask again first"
            )

    def _known(self, client: ClientId, purpose: ConsentPurpose) -> tuple[str, ...]:
        same = (item for item in self.decisions(client) if item.purpose == purpose)
        return tuple(item.id for item in heads(same))

    def _draft(
        self, client: ClientId, payload: ConsentRecorded | ConsentWithdrawn, purpose: ConsentPurpose, actor: str
    ) -> EventDraft:
        aggregate = f"consent/{client}/{purpose}"
        return EventDraft(aggregate, payload, actor, "consent", Sensitivity.PERSONAL, client)
