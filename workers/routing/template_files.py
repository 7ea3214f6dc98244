"""Which files is something written from, in which language, and which wording is that?

    <locale>/sms/<event>.txt                            a text message
    <locale>/email/<event>/subject.txt body.txt body.html
    <locale>/email/layout.html footer.txt footer.html   around every email
    <locale>/digest/<event>.txt                         one event of several, in a line
    <locale>/page/<page>.html                           a page that an email leads to

An office's own folder is searched before the files that are shipped. A customer's locale is tried
from the particular to the general (`cy-GB`, `cy`), and then `en-GB`. All parts of one email are of
one language; what stands around it is looked for from that language on.

Templates run in Jinja's sandbox, and everything in HTML is escaped: there is no way to turn that
off, for what callers and publishers wrote goes through here. Files are read once: a change is seen
by processes that start after it.
"""

import re
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Final

from jinja2 import (
    FunctionLoader,
    StrictUndefined,
    Template,
    TemplateError,
    TemplateSyntaxError,
    nodes,
    select_autoescape,
)
from jinja2.sandbox import ImmutableSandboxedEnvironment

SHIPPED: Final = Path(__file__).with_name("templates")
SHIPPED_PREFIX: Final = "shipped/"
FALLBACK: Final = "en-GB"
DIGEST_OCTETS: Final = 6
LOCALE: Final = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}")
HTML: Final = ".html"
# They make markup, or links, of what somebody wrote.
NEVER: Final = ("safe", "urlize", "xmlattr")


class TemplateMissingError(LookupError):
    """Nothing is written about this in any language that would do; ``path`` is what was sought."""

    def __init__(self, path: str) -> None:
        super().__init__(f"there is no template {path}")
        self.path = path


class TemplateFailedError(Exception):
    """A template that cannot be used: it names which, where, and what kind of error.

    What it was to be filled with is in neither: that may be anybody's words.
    """

    def __init__(self, template: str, kind: str, line: int | None = None) -> None:
        at = f" line {line}" if line is not None else ""
        super().__init__(f"{template}{at}: {kind}")
        self.template = template
        self.kind = kind
        self.line = line


@dataclass(frozen=True, slots=True)
class Piece:
    """One template, ready; ``name`` is its path from the folder."""

    name: str
    template: Template

    def render(self, words: Mapping[str, object]) -> str:
        """Fill it in. Raises ``TemplateFailedError``."""
        try:
            return self.template.render(words)
        except Exception as error:  # noqa: BLE001 - whatever a template may raise is its own fault
            raise TemplateFailedError(self.name, type(error).__name__, _line(error)) from None


class TemplateFiles:
    """The templates of one installation, with ``values`` that all of them see.

    Safe to use from several threads: two that load the same template load the same thing.
    """

    def __init__(self, values: Mapping[str, object], own: Path | None = None) -> None:
        self._folders = (SHIPPED,) if own is None else (own, SHIPPED)
        self._sources: dict[str, str] = {}
        self._environment = ImmutableSandboxedEnvironment(
            loader=FunctionLoader(self._load),
            autoescape=select_autoescape(["html"]),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
            cache_size=-1,
        )
        for name in NEVER:
            del self._environment.filters[name]
        self._environment.filters["quoted"] = quoted
        self._environment.globals.update(values)

    def find(self, locale: str, path: str) -> str:
        """Give the name, from the locale on, of the first that there is of ``path``.

        Raises:
            TemplateMissingError: there is none, in `en-GB` either.
        """
        for one in chain(locale):
            if self._file(f"{one}/{path}") is not None:
                return f"{one}/{path}"
        raise TemplateMissingError(path)

    def piece(self, name: str) -> Piece:
        """Load one by its name. Raises ``TemplateFailedError`` where it cannot be used."""
        try:
            for _ in self._with_all_it_uses(name):
                pass
            return Piece(name, self._environment.get_template(name))
        except TemplateSyntaxError as error:
            where = error.name or name
            raise TemplateFailedError(where, type(error).__name__, error.lineno) from None
        except TemplateError as error:
            raise TemplateFailedError(name, type(error).__name__) from None

    def version(self, names: Sequence[str]) -> str:
        """A short digest of these files and of all that they use.

        The same in every process that has the same files; another for any other wording.
        """
        used: dict[str, None] = {}
        for name in names:
            used.update(dict.fromkeys(self._with_all_it_uses(name)))
        digest = blake2b(digest_size=DIGEST_OCTETS)
        for name in used:
            digest.update(f"{name}\0{self._source(name)}\0".encode())
        return digest.hexdigest()

    def names(self) -> list[str]:
        """Every file that there is, by its name; the office's own and the shipped."""
        found = {
            path.relative_to(folder).as_posix()
            for folder in self._folders
            for path in folder.rglob("*")
            if path.is_file() and path.suffix in {".txt", HTML}
        }
        return sorted(found)

    def source(self, name: str) -> str:
        """What stands in a file. Raises ``TemplateMissingError``."""
        return self._source(name)

    def _load(self, name: str) -> tuple[str, str, None] | None:
        try:
            return self._source(name), name, None
        except TemplateMissingError:
            return None

    def _source(self, name: str) -> str:
        known = self._sources.get(name)
        if known is None:
            file = self._file(name)
            if file is None:
                raise TemplateMissingError(name)
            known = self._sources[name] = file.read_text(encoding="utf-8")
        return known

    def _file(self, name: str) -> Path | None:
        """The file of a name; `shipped/…` names what is shipped even where the office has its own.

        So that a template of the office's own may extend the one that it stands before.
        """
        folders, path = self._folders, name
        if name.startswith(SHIPPED_PREFIX):
            folders, path = (SHIPPED,), name.removeprefix(SHIPPED_PREFIX)
        if path.startswith("/") or ".." in path.split("/"):
            return None
        return next((folder / path for folder in folders if (folder / path).is_file()), None)

    def _with_all_it_uses(self, name: str, above: tuple[str, ...] = ()) -> Iterator[str]:
        """The template and, beneath it, each that it extends, includes or imports.

        Raises:
            TemplateFailedError: one is missing, named by a value, uses itself, or turns escaping
                off; what is said in a plain template is no HTML.
        """
        if name in above:
            raise TemplateFailedError(name, "uses itself")
        yield name
        try:
            tree = self._environment.parse(self._source(name), name)
        except TemplateMissingError:
            raise TemplateFailedError(name, "is missing") from None
        for node in tree.find_all(nodes.EvalContextModifier):
            raise TemplateFailedError(name, "turns escaping off or on", node.lineno)
        for using in tree.find_all((nodes.Extends, nodes.Include, nodes.Import, nodes.FromImport)):
            used = getattr(using, "template", None)
            if not isinstance(used, nodes.Const) or not isinstance(used.value, str):
                raise TemplateFailedError(name, "names another by a value", using.lineno)
            if name.endswith(HTML) and not used.value.endswith(HTML):
                raise TemplateFailedError(name, "puts plain text into HTML", using.lineno)
            yield from self._with_all_it_uses(used.value, (*above, name))


def chain(locale: str) -> tuple[str, ...]:
    """The locales that will do, the best first: `cy-GB`, `cy`, and `en-GB` for everyone."""
    parts = locale.split("-") if LOCALE.fullmatch(locale) else []
    ours = ["-".join(parts[:count]) for count in range(len(parts), 0, -1)]
    return tuple(dict.fromkeys([*ours, FALLBACK]))


def quoted(words: str) -> str:
    """Each line behind a ``>``, so that nobody's words can pass for ours."""
    return "\n".join(f"> {line}" for line in words.split("\n"))


def _line(error: Exception) -> int | None:
    """The line of the template that an error came from, where it tells."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.filename.endswith((".txt", HTML)):
            return frame.lineno
    return None
