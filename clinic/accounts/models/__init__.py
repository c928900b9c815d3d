"""Who somebody is and how they show it, one module each."""

from __future__ import annotations

from clinic.accounts.models.codes import AccountLink, CodePurpose, OneTimeCode
from clinic.accounts.models.identities import Identity, OutsideSignIn, Provider
from clinic.accounts.models.passkeys import Passkey, PasskeyChallenge
from clinic.accounts.models.second_step import Authenticator, PendingSignIn, RecoveryCode
from clinic.accounts.models.sessions import LoginSession, SessionKind, SignedInBy, SignInAttempt
from clinic.accounts.models.users import AccountClosing, RoleGrant, SignInEmail, User

__all__ = [
    "AccountClosing",
    "AccountLink",
    "Authenticator",
    "CodePurpose",
    "Identity",
    "LoginSession",
    "OneTimeCode",
    "OutsideSignIn",
    "Passkey",
    "PasskeyChallenge",
    "PendingSignIn",
    "Provider",
    "RecoveryCode",
    "RoleGrant",
    "SessionKind",
    "SignInAttempt",
    "SignInEmail",
    "SignedInBy",
    "User",
]
