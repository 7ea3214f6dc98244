"""What a notice to everyone changes on record: a new version of the policy enters the archive."""

from contracts.events.notices import PolicyChanged
from store.policy import versions as policy
from store.policy.versions import PolicyVersion
from workers.intake.effects.scene import NOTHING, Effect, Scene, impossible


def policy_changed(scene: Scene) -> Effect:
    """Put a version on record, by its digest; the same version is never another text."""
    data = scene.data(PolicyChanged)
    known = policy.find(scene.tx, data.version)
    if known is not None:
        if known.sha256 != data.sha256:
            return impossible(
                "data.sha256",
                f"version {data.version} is on record with another text; give a changed text a"
                " version of its own",
            )
        return NOTHING
    policy.note(
        scene.tx,
        PolicyVersion(
            version=data.version,
            sha256=data.sha256,
            url=str(data.url),
            major=data.major,
            published_at=data.published_at,
            effective_at=data.effective_at,
            event_id=scene.event.id,
        ),
    )
    return NOTHING
