"""A Twilio and an SMTP server for demos, tests and benchmarks: who they say they are.

They speak the wire and know nothing of Onward; nothing here imports the rest of it. Nothing they
accept goes anywhere but into their own record.
"""

SANDBOX_ACCOUNT_SID = "AC" + "5a" * 16
SANDBOX_AUTH_TOKEN = "sandbox-" + "token" * 4
SANDBOX_AUTH_TOKEN_FORGED = "not-" + SANDBOX_AUTH_TOKEN

__all__ = ["SANDBOX_ACCOUNT_SID", "SANDBOX_AUTH_TOKEN", "SANDBOX_AUTH_TOKEN_FORGED"]
