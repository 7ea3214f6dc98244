"""What is answered while a caller is put through: to who picks up, and of each number that rang.

Twilio fetches what to say to whoever picks up, posts the key that they press, and tells how each
leg ended. The way back rides in the URL, as in all webhooks.
"""

from collections.abc import Callable
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from structlog import get_logger

from contracts.vocabulary import Purpose, Reason
from store.deliveries.looking_back import look_back
from store.deliveries.receiving import Told
from store.engine import Store, is_outage
from store.evidence import legs
from workers.providers.twilio_announcing import announcing_twiml, joining_twiml, parting_twiml
from workers.providers.twilio_errors import DialOutcome, dial_outcome
from workers.receipts.apply import NOT_PUT_THROUGH
from workers.receipts.counts import Counts, Meaning, Way
from workers.receipts.forms import Form, Forms, ids_of, number, out_of_order, twiml
from workers.receipts.racing import without_races
from workers.routing.speaking import Spoken

log = get_logger(__name__)

_KEY = "1"
_MEANINGS = {
    Told.CHANGED: Meaning.CHANGED,
    Told.NOTHING_NEW: Meaning.REPEATED,
    Told.UNKNOWN: Meaning.UNKNOWN,
}


class CallHooks:
    """The routes, as ``router``. ``announced`` writes what is said of a claimed call.

    ``base`` is the URL that providers were given for us, without a path of ours; ``provider``
    names who carries calls.
    """

    def __init__(
        self,
        store: Store,
        forms: Forms,
        counts: Counts,
        announced: Callable[[legs.Announced], Spoken],
        base: str,
        provider: str,
    ) -> None:
        self._store = store
        self._forms = forms
        self._counts = counts
        self._announced = announced
        self._base = base.rstrip("/")
        self._provider = provider
        self.router = APIRouter(prefix="/hooks/twilio", tags=["receipts"], include_in_schema=False)
        for path, answer in (
            ("/announce", self._announce),
            ("/accepted", self._accepted),
            ("/leg", self._leg),
        ):
            self.router.add_api_route(path, answer, methods=["POST"])

    async def close(self) -> None:
        """Nothing is left under way."""

    async def _announce(self, request: Request) -> Response:
        form = await self._forms.admitted(request, Way.ANNOUNCE)
        if isinstance(form, Response):
            return form
        ids = ids_of(request)
        try:
            press = _must_press(request)
            spoken = None if ids is None else await run_in_threadpool(self._words, ids[0], press)
        except Exception as error:
            if not is_outage(error):
                raise
            return out_of_order(error)
        if ids is None or spoken is None:
            self._unknown(Way.ANNOUNCE)
            return twiml(parting_twiml())
        self._counts.add(Way.ANNOUNCE, Meaning.NOTED)
        return twiml(announcing_twiml(spoken.words, spoken.language, self._key_url(request, ids)))

    def _words(self, delivery_id: UUID, must_press: bool) -> Spoken | None:  # noqa: FBT001
        with self._store.read(Purpose.CALLS) as tx:
            found = look_back(tx, [delivery_id]).get(delivery_id)
        if found is None:
            return None
        claimed = found.claimed
        return self._announced(
            legs.Announced(claimed.locale, must_press, claimed.event_type, claimed.content_of_event)
        )

    def _key_url(self, request: Request, ids: tuple[UUID, int]) -> str | None:
        if not _must_press(request):
            return None
        return f"{self._base}/hooks/twilio/accepted?delivery={ids[0]}&attempt={ids[1]}"

    async def _accepted(self, request: Request) -> Response:
        form = await self._forms.admitted(request, Way.ACCEPTED)
        if isinstance(form, Response):
            return form
        ids, fields = ids_of(request), dict(form)
        reference = fields.get("CallSid", "")[:100]
        if ids is None or not reference:
            self._unknown(Way.ACCEPTED)
            return twiml(parting_twiml())
        if fields.get("Digits") != _KEY:
            self._counts.add(Way.ACCEPTED, Meaning.WRONG_CODE)
            return twiml(parting_twiml())
        try:
            told = await run_in_threadpool(
                without_races, self._store, lambda tx: legs.accept(tx, *ids, reference)
            )
        except Exception as error:
            if not is_outage(error):
                raise
            # Somebody is there and waits: joining them matters more than our record of the key.
            log.error("store_out_of_order", error_type=type(error).__name__)  # noqa: TRY400
            return twiml(joining_twiml())
        self._counts.add(Way.ACCEPTED, _MEANINGS[told])
        return twiml(parting_twiml() if told is Told.UNKNOWN else joining_twiml())

    async def _leg(self, request: Request) -> Response:
        form = await self._forms.admitted(request, Way.LEG)
        if isinstance(form, Response):
            return form
        ended = self._ended(request, form)
        if ended is None:
            self._unknown(Way.LEG)
            return Response(status_code=204)
        try:
            told = await run_in_threadpool(
                without_races, self._store, lambda tx: legs.end(tx, ended)
            )
        except Exception as error:
            if not is_outage(error):
                raise
            return out_of_order(error)
        self._counts.add(Way.LEG, _MEANINGS[told])
        if told is Told.UNKNOWN:
            log.warning("receipt_unknown", path=Way.LEG.value, delivery_id=str(ended.delivery_id))
        return Response(status_code=204)

    def _ended(self, request: Request, form: Form) -> legs.Ended | None:
        ids, fields = ids_of(request), dict(form)
        word, reference = fields.get("CallStatus", ""), fields.get("CallSid", "")[:100]
        if ids is None or not word or not reference:
            return None
        outcome = dial_outcome(word)
        reason = Reason.ANSWERED
        if outcome is not DialOutcome.ANSWERED:
            # The others stop ringing once one has the call: the caller is not gone.
            gone = outcome is DialOutcome.CANCELED
            reason = Reason.NOT_ANSWERED if gone else NOT_PUT_THROUGH[outcome]
        return legs.Ended(
            *ids,
            reference=reference,
            number=fields.get("To", ""),
            provider=self._provider,
            reason=reason,
            seconds=max(0, number(fields.get("CallDuration")) or 0),
            must_press=_must_press(request),
        )

    def _unknown(self, way: Way) -> None:
        self._counts.add(way, Meaning.UNKNOWN)
        log.warning("receipt_unknown", path=way.value, reason="ids")


def _must_press(request: Request) -> bool:
    return request.query_params.get("press") == "1"
