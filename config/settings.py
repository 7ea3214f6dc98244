"""What can an installation set, and what does each setting mean?

Read once, by ``config.loading.load`` for ``workers.bootstrap``; everything else is passed what it
needs. A field's description is its documentation: ``onward check`` and ``docs/settings.md`` show
it. Secrets are ``SecretStr`` and stay out of every text this package makes.
"""

import re
from datetime import time
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import (
    BeforeValidator,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from config.agreement import contradictions
from config.bank_holidays import Nation
from config.keyfile import decode_key
from config.processors import Declarations
from config.providers import TWILIO_API, Security, SmsSenders, SmtpRelays, web_address
from config.sources import ENV_PREFIX, config_file
from config.texts import AlikePerHour, Countries, MostPerHour, Segments, SegmentsByPurpose
from contracts.fields import Email
from contracts.senders import read_sender

SANDBOX_SAMPLES = {
    "company_legal_name": "Brindle & Hart Virtual Offices Ltd",
    "company_trading_name": "Brindle & Hart",
    "company_phone": "+441632960100",
    "company_email": "office@brindle-hart.example",
    "mail_sender": "onward@brindle-hart.example",
    "sms_sender": "+447700900100",
    "identity_before_service": False,  # drama has no passport
    "sms_throttle": False,  # a thousand drama numbers would cap whatever is tried
}

_SCHEMES = {
    "broker_url": ("amqp", "amqps"),
    "database_url": ("postgresql", "postgresql+psycopg", "sqlite"),
}
_LABEL = "[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_CLOCK_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_DOMAIN = re.compile(rf"(?=.{{1,190}}$){_LABEL}(?:\.{_LABEL})+")
Port = Annotated[int, Field(ge=0, le=65535)]
Count = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(gt=0)]


def _clock_time(value: object) -> object:
    """Take a time of the clock as it is written on a wall: 17:30."""
    if isinstance(value, time):
        return value
    if not isinstance(value, str) or _CLOCK_TIME.fullmatch(value) is None:
        raise ValueError("must be a time of the clock, as 17:30")
    return time.fromisoformat(value)


ClockTime = Annotated[time, BeforeValidator(_clock_time)]


def _split(value: object) -> object:
    """Let a list be written with commas in the environment, and as a list in TOML."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _lines(value: object) -> object:
    """Let lines be written with ``|`` between them, and as a list in TOML."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split("|") if part.strip())
    return value


Lines = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_lines)]
Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]


class Settings(BaseSettings):
    """All settings of one installation, checked; the environment wins over the TOML file.

    Made without arguments it reads both; keyword arguments win over either. ``config.loading.load``
    is the front door: it reports unknown names too, and every error at once in plain words.
    """

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX,
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        validate_default=True,
    )

    # the installation
    data_dir: Path = Field(
        Path("onward-data"), description="Where its files lie: embedded store, blobs, journals."
    )
    broker_url: SecretStr | None = Field(
        None, description="RabbitMQ, as amqp:// or amqps://; unset: all in one process."
    )
    database_url: SecretStr | None = Field(
        None, description="PostgreSQL, as postgresql://; unset: SQLite in the data folder."
    )
    master_key: SecretStr | None = Field(
        None, description="The key that wraps all others: 32 bytes in base64."
    )
    master_key_file: Path | None = Field(
        None, description="A file with it; unset: `master.key` in the data folder."
    )
    master_key_command: Names = Field(
        (),
        description="A command that prints it, commas between its words, as a vault's client.",
    )
    sandbox: bool = Field(
        default=False,
        description="Providers are stand-ins: admits drama numbers, names a sample company.",
    )
    time_zone: str = Field(
        "Europe/London", description="The office's time zone, for pages and for the log of a day."
    )
    bank_holidays: Nation = Field(
        "england", description="Whose bank holidays count in the windows of customers' rules."
    )

    # who we are: named in every email, as the policy asks
    company_legal_name: str | None = Field(None, description="The company's legal name.")
    company_trading_name: str | None = Field(None, description="The name customers know it by.")
    company_phone: str | None = Field(None, description="Where customers can ring the company.")
    company_email: Email | None = Field(None, description="Where customers can write to it.")
    company_website: str | None = Field(None, description="Its website, as https://….")
    company_footer: Lines = Field(
        (),
        description="Further lines under every email, as the company's number and registered "
        "office; a bar begins a new line.",
    )
    brand_colour: Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")] = Field(
        "#2f6f5e", description="The colour of emails and of customers' pages, as #rrggbb."
    )
    brand_logo_url: str | None = Field(
        None, description="A picture at the head of every email, as https://…; unset: the name."
    )
    templates_dir: Path | None = Field(
        None, description="A folder of templates that is searched before those that are shipped."
    )
    policy_version: str = Field(
        "2020-04", description="The data-protection policy in force; stands in each record."
    )

    # the HTTP door
    door_host: str = Field("127.0.0.1", description="The address the HTTP door listens on.")
    door_port: Port = Field(8080, description="The port the HTTP door listens on.")
    public_url: str | None = Field(
        None, description="How providers and customers reach us, as https://…; unset: not at all."
    )
    body_limit_bytes: Count = Field(1_048_576, description="The largest request with events.")
    blob_limit_bytes: Count = Field(
        26_214_400,
        description="The largest scan or document: handed in, or read from an object store.",
    )
    blob_url: str | None = Field(
        None, description="Where blobs lie: file:// or s3://; unset: `blobs` in the data folder."
    )
    blob_roots: Names = Field(
        (), description="Object-store URLs that events may point into; nothing else is fetched."
    )

    # the operations port: health and figures, for supervisors and Prometheus, never the public
    ops_host: str = Field("127.0.0.1", description="The address the operations port listens on.")
    ops_port: Port | None = Field(
        None,
        description="The operations port: /healthz, /readyz, /metrics; its own a process; or none.",
    )

    # intake
    intake_prefetch: Count = Field(500, description="AMQP messages held unacknowledged at once.")
    intake_batch: Count = Field(200, description="The most events in one transaction.")
    intake_flush_ms: Annotated[float, Field(ge=0)] = Field(
        2, description="How long a batch waits for more when events are rare."
    )
    intake_flush_max_ms: Annotated[float, Field(ge=0)] = Field(
        25, description="How long a batch waits for more when events crowd."
    )
    waiting_limit_urgent_seconds: Count = Field(
        60, description="How long an urgent or live event waits for what it needs."
    )
    waiting_limit_seconds: Count = Field(
        7 * 86_400, description="How long any other event waits for what it needs."
    )
    hold_limit_seconds: Count = Field(
        30 * 86_400,
        description="How long a rule may hold a delivery before an operator is asked.",
    )

    # onward up, where it supervises a process for each part
    up_dispatchers: Count = Field(
        1, description="`onward up`: processes that send routine and bulk deliveries."
    )
    hung_after_seconds: Seconds = Field(
        20, description="`onward up`: how long a process may be silent before it is replaced."
    )

    # dispatch
    dispatch_threads: Count = Field(16, description="Batches that one dispatch process works on.")
    hint_size: Annotated[int, Field(ge=1, le=1000)] = Field(
        100, description="The most deliveries that one hint carries."
    )
    lease_seconds: Count = Field(
        60, description="How long a claim holds; longer than any provider may take to answer."
    )
    deadline_live_seconds: Count = Field(
        120, description="The longest a live call may wait; its own not_after is usually sooner."
    )
    deadline_urgent_seconds: Count = Field(
        30 * 60, description="When an urgent delivery expires, from when it was first due."
    )
    deadline_routine_seconds: Count = Field(
        24 * 3600, description="When a routine delivery expires, from when it was first due."
    )
    deadline_bulk_seconds: Count = Field(
        72 * 3600, description="When a notice or an offer expires, from when it was first due."
    )

    # what nobody knows the fate of, when no evidence has come
    uncertain_sms: Literal["park", "resend"] = Field(
        "park", description="An SMS of unknown fate: park it for a person, or resend it, marked."
    )
    uncertain_call: Literal["park", "resend"] = Field(
        "park", description="A call passed on with unknown fate: park it, or dial again, marked."
    )
    uncertain_email: Literal["park", "resend"] = Field(
        "resend",
        description="An email of unknown fate: park it, or resend it, marked, same Message-ID.",
    )
    uncertain_resends: Count = Field(
        3, description="How often a delivery is resent so before it is parked after all."
    )

    # whose identity is verified, beyond what the law asks
    identity_for_telephone: bool = Field(
        default=False,
        description="Identity is verified for telephone services too, which the law does not ask.",
    )
    identity_for_individuals: bool = Field(
        default=False,
        description="Identity is verified of individuals too, and not of legal persons alone.",
    )
    identity_before_service: bool = Field(
        default=True,
        description="A service for which identity must be verified starts once it is.",
    )

    # post
    post_round: ClockTime = Field(
        time(12), description="When consolidated post goes on its day, by the customer's clock."
    )
    post_ask_after_days: Count = Field(
        20, description="Days that an item is held before its customer is asked about it."
    )
    post_shred_after_days: Count = Field(
        30, description="Days that an item is held before it is shredded, where that is allowed."
    )

    # notices and offers
    bulk_per_second: Count = Field(
        100, description="How many notices and offers go out in a second, at the most."
    )
    offers_most: Count = Field(
        4, description="The most offers that one customer is sent within `offers_days`."
    )
    offers_days: Count = Field(30, description="The days over which a customer's offers count.")

    # SMS and calls
    twilio_account_sid: str | None = Field(None, description="The account for SMS and calls.")
    twilio_auth_token: SecretStr | None = Field(None, description="That account's token.")
    twilio_api_url: str = Field(TWILIO_API, description="The provider's address, or a stand-in's.")
    twilio_timeout_seconds: Seconds = Field(10, description="How long one request may take.")
    twilio_connections: Count = Field(256, description="Requests in flight from one process.")
    sms_sender: str | None = Field(
        None, description="Whom an SMS comes from: a number in E.164, or up to 11 letters."
    )
    sms_reply_number: str | None = Field(
        None,
        description="The number that an SMS comes from which wants an answer; "
        "unset: `sms_sender`, which must then be a number.",
    )
    sms_segments: Segments = Field(
        10, description="The most segments of one SMS; longer words are cut, and it says so."
    )
    sms_segments_by_purpose: SegmentsByPurpose = Field(
        {}, description="The same for some purposes, as `invoice=2, post=3`."
    )
    sms_per_hour: MostPerHour = Field(
        90,
        description="The most SMS to one number in any hour; more wait. UK networks block a number "
        "beyond 100, which what is urgent may go up to.",
    )
    sms_alike_per_hour: AlikePerHour = Field(
        18, description="The same for SMS that are alike to the letter: networks block beyond 20."
    )
    sms_throttle: bool = Field(
        default=True, description="Off with a sandbox alone: SMS to one number are not limited."
    )
    number_countries: Countries = Field(
        ("GB",),
        description="Countries (ISO 3166) whose numbers are texted and rung, against toll fraud; "
        "JE, GG and IM are countries of their own.",
    )
    sms_validity_seconds: Annotated[int, Field(ge=1, le=36_000)] = Field(
        14_400, description="The longest the provider may keep an SMS queued."
    )
    voice_return_to: str | None = Field(
        None,
        description="Where callers go whom nobody is rung for: the agents' number or SIP address.",
    )
    voice_caller_id: str | None = Field(
        None, description="The number shown when a call is passed on, where the rule says so."
    )

    sms_senders: SmsSenders = Field(
        (),
        description="Further SMS accounts, taken in turn while those before are out of use: "
        "name, account_sid, auth_token, sender, api_url.",
    )

    # email
    smtp_host: str | None = Field(None, description="The relay that takes our email.")
    smtp_port: Port = Field(587, description="Its port.")
    smtp_username: str | None = Field(None, description="Its user, if it asks for one.")
    smtp_password: SecretStr | None = Field(None, description="That user's password.")
    smtp_security: Security = Field(
        "starttls", description="starttls or tls are insisted on; none sends in the clear."
    )
    smtp_timeout_seconds: Seconds = Field(
        10, description="How long connecting, or the steps before the body, may take."
    )
    smtp_final_timeout_seconds: Seconds = Field(
        30, description="How long the relay may take to answer the body; later is uncertain."
    )
    smtp_connections: Count = Field(20, description="Connections kept open by one process.")
    smtp_relays: SmtpRelays = Field(
        (),
        description="Further relays, taken in turn while those before are out of use: "
        "name, host, port, username, password, security.",
    )
    mail_sender: Email | None = Field(None, description="The address email comes from.")
    mail_reply_to: Email | None = Field(None, description="Where answers go; unset: the sender.")
    mail_domains: Names = Field(
        (),
        description="Domains that customers' emails may come from, beside that of the sender.",
    )
    mail_attachment_limit_bytes: Annotated[int, Field(ge=0)] = Field(
        7_340_032,
        description="The largest email; a larger document goes by a link to a page of ours.",
    )
    document_link_days: Annotated[int, Field(ge=1, le=90)] = Field(
        14, description="How long a document can be fetched by its link."
    )
    document_link_tries: Count = Field(
        5, description="How often a wrong address may be given at a link before it is closed."
    )
    copy_link_days: Annotated[int, Field(ge=1, le=30)] = Field(
        7, description="How long the copy that somebody asked for can be fetched by its link."
    )
    copy_folder_hours: Annotated[int, Field(ge=1, le=720)] = Field(
        72,
        description="How long a copy or export that was written to a folder stays there;"
        " then it is deleted.",
    )
    document_page_limit: Count = Field(
        1_000, description="A PDF of more pages is held back for you to look at, not sent."
    )
    document_memory_bytes: Count = Field(
        134_217_728,
        description="How much memory of one dispatch process the documents in hand may take.",
    )

    # bounces of our emails
    mail_bounce_domain: str | None = Field(
        None,
        description="The domain whose mail is brought to us: bounces go there; unset: none come.",
    )
    bounce_soft_limit: Count = Field(
        3, description="So many bounces of a full or unreachable mailbox bar it as a dead one is."
    )
    bounce_soft_days: Count = Field(7, description="Within so many days.")
    bounce_host: str = Field("127.0.0.1", description="The address bounces are taken at.")
    bounce_port: Port = Field(2525, description="The port bounces are taken at.")
    bounce_protocol: Literal["smtp", "lmtp"] = Field(
        "smtp", description="What the mail server speaks that brings them."
    )

    # who carries and keeps what for us
    processors: Declarations = Field(
        (),
        description="Third parties that carry or keep what we hold about people: name, company,"
        " parts, region, contract.",
    )
    own_parts: Names = Field(
        (),
        description="Parts that we run ourselves on other machines than this: no third party does.",
    )
    processor_answer_days: Count = Field(
        14, description="Days that a processor has to confirm that it has erased somebody."
    )

    # upkeep
    upkeep_interval_seconds: Seconds = Field(
        1, description="How often due deliveries and expired leases are looked for."
    )
    seal_interval_seconds: Seconds = Field(1, description="How often the ledger is sealed.")
    checkpoint_url: str | None = Field(
        None,
        description="Where signed checkpoints of the ledger are written: file:// or s3://, best"
        " where this installation can only add; unset: `checkpoints` in the data folder.",
    )
    checkpoint_interval_seconds: Seconds = Field(
        3_600, description="How often a checkpoint of the ledger is signed and written."
    )

    # how long what is held about people is kept
    erasure_url: str | None = Field(
        None,
        description="Where it is written who was erased and who opted out, apart from the"
        " database and its backups: file:// or s3://; unset: `erasures` in the data folder.",
    )
    keep_years: Count = Field(
        5, description="So long after its services end, who a customer is and what was sent stays."
    )
    keep_content_years: Count = Field(
        5, description="So long after that, what was said, written and scanned stays."
    )
    keep_billing_years: Count = Field(
        6, description="So long after that, invoices and payments stay (the law wants six years)."
    )
    keep_prospect_months: Count = Field(
        12,
        description="So long after they were last heard of, who was never served stays: who only"
        " enquired, ordered or registered.",
    )
    report_customers: Count = Field(
        5, description="A figure of a report stands for so many customers at the least."
    )

    time_scale: Annotated[float, Field(gt=0, le=1)] = Field(
        1,
        description="With a sandbox: shortens the policies' times, so that an outage can be tried.",
    )

    failpoints: str | None = Field(
        None, description="With a sandbox: where a fault test stops a process."
    )

    # logs
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="What is logged: this and graver."
    )
    log_format: Literal["json", "console"] = Field(
        "json", description="One JSON object a line, or for eyes."
    )

    @property
    def embedded(self) -> bool:
        """All in one process, without a broker."""
        return self.broker_url is None

    @property
    def database(self) -> str:
        """The store's URL; holds a password where the setting does."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{(self.data_dir / 'onward.db').absolute()}"

    @property
    def broker(self) -> str | None:
        """The broker's URL; holds a password where the setting does."""
        return None if self.broker_url is None else self.broker_url.get_secret_value()

    @property
    def blobs(self) -> str:
        """The URL of the place where blobs are kept."""
        return self.blob_url or (self.data_dir / "blobs").absolute().as_uri()

    @property
    def checkpoints(self) -> str:
        """The URL of the place where checkpoints of the ledger are written."""
        return self.checkpoint_url or (self.data_dir / "checkpoints").absolute().as_uri()

    @property
    def erasures(self) -> str:
        """The URL of the place where it is written who was erased."""
        return self.erasure_url or (self.data_dir / "erasures").absolute().as_uri()

    @property
    def journals(self) -> Path:
        """The folder of what dispatch notes before it sends; on this machine's own disk."""
        return self.data_dir / "journals"

    @property
    def master_key_path(self) -> Path:
        """The file of the master key, where it is not in the environment."""
        return self.master_key_file or self.data_dir / "master.key"

    @model_validator(mode="before")
    @classmethod
    def _sample_company_in_a_sandbox(cls, given: dict[str, object]) -> dict[str, object]:
        on = given.get("sandbox", False)
        if on is True or str(on).lower() in {"1", "true", "t", "yes", "y", "on"}:
            return {**SANDBOX_SAMPLES, **given}
        return given

    @field_validator("sms_sender", "sms_reply_number")
    @classmethod
    def _can_send(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None:
            return None
        sender = read_sender(value)
        if info.field_name == "sms_reply_number" and not sender.answerable:
            raise ValueError("must be a telephone number in E.164 (+44…): a name has no answers")
        return sender.value

    @field_validator("time_zone")
    @classmethod
    def _is_a_time_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError("is no time zone of the IANA list, such as Europe/London")
        return value

    @field_validator("master_key")
    @classmethod
    def _is_a_key(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            decode_key(value.get_secret_value())
        return value

    @field_validator("mail_bounce_domain")
    @classmethod
    def _is_a_domain(cls, value: str | None) -> str | None:
        if value is not None and _DOMAIN.fullmatch(value) is None:
            raise ValueError("must be a domain's name, such as bounces.example.com")
        return value.lower() if value is not None else None

    @field_validator("mail_domains")
    @classmethod
    def _are_domains(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(_DOMAIN.fullmatch(one) for one in value):
            raise ValueError("must be names of domains, such as example.com, with commas between")
        return tuple(one.lower() for one in value)

    @field_validator("templates_dir")
    @classmethod
    def _is_a_folder(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_dir():
            raise ValueError("must be a folder that is there")
        return value

    @field_validator("broker_url", "database_url")
    @classmethod
    def _has_a_known_scheme(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        known = _SCHEMES[info.field_name or ""]
        if value is None:
            return None
        try:
            parts = urlsplit(value.get_secret_value())
            _ = parts.port
        except ValueError:
            raise ValueError(
                "must be a URL whose port is a number; write / ? # @ : in a password as %2F %3F %23"
                " %40 %3A"
            ) from None
        if parts.scheme not in known:
            raise ValueError(f"must begin with one of {', '.join(f'{k}://' for k in known)}")
        return value

    @field_validator("twilio_api_url", "public_url", "company_website", "brand_logo_url")
    @classmethod
    def _is_a_web_address(cls, value: str | None) -> str | None:
        return None if value is None else web_address(value)

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> "Settings":
        problems = list(contradictions(self))
        if problems:
            raise ValueError("\n".join(problems))
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Keyword arguments, then the environment, then the TOML file."""
        del dotenv_settings, file_secret_settings
        return (
            init_settings,
            env_settings,
            TomlConfigSettingsSource(settings_cls, toml_file=config_file()),
        )
