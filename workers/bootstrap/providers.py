"""Which providers carry our channels, as they are set?"""

from urllib.parse import urlsplit

from config.providers import FIRST_SMS, SmsSender, SmtpRelay, all_sms_senders, all_smtp_relays
from config.sending import missing_for_sending
from config.settings import Settings
from contracts.vocabulary import Channel
from workers.dispatch.carriers import Carrier
from workers.providers.smtp import SmtpRelay as Provider
from workers.providers.twilio_sms import TwilioSms
from workers.providers.twilio_voice import TwilioVoice


def open_carriers(settings: Settings) -> list[Carrier]:
    """Open the providers of all channels that are set up to send, each channel's in its order."""
    carriers: list[Carrier] = []
    timeout, width = settings.twilio_timeout_seconds, settings.twilio_connections
    sid, token = settings.twilio_account_sid, settings.twilio_auth_token
    if not missing_for_sending(settings, Channel.SMS):
        carriers += [_sms_carrier(settings, one) for one in all_sms_senders(settings)]
    if sid is not None and token is not None:
        api = settings.twilio_api_url
        voice = TwilioVoice(
            sid, token.get_secret_value(), api_url=api, timeout=timeout, connections=width
        )
        carriers.append(Carrier(voice, width, urlsplit(api).netloc))
    if not missing_for_sending(settings, Channel.EMAIL):
        carriers += [_mail_carrier(settings, one) for one in all_smtp_relays(settings)]
    return carriers


def _sms_carrier(settings: Settings, one: SmsSender) -> Carrier:
    width = settings.twilio_connections
    provider = TwilioSms(
        one.account_sid,
        one.auth_token.get_secret_value(),
        api_url=one.api_url,
        timeout=settings.twilio_timeout_seconds,
        connections=width,
        name=one.name,
    )
    sender = None if one.name == FIRST_SMS else one.sender
    return Carrier(provider, width, urlsplit(one.api_url).netloc, sender)


def _mail_carrier(settings: Settings, one: SmtpRelay) -> Carrier:
    provider = Provider(
        one.host,
        one.port,
        security=one.security,
        username=one.username,
        password=one.password.get_secret_value() if one.password is not None else None,
        timeout=settings.smtp_timeout_seconds,
        final_timeout=settings.smtp_final_timeout_seconds,
        connections=settings.smtp_connections,
        name=one.name,
    )
    return Carrier(provider, settings.smtp_connections, f"the relay at {one.host}:{one.port}")
