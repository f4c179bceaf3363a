"""The OpenAPI document taken at its word: requests that fit it, and requests that nearly do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from hypothesis.stateful import run_state_machine_as_test
from schemathesis import Case, GenerationMode
from schemathesis.checks import positive_data_acceptance
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import FailureGroup

from imsearch.library import Library
from imsearch.settings import Settings
from imsearch.webui.app import create_app
from imsearch.webui.guard.hosts import Hosts
from imsearch.webui.indexing import Indexing
from tests.make_pictures import plain
from tests.webui.conftest import COLOURS, fake_plugins

AnyCase: TypeAlias = "Case[Any]"
FUZZING = settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
REFUSABLE = [positive_data_acceptance]
"""What fits the document may be refused all the same: a tag that no picture has."""


@pytest.fixture(scope="module")
def api_schema(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The document of an application over a small library."""
    folder = tmp_path_factory.mktemp("fuzz")
    for name, colour in COLOURS.items():
        (folder / "photos" / name).parent.mkdir(parents=True, exist_ok=True)
        plain(folder / "photos" / name, colour, (64, 48))
    own = Settings(library=folder / "library", semantic="off", device="cpu")
    with Library.open(settings=own, create=True, plugins=fake_plugins()) as filling:
        filling.runs.index([folder / "photos"])
    config = SchemathesisConfig.from_dict({"generation": {"mode": "all", "deterministic": True}})
    with Library.open(settings=own, plugins=fake_plugins()) as opened, pytest.MonkeyPatch.context() as patch:
        patch.setattr(Indexing, "_spawn", lambda *_: None)  # no processes
        app = create_app(opened, hosts=Hosts(["testserver"]))
        yield schemathesis.openapi.from_asgi("/api/openapi.json", app, config=config)
        app.state.site.close()


def test_every_operation_keeps_its_word(api_schema: Any) -> None:
    failed = []
    for found in api_schema.get_all_operations():
        operation = found.ok()
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):

            @FUZZING
            @given(case=operation.as_strategy(generation_mode=mode))
            def keeps_its_word(case: AnyCase) -> None:
                case.call_and_validate(excluded_checks=REFUSABLE)

            try:
                keeps_its_word()
            except Unsatisfiable:
                assert mode is GenerationMode.NEGATIVE, operation.label  # it takes nothing that could be wrong
            except (Exception, FailureGroup) as error:  # noqa: BLE001 - all of them are told below
                failed.append(f"{mode.value} {operation.label}: {error}")
    assert not failed, "\n\n".join(failed)


def test_one_operation_after_another_keeps_its_word(api_schema: Any) -> None:
    machine = api_schema.as_state_machine()

    class Machine(machine):  # type: ignore[misc, valid-type]
        def validate_response(self, response: Any, case: AnyCase, additional_checks: Any = (), **options: Any) -> None:
            case.validate_response(response, excluded_checks=REFUSABLE)

    run_state_machine_as_test(Machine, settings=settings(FUZZING, max_examples=25, stateful_step_count=8))
