# A mail server by other people's hands, for egress/tests/mail.rs: says its port, who signs in, and what it took.
import asyncio
import sys

from aiosmtpd.smtp import SMTP, AuthResult


def say(*words):
    print(*words, flush=True)


class Handler:
    async def handle_DATA(self, server, session, envelope):
        say("TOOK", envelope.mail_from, *envelope.rcpt_tos, repr(envelope.content))
        return "250 2.0.0 taken"


def sign_in(server, session, envelope, mechanism, data):
    say("AUTH", mechanism, data.login.decode(), data.password.decode())
    return AuthResult(success=data.password == b"canary-0123456789", handled=False)


async def main():
    def made():
        return SMTP(Handler(), authenticator=sign_in, auth_require_tls=False, auth_required=True,
                    # Else it asks a name server for its own name.
                    hostname="double")

    loop = asyncio.get_running_loop()
    server = await loop.create_server(made, "127.0.0.1", 0)
    say("PORT", server.sockets[0].getsockname()[1])
    # Until whoever started it has gone.
    await loop.run_in_executor(None, sys.stdin.read)


asyncio.run(main())
