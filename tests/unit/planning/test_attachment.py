from __future__ import annotations

from collections.abc import Mapping

from reconciler.model.keys import Key, component_key, instance_key
from tests.support.catalogs import CATALOG, COMPONENT_MANIFEST, WEB, component_file
from tests.support.life import Life

BUCKET, SHOP_DEV = component_key("bucket"), instance_key("shop", "shop-dev")
REGISTRATION, FILE, MAIN = f"{WEB}/.template-registration.yaml", "components/bucket/component.yaml", "main.tf"
TAKES = "compatible_environments: [net:1]\nsupported_component_sources: [DIRECTLY_DEFINED]\n"


def with_component(spec: str) -> Mapping[str, str]:
    return {
        **CATALOG,
        REGISTRATION: TAKES,
        FILE: component_file("bucket", spec),
        "components/bucket/manifest.yaml": COMPONENT_MANIFEST,
        f"components/bucket/{MAIN}": "# 1\n",
    }


def blocked(life: Life, key: Key) -> str:
    found = life.record(key).blocked
    return found.reason if found is not None else ""


def test_whether_a_template_takes_components_is_asked_when_one_is_attached_and_never_again() -> None:
    life = Life(with_component("{attachTo: shop/shop-dev}"))
    life.settle()
    life.catalog[REGISTRATION] = CATALOG[REGISTRATION].encode()
    life.catalog[f"components/bucket/{MAIN}"] = b"# 2\n"
    life.settle()
    assert blocked(life, BUCKET) == ""
    assert life.record(BUCKET).count == 2


def test_who_was_detached_is_asked_anew() -> None:
    life = Life(with_component("{attachTo: shop/shop-dev}"))
    life.settle()
    life.catalog[FILE] = component_file("bucket", "{environment: dev}").encode()
    life.settle()
    life.catalog[REGISTRATION] = CATALOG[REGISTRATION].encode()
    life.catalog[FILE] = component_file("bucket", "{attachTo: shop/shop-dev}").encode()
    life.settle()
    assert blocked(life, BUCKET) == "components-not-supported"
