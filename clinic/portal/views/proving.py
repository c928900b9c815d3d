"""Codes for somebody who is signed in: what they prove, and what follows once they are right.

Each step has a purpose of its own. The cookie holds only the ids of the codes; where a second code follows a
first, the first one's row says what it was given for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import Response, request, session, url_for

from clinic.accounts import sessions
from clinic.accounts.models import CodePurpose, OneTimeCode
from clinic.accounts.service import codes
from clinic.accounts.service.households import own_mobile
from clinic.accounts.views.portal_sign_in import answer_words, later, settings
from clinic.core.access import Role, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError, Invalid
from clinic.core.i18n import gettext as _
from clinic.core.i18n import lazy as _l
from clinic.core.i18n import locale_tag
from clinic.core.phones import show_mobile
from clinic.core.web import current_actor, go_to, page, say
from clinic.portal.forms import CodeForm
from clinic.portal.views.blueprint import bp

_CODES = "proving"
STEPS = {
    "email": CodePurpose.EMAIL_VERIFY,
    "mobile-old": CodePurpose.MOBILE_OLD,
    "mobile-new": CodePurpose.MOBILE_NEW,
    "leave-old": CodePurpose.LEAVE_OLD,
    "leave-new": CodePurpose.LEAVE_NEW,
    "confirm": CodePurpose.CONFIRM,
    "close": CodePurpose.CLOSE,
}
After = Callable[[OneTimeCode], Callable[[], Response]]
"""What a right code does, inside the unit of work that spends it; gives what to answer once that is done."""


@dataclass(frozen=True)
class Step:
    """How a page that asks for a code looks, and what the code does."""

    title: str
    why: str
    back: str
    after: After


_steps: dict[CodePurpose, Step] = {}


def step(purpose: CodePurpose, *, title: str, why: str, back: str) -> Callable[[After], After]:
    """Say what the right code of a purpose does. ``back`` is the endpoint to return to."""

    def declare(after: After) -> After:
        _steps[purpose] = Step(title=title, why=why, back=back, after=after)
        return after

    return declare


def send(purpose: CodePurpose, address: str, *, about: str | None = None) -> None:
    """Send a code for a purpose, in the caller's unit of work. Raises TooMany."""
    row = codes.send_code(
        current_actor(),
        address=address,
        browser=sessions.browser_hash(),
        locale=locale_tag(),
        per_day=settings().sms_per_day,
        purpose=purpose,
        about=about,
    )
    session[_CODES] = {**session.get(_CODES, {}), str(purpose): row.id}


def go_to_step(purpose: CodePurpose) -> Response:
    """The page where the code of this purpose is typed."""
    name = next(name for name, value in STEPS.items() if value is purpose)
    return go_to(url_for("portal.prove", name=name))


def code_id(purpose: CodePurpose) -> object:
    """The id of the code last asked for here with this purpose."""
    return session.get(_CODES, {}).get(str(purpose))


def proved(purpose: CodePurpose) -> OneTimeCode | None:
    """The code of this purpose, if the reader gave it rightly here within the last 15 minutes."""
    return codes.proved(
        code_id(purpose), actor=current_actor(), browser=sessions.browser_hash(), purpose=purpose
    )


def need_proof(purpose: CodePurpose, about: str | None) -> None:
    """Raises Invalid unless the code of the step before was right, and was about the same."""
    row = proved(purpose)
    if row is None or row.about != about:
        raise Invalid(_("That took too long. Begin again."), field="code")


_NAMES = ",".join(f"'{name}'" for name in STEPS)


@bp.route(f"/prove/<any({_NAMES}):name>", methods=["GET", "POST"])
@allow(Role.PATIENT)
def prove(name: str) -> Response:
    """Type a code that was sent."""
    purpose = STEPS[name]
    asked = _asked(purpose)
    if asked is None:
        return go_to(url_for(_steps[purpose].back))
    form = CodeForm()
    if request.method == "GET":
        return _page(name, asked, form)
    if not form.validate():
        return _page(name, asked, form, status=422)
    try:
        with unit_of_work():
            answer = codes.check_code(
                current_actor(),
                address=codes.address_of(asked),
                browser=asked.browser_hash,
                typed=form.code.data or "",
                purpose=purpose,
            )
            done = _steps[purpose].after(asked) if answer is codes.Answer.RIGHT else None
    except DomainError as error:
        error.field = "code"
        form.refuse(error)
        return later(_page(name, asked, form, status=error.status), error)
    if done is None:
        form.code.errors = [answer_words(answer)]
        return _page(name, asked, form, status=422)
    return done()


@bp.post(f"/prove/<any({_NAMES}):name>/again")
@allow(Role.PATIENT)
def prove_again(name: str) -> Response:
    """Send another code; the one before is dead."""
    purpose = STEPS[name]
    asked = _asked(purpose)
    if asked is None:
        return go_to(url_for(_steps[purpose].back))
    try:
        with unit_of_work():
            send(purpose, codes.address_of(asked), about=asked.about)
    except DomainError as error:
        form = CodeForm(formdata=None)
        form.form_errors.append(error.message)
        return later(_page(name, asked, form, status=error.status), error)
    say(_("A new code is on its way."))
    return go_to_step(purpose)


def _asked(purpose: CodePurpose) -> OneTimeCode | None:
    row = codes.asked_here(code_id(purpose), browser=sessions.browser_hash(), purpose=purpose)
    return row if row is not None and row.user_id == current_actor().user_id else None


def _page(name: str, asked: OneTimeCode, form: CodeForm, status: int = 200) -> Response:
    return page(
        "portal/prove.html",
        status=status,
        form=form,
        step=_steps[STEPS[name]],
        name=name,
        address=asked.email or show_mobile(asked.mobile),
        by_mail=asked.email is not None,
        resend_wait=codes.resend_wait(asked),
    )


def recently_signed_in() -> bool:
    """Whether this session was opened by a code a short while ago, or one was given again since."""
    return sessions.is_fresh(current_actor()) or proved(CodePurpose.CONFIRM) is not None


def ask_to_confirm(onward: str) -> Response:
    """Send a code to the household's own number; the right one leads on to ``onward``. Raises TooMany."""
    with unit_of_work():
        send(CodePurpose.CONFIRM, own_mobile(current_actor()), about=onward)
    return go_to_step(CodePurpose.CONFIRM)


@step(
    CodePurpose.CONFIRM,
    title=_l("Is it you?"),
    why=_l("Before this we make sure that it is you."),
    back="portal.details",
)
def _confirmed(code: OneTimeCode) -> Callable[[], Response]:
    onward = code.about or url_for("portal.details")
    return lambda: go_to(onward)
