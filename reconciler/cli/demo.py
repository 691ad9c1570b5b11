"""`reconciler demo`: the whole life of a catalog, on this machine, in less than a minute."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path

import click

from reconciler.automation.bundles import syntax_problems
from reconciler.automation.provision import Provisioner
from reconciler.automation.results import Outcome
from reconciler.automation.setup import Setup
from reconciler.automation.terraform import Terraform, find_terraform
from reconciler.cli.common import color_option, place_of, print_marked, print_table, uses_color
from reconciler.cli.demo_site import Site, build_site
from reconciler.cli.documents import record_state
from reconciler.engine.birth import init_records
from reconciler.engine.clock import utc_now
from reconciler.engine.offline import offline_plan
from reconciler.engine.passes import Options, PassResult, run_pass
from reconciler.engine.place import Place
from reconciler.engine.reading import read_records
from reconciler.errors import ReconcilerError
from reconciler.forges.base import PullState
from reconciler.forges.local import LocalForge
from reconciler.gitstore.checkout import commit_files
from reconciler.planning.show import as_text, headline
from reconciler.planning.world import Request

# Environments, then instances, then pipelines; each is proposed, merged and reported in a round of its own.
MAX_ROUNDS = 6

_SCHEMA_BEFORE = "        logging:\n"
_SCHEMA_AFTER = """        private:
          type: boolean
          description: Keep the subnets away from the internet
          default: true
        logging:
"""
_MAIN_BEFORE = "    zone    = each.key\n"
_MAIN_AFTER = "    zone    = each.key\n    private = local.inputs.private\n"


@click.command()
@click.option(
    "--dir",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to build it: a folder that is empty or not there yet.  [default: a new scratch folder]",
)
@color_option
def demo(folder: Path | None, no_color: bool) -> None:
    """Watch the whole life of a catalog: versions, pull requests, Terraform, outputs, and a new version arriving.

    No account, no token, no server: the repositories are folders, and Terraform uses nothing but its built-in provider.
    """
    began = time.monotonic()
    _Demo(build_site(folder), find_terraform(), no_color).tell()
    click.echo(f"\nDone in {time.monotonic() - began:.0f} seconds.")


class _Demo:
    def __init__(self, site: Site, terraform: Terraform, no_color: bool) -> None:
        self.site = site
        self.terraform = terraform
        self.no_color = no_color
        self.place: Place = place_of(site.catalog)

    def tell(self) -> None:
        """The story, from an empty folder to a second version everywhere. Raises `ReconcilerError` when a resource
        does not end as it should."""
        self.title("A catalog, and the repositories that it provisions from")
        self.line(f"copied catalog-example/ to {self.site.catalog}")
        for name, remote in self.site.repositories().items():
            self.line(f"made the local repository {name} at {remote.name}")
        init_records(self.place, utc_now(), self.line)
        self.live()
        self.title("A second pass has nothing to do")
        again = self.step()
        if again.plan is None or again.plan.has_changes or again.plan.blocked:
            raise ReconcilerError("the second pass still had something to do", hint="please report this")
        self.change()
        self.live()
        self.title("Where everything is")
        self.show_status()
        self.show_places()

    def live(self) -> None:
        """Passes, merges and provisioning until everything has settled."""
        for _ in range(MAX_ROUNDS):
            self.title("reconciler apply")
            result = self.step()
            assert result.plan is not None
            if not result.plan.actions and not result.plan.blocked:
                return
            self.title("A person reviews and merges; the repositories' automation runs Terraform")
            self.merge()
            self.provision()
        raise ReconcilerError(f"not everything had settled after {MAX_ROUNDS} rounds", hint="please report this")

    def step(self) -> PassResult:
        """One pass, in short."""
        result = run_pass(self.place, Options(inspect=syntax_problems), utc_now, lambda line: None)
        if result.plan is None:
            problems = "; ".join(map(str, result.problems))
            raise ReconcilerError(f"the catalog has errors: {problems}", hint="undo the change")
        for cut in result.plan.cuts:
            self.line(f"+ {cut.name} {cut.record.status}")
        for action in result.plan.actions:
            self.line(f"+ {action.key}: {action.reason}  {result.pulls.get(action.key, '')}")
        for record, blocked in result.plan.blocked:
            self.line(f". {record.key}: {blocked.reason}")
        self.line(headline(result.plan, done=True))
        if result.failures:
            raise ReconcilerError("; ".join(result.failures), hint="please report this")
        return result

    def merge(self) -> None:
        """Merges every open pull request."""
        for name, remote in self.site.repositories().items():
            forge = LocalForge(remote)
            for pull in forge.list(PullState.OPEN):
                merged = forge.merge(pull.number, at=utc_now(), delete_branch=True)
                self.line(f"merged {name}#{merged.number}  {merged.title}")

    def provision(self) -> None:
        """Runs what each infrastructure repository would run after a merge."""
        for remote in self.site.repositories().values():
            setup = Setup(self.terraform, os.environ, self.site.states)
            job = Provisioner(remote, "main", setup, self.site.home / "locks", lambda: datetime.now(UTC))
            for result in job.run():
                if result.outcome is Outcome.REPORTED:
                    continue
                outputs = f", outputs {', '.join(result.outputs)}" if result.outputs else ""
                self.line(f"terraform {result.outcome.value} {result.folder}/{outputs}")
                if result.outcome is not Outcome.APPLIED:
                    raise ReconcilerError(f"{result.folder} was not applied: {result.message}")

    def change(self) -> None:
        """Adds an optional input to the network template, and shows what that means before it happens."""
        self.title("A template changes: networks get an optional input `private`")
        bundle = self.site.catalog / "templates/environment/network/v1"
        paths = [bundle / "schema/schema.yaml", bundle / "infrastructure/main.tf"]
        for path, before, after in zip(
            paths, (_SCHEMA_BEFORE, _MAIN_BEFORE), (_SCHEMA_AFTER, _MAIN_AFTER), strict=True
        ):
            text = path.read_text(encoding="utf-8")
            if text.count(before) != 1:
                raise ReconcilerError(f"{path} is not the example that this demo changes", hint="install it again")
            path.write_text(text.replace(before, after), encoding="utf-8")
        commit = commit_files(self.site.catalog, paths, "Keep subnets private by default\n")
        self.line(f"committed {commit[:12]}")
        self.title("reconciler plan")
        made = offline_plan(self.place, None, Request("", "", "", utc_now()), syntax_problems)
        assert made.plan is not None
        print_marked(as_text(made.plan, made.book), no_color=self.no_color)

    def show_status(self) -> None:
        """The end of the story, which decides about the exit code."""
        records = read_records(self.place).records()
        rows = [(str(r.key), record_state(r), r.effective.made_from if r.effective else "-") for r in records]
        print_table(("RESOURCE", "STATUS", "IN EFFECT"), rows, no_color=self.no_color)
        bad = [str(r.key) for r in records if r.latest is None or not r.latest.status.is_success or r.blocked]
        if bad:
            raise ReconcilerError(f"{', '.join(bad)} did not succeed", hint="please report this")

    def show_places(self) -> None:
        """What a newcomer can look at now."""
        catalog = self.site.catalog
        click.echo(f"""
  the catalog         {catalog}
  the records         git -C {catalog} log reconciler/records
  proposed folders    {", ".join(remote.name for remote in self.site.repositories().values())}
  Terraform's states  {self.site.states}

Look around:
  cd {catalog}
  reconciler status
  reconciler explain service/shop/pipeline
  reconciler history environment/dev
  reconciler outputs environment/dev
  reconciler pr list --all

Change something: edit services/shop/service.yaml, `reconciler plan`, commit, `reconciler apply`.
To be rid of it all, remove {self.site.home}.""")

    def title(self, text: str) -> None:
        """Opens a chapter."""
        click.echo()
        click.secho(f"== {text}", bold=True, color=uses_color(self.no_color))

    def line(self, text: str) -> None:
        """One thing that happened."""
        click.echo(f"   {text}")
