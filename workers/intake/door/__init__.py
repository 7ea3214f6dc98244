"""How publishers reach us over HTTP: events in, and answers about what became of them."""

from workers.intake.door.app import Mounted, door
from workers.intake.door.parts import DoorParts

__all__ = ["DoorParts", "Mounted", "door"]
