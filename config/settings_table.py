"""Print the table of settings for ``docs/settings.md``: ``python -m config.settings_table``."""

from pydantic_core import PydanticUndefined

from config.loading import show
from config.settings import Settings
from config.sources import ENV_PREFIX


def rows() -> list[tuple[str, str, str]]:
    """Give variable, default and meaning of each setting, in the order of the class."""
    return [
        (
            ENV_PREFIX + name.upper(),
            ""
            if field.default is None or field.default is PydanticUndefined
            else show(name, field.default),
            field.description or "",
        )
        for name, field in Settings.model_fields.items()
    ]


def table() -> str:
    """Give the settings as a Markdown table."""
    lines = ["| variable | default | what it sets |", "|---|---|---|"]
    lines += [
        f"| `{variable}` | {f'`{default}`' if default else ''} | {meaning} |"
        for variable, default, meaning in rows()
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(table(), end="")
