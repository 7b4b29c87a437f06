"""Routes about signing in and about staff."""

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Field, StringConstraints

from edge.api.permits import permits
from edge.api.ports import EdgePorts
from edge.api.schemas import Identifier, Schema
from edge.faces.actors import SESSION_COOKIE, session_token
from edge.staff.permissions import PERMITTED, Action
from edge.staff.register import Person
from shared.http.errors import ERROR_RESPONSES
from shared.vocabulary import StaffRole

_Pin = Annotated[str, Field(min_length=1, max_length=64)]
_Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
_Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=8, max_length=500)]


class StaffMember(Schema):
    """Somebody who may sign in."""

    id: Identifier
    name: str
    role: StaffRole


class SignedInPerson(StaffMember):
    """Who is signed in, and what their role allows."""

    actions: list[Action]


class Rights(Schema):
    """What whoever stands before a page may do."""

    actions: list[Action]


class SignInRequest(Schema):
    """Who wants to sign in."""

    staff_id: Identifier
    pin: _Pin


class SetUpRequest(Schema):
    """What the holder of a set-up code chooses."""

    code: str = Field(min_length=1, max_length=64)
    name: _Name
    pin: _Pin


class UnlockRequest(Schema):
    """The PIN of whose session is locked."""

    pin: _Pin


class PinChange(Schema):
    """The present PIN and the next."""

    current: _Pin
    new: _Pin


class BreakGlass(Schema):
    """Why somebody needs rights beyond their role."""

    reason: _Reason


class GlassBroken(Schema):
    """How long the rights hold."""

    seconds: int


class NewStaff(Schema):
    """What somebody new will work as."""

    role: StaffRole


class SetUpCode(Schema):
    """A one-time code, shown once."""

    code: str


def sign_in_router(ports: EdgePorts) -> APIRouter:
    """Return the routes under `/api/sign-in` and `/api/staff`."""
    router = APIRouter(prefix="/api", responses=ERROR_RESPONSES)
    _add_entrance(router, ports)
    _add_session(router, ports)
    _add_staff(router, ports)
    return router


def _add_entrance(router: APIRouter, ports: EdgePorts) -> None:
    public = permits(ports, Action.PUBLIC)

    @router.get("/sign-in/people", operation_id="listPeople", dependencies=public)
    def people() -> list[StaffMember]:
        """Return who may sign in, to choose from."""
        return [StaffMember(id=item.id, name=item.name, role=item.role) for item in ports.sign_in.people()]

    @router.post("/sign-in", operation_id="signIn", dependencies=public)
    def start(what: SignInRequest, request: Request, response: Response) -> SignedInPerson:
        return _enter(request, response, *ports.sign_in.start(what.staff_id, what.pin))

    @router.post("/sign-in/set-up", operation_id="setUpStaff", status_code=201, dependencies=public)
    def set_up(what: SetUpRequest, request: Request, response: Response) -> SignedInPerson:
        return _enter(request, response, *ports.sign_in.set_up(what.code, what.name, what.pin))

    @router.post("/sign-in/unlock", operation_id="unlockSession", dependencies=public)
    def unlock(what: UnlockRequest, request: Request) -> SignedInPerson:
        return _shown(ports.sign_in.unlock(session_token(request.headers), what.pin))


def _add_session(router: APIRouter, ports: EdgePorts) -> None:
    signed_in = permits(ports, Action.BE_SIGNED_IN)

    @router.get("/sign-in", operation_id="whoAmI", dependencies=signed_in)
    def who(request: Request) -> SignedInPerson:
        return _shown(ports.sign_in.person(session_token(request.headers)))

    @router.get("/sign-in/rights", operation_id="getRights", dependencies=signed_in)
    def rights(request: Request) -> Rights:
        """What whoever asks may do now; everything where nobody has to sign in."""
        return Rights(actions=sorted(ports.actors.allowed(request.headers)))

    @router.post("/sign-in/active", operation_id="stayActive", status_code=204, dependencies=signed_in)
    def active() -> None:
        """Tell that somebody is at work on the page, which keeps the session unlocked."""

    @router.post("/sign-in/end", operation_id="signOut", status_code=204, dependencies=permits(ports, Action.PUBLIC))
    def end(request: Request, response: Response) -> None:
        ports.sign_in.end(session_token(request.headers))
        response.delete_cookie(SESSION_COOKIE, path="/api")

    @router.post("/sign-in/pin", operation_id="changePin", status_code=204, dependencies=signed_in)
    def change(what: PinChange, request: Request) -> None:
        ports.sign_in.change_pin(session_token(request.headers), what.current, what.new)

    @router.post("/sign-in/break-glass", operation_id="breakGlass", dependencies=signed_in)
    def break_glass(what: BreakGlass, request: Request) -> GlassBroken:
        return GlassBroken(seconds=ports.sign_in.break_glass(session_token(request.headers), what.reason))


def _add_staff(router: APIRouter, ports: EdgePorts) -> None:
    managing = permits(ports, Action.MANAGE_STAFF)

    @router.post("/staff/codes", operation_id="inviteStaff", status_code=201, dependencies=managing)
    def invite(what: NewStaff, request: Request) -> SetUpCode:
        return SetUpCode(code=ports.sign_in.invite(session_token(request.headers), what.role))

    @router.post("/staff/{staff_id}/deactivate", operation_id="deactivateStaff", status_code=204, dependencies=managing)
    def deactivate(staff_id: Identifier, request: Request) -> None:
        ports.sign_in.deactivate(session_token(request.headers), staff_id)


def _enter(request: Request, response: Response, token: str, person: Person) -> SignedInPerson:
    secure = request.url.scheme == "https"
    response.set_cookie(SESSION_COOKIE, token, httponly=True, samesite="strict", secure=secure, path="/api")
    return _shown(person)


def _shown(person: Person) -> SignedInPerson:
    actions = sorted(PERMITTED[person.role])
    return SignedInPerson(id=person.id, name=person.name, role=person.role, actions=actions)
