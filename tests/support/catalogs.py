"""A small catalog as text, and the parts to make others of."""

from __future__ import annotations

from collections.abc import Mapping

MANIFEST = 'infrastructure: {templates: [{file: "*", rendering_engine: hcl, template_language: terraform}]}\n'
ENVIRONMENT_SCHEMA = """\
schema:
  format: {openapi: "3.0.0"}
  environment_input_type: In
  types:
    In:
      type: object
      properties:
        cidr: {type: string, default: 10.0.0.0/16}
"""
INSTANCE_SCHEMA = """\
schema:
  format: {openapi: "3.0.0"}
  service_input_type: In
  types:
    In:
      type: object
      required: [port]
      properties:
        port: {type: integer}
"""
PIPELINE_SCHEMA = """\
schema:
  format: {openapi: "3.0.0"}
  service_input_type: In
  pipeline_input_type: Pipe
  types:
    In:
      type: object
      properties:
        port: {type: integer, default: 80}
    Pipe:
      type: object
      properties:
        test: {type: string, default: make}
"""
SETTINGS = """\
apiVersion: reconciler/v1
kind: Settings
metadata: {name: acme}
spec:
  account: "111122223333"
  region: eu-west-1
  pipelines: {repository: infra}
"""
REPOSITORY = """\
apiVersion: reconciler/v1
kind: Repository
metadata: {name: infra}
spec: {provider: github, name: acme/infra}
"""
ENVIRONMENT = """\
apiVersion: reconciler/v1
kind: Environment
metadata: {name: dev}
spec:
  template: net
  version: "1"
  provisioning: {repository: infra}
  inputs:
    cidr: 10.1.0.0/16
"""
SHOP = """\
apiVersion: reconciler/v1
kind: Service
metadata: {name: shop}
spec:
  template: web
  version: "1"
  pipeline:
    inputs: {test: make test}
  instances:
    - name: shop-dev
      environment: dev
      inputs: {port: 8080}
"""
MAIL = """\
apiVersion: reconciler/v1
kind: Service
metadata: {name: mail}
spec:
  template: job
  version: "1"
  instances:
    - name: mail-dev
      environment: dev
      inputs:
        port: 25
"""
NET, WEB, JOB = "templates/net/v1", "templates/web/v1", "templates/job/v1"

# An environment, a service with a pipeline, and a service without one.
CATALOG: Mapping[str, str] = {
    "reconciler.yaml": SETTINGS,
    "repositories/infra.yaml": REPOSITORY,
    f"{NET}/schema/schema.yaml": ENVIRONMENT_SCHEMA,
    f"{NET}/infrastructure/manifest.yaml": MANIFEST,
    f"{NET}/infrastructure/main.tf": 'resource "a" "b" {\n  c = var.environment.inputs.cidr\n}\n',
    f"{WEB}/schema/schema.yaml": PIPELINE_SCHEMA,
    f"{WEB}/instance_infrastructure/manifest.yaml": MANIFEST,
    f"{WEB}/instance_infrastructure/main.tf": 'resource "c" "d" {\n  e = var.service_instance.inputs.port\n}\n',
    f"{WEB}/pipeline_infrastructure/manifest.yaml": MANIFEST,
    f"{WEB}/pipeline_infrastructure/main.tf": 'resource "e" "f" {\n  g = var.pipeline.inputs.test\n}\n',
    f"{WEB}/.template-registration.yaml": "compatible_environments: [net:1]\n",
    f"{JOB}/schema/schema.yaml": INSTANCE_SCHEMA,
    f"{JOB}/instance_infrastructure/manifest.yaml": MANIFEST,
    f"{JOB}/instance_infrastructure/main.tf": 'resource "g" "h" {\n  i = var.service_instance.inputs.port\n}\n',
    f"{JOB}/.compatible-envs": "net:1\n",
    "environments/dev/environment.yaml": ENVIRONMENT,
    "services/shop/service.yaml": SHOP,
    "services/mail/service.yaml": MAIL,
}


COMPONENT_MANIFEST = MANIFEST.replace('"*"', "main.tf")


def component_file(name: str, spec: str) -> str:
    """A `component.yaml`; `spec` is in flow style."""
    return f"apiVersion: reconciler/v1\nkind: Component\nmetadata: {{name: {name}}}\nspec: {spec}\n"


def environment_file(name: str, cidr: str = "10.0.0.0/16", template: str = "net", version: str = "1") -> str:
    """An `environment.yaml`."""
    return (
        f"apiVersion: reconciler/v1\nkind: Environment\nmetadata: {{name: '{name}'}}\nspec:\n  template: {template}\n"
        f"  version: '{version}'\n  provisioning: {{repository: infra}}\n  inputs: {{cidr: {cidr}}}\n"
    )


def service_file(name: str, instances: Mapping[str, tuple[str, int]], *, pipeline: bool = True) -> str:
    """A `service.yaml` from instance names to (environment, port)."""
    lines = [f"    - {{name: '{i}', environment: '{env}', inputs: {{port: {p}}}}}" for i, (env, p) in instances.items()]
    template, with_pipeline = ("web", "  pipeline: {}\n") if pipeline else ("job", "")
    return (
        f"apiVersion: reconciler/v1\nkind: Service\nmetadata: {{name: '{name}'}}\nspec:\n  template: {template}\n"
        f"  version: '1'\n{with_pipeline}  instances:\n" + "\n".join(lines) + "\n"
    )
