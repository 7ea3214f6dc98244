"""Which installed packages does Onward not need to run? Printed one a line.

The lock holds what development and tests need too. The image is installed from it, hashes and all,
and then rid of the rest: ``pip uninstall -y $(python deploy/unneeded.py)``.
"""

from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution, distributions

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = "onward[sandbox]"


def needed(root: str) -> set[str]:
    """Name everything that a package needs, itself included, as installed here."""
    found: set[tuple[str, frozenset[str]]] = set()
    wanted = [Requirement(root)]
    while wanted:
        one = wanted.pop()
        key = (canonicalize_name(one.name), frozenset(one.extras))
        if key not in found:
            found.add(key)
            wanted += _requirements(one)
    return {name for name, _ in found}


def _requirements(of: Requirement) -> Iterator[Requirement]:
    try:
        texts = distribution(of.name).requires or []
    except PackageNotFoundError:
        return
    for text in texts:
        requirement = Requirement(text)
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *of.extras)):
            yield requirement


if __name__ == "__main__":
    kept = needed(ROOT)
    for installed in sorted(canonicalize_name(one.metadata["Name"]) for one in distributions()):
        if installed not in kept:
            print(installed)
