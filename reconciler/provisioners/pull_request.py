"""Provisioning by pull request: a branch with one commit, and a pull request for it.

Repeating any of it is harmless. The branch's name contains the deployment's id and is created only where there is
none, so a repetition meets its own earlier result; a pull request that exists for the branch, in any state, is taken as
it is.
"""

from __future__ import annotations

from reconciler.errors import ConflictError, InputError
from reconciler.forges.base import ForgeReader, ForgeWriter, PullRequest, PullState
from reconciler.gitstore.base import RECONCILER, Edit, GitRemote
from reconciler.model.identity import Target
from reconciler.model.moments import seconds
from reconciler.model.trees import blob_id
from reconciler.planning.proposal import Proposal

LABEL = "reconciler"


class PullRequestProvisioner:
    """Carries proposals out in one repository."""

    def __init__(self, remote: GitRemote, reader: ForgeReader, writer: ForgeWriter) -> None:
        self._remote = remote
        self._reader = reader
        self._writer = writer

    def open(self, proposal: Proposal) -> PullRequest:
        """Pushes the branch and opens its pull request; the first step that was done before is where it goes on."""
        deployment = proposal.deployment
        found = self._reader.find(deployment.branch)
        if found is not None:
            return found
        self._push(proposal)
        labels = (LABEL, f"{LABEL}/{deployment.key.kind.value}", *((f"{LABEL}/destroy",) if deployment.destroy else ()))
        return self._writer.open(
            deployment.branch,
            deployment.target.branch,
            deployment.title,
            proposal.body,
            labels,
            at=deployment.claimed_at,
        )

    def close(self, proposal: Proposal, at: str) -> PullRequest:
        """Closes the pull request of a deployment that is over, and tells what became of it.

        When it is not known to exist it is opened first: whoever claimed it may be about to open it, and from then on
        finds it closed.
        """
        pull = self.open(proposal)
        if pull.state is not PullState.OPEN:
            return pull
        deployment = proposal.deployment
        comment = f"Closed: {deployment.message.rstrip('.')}." if deployment.message else "Closed."
        return self._writer.close(pull.number, comment, at=at)

    def _push(self, proposal: Proposal) -> None:
        deployment, target = proposal.deployment, proposal.deployment.target
        base_ref, ref = f"refs/heads/{target.branch}", f"refs/heads/{deployment.branch}"
        tips = self._remote.fetch(base_ref, ref)
        if ref in tips:
            self._require_ours(tips[ref], proposal)
            return
        base = tips.get(base_ref) or self._first_commit(base_ref, target, deployment.claimed_at)
        objects = self._remote.objects
        edits: dict[str, Edit] = {f"{target.folder}/{path}": data for path, data in proposal.files.items()}
        edits |= {f"{target.folder}/{path}": None for path in proposal.remove}
        tree = objects.write_tree(objects.commit(base).tree, edits)
        # The claim's time, not now: two reconcilers that push the same deployment make the same commit.
        time = seconds(deployment.claimed_at)
        commit = objects.write_commit(tree, (base,), _message(proposal), author=RECONCILER, time=time)
        try:
            self._remote.update(ref, old=None, new=commit)
        except ConflictError:
            if ref not in self._remote.refs():
                raise

    def _require_ours(self, head: str, proposal: Proposal) -> None:
        """Raises `InputError` for a branch of this name that somebody else made: it holds neither what was claimed nor
        what is rendered from it today."""
        folder = self._remote.objects.tree(head).subtree(proposal.deployment.target.folder)
        claimed, now = proposal.deployment.files, {path: blob_id(data) for path, data in proposal.files.items()}
        found = {path: entry.id for path in now if folder is not None and (entry := folder.entry(path)) is not None}
        if found not in (claimed, now):
            branch = proposal.deployment.branch
            message = f"{self._remote.name} has a branch {branch} that holds something else"
            raise InputError(message, hint=f"delete it: git push {self._remote.name} --delete {branch}")

    def _first_commit(self, base_ref: str, target: Target, at: str) -> str:
        """An empty first commit for a repository that has none at all: there has to be something to propose to."""
        refs = self._remote.refs()
        if any(ref.startswith("refs/heads/") for ref in refs):
            file = f"repositories/{target.repository}.yaml"
            hint = f"push a first commit to {target.branch}, or correct branch: in {file}"
            raise InputError(f"{self._remote.name} has no branch {target.branch}", hint=hint)
        objects = self._remote.objects
        tree = objects.write_tree(None, {})
        commit = objects.write_commit(tree, (), "First commit\n", author=RECONCILER, time=seconds(at))
        try:
            self._remote.update(base_ref, old=None, new=commit)
        except ConflictError:
            return self._remote.fetch(base_ref)[base_ref]
        return commit


def _message(proposal: Proposal) -> str:
    deployment = proposal.deployment
    trailers = {
        "Reconciler-Key": str(deployment.key),
        "Reconciler-Deployment": deployment.id,
        "Reconciler-Template": f"{deployment.template}:{deployment.version}",
        "Reconciler-Catalog-Commit": deployment.catalog_commit,
        "Reconciler-Requested-By": deployment.requested_by,
    }
    return f"{deployment.title}\n\n" + "".join(f"{name}: {value}\n" for name, value in trailers.items() if value)
