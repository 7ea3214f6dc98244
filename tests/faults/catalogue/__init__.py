"""Which faults are there? All of them, in the order in which they are run."""

from tests.faults.catalogue import of_processes, of_providers, of_publishers, of_services
from tests.faults.scene import Fault

FAULTS: tuple[Fault, ...] = (
    *of_processes.FAULTS,
    *of_services.FAULTS,
    *of_providers.FAULTS,
    *of_publishers.FAULTS,
)
