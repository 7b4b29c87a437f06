import pytest
from starlette.testclient import TestClient

from edge.config import HttpSettings
from edge.faces.out_of_order import out_of_order, serve_out_of_order
from edge.store.errors import StorageBroken
from tests.support.servers import free_port

WRONG = StorageBroken("pages_damaged", "the record's file is damaged: <page 7>; run `medspa edge restore`")


@pytest.mark.req("F-19")
def test_every_address_of_a_box_without_a_record_says_what_is_wrong() -> None:
    client = TestClient(out_of_order(WRONG))
    for method, path in (("GET", "/api/status"), ("POST", "/api/captures"), ("GET", "/healthz")):
        answer = client.request(method, path)
        assert answer.status_code == 503
        assert answer.json() == {"code": "pages_damaged", "sentence": WRONG.sentence, "field": None}
    page = client.get("/tablet", headers={"Accept": "text/html"})
    assert page.status_code == 503
    assert "medspa edge restore" in page.text
    assert "&lt;page 7&gt;" in page.text


def test_it_is_served_for_a_while_only_so_that_the_box_tries_again() -> None:
    serve_out_of_order(WRONG, HttpSettings(port=free_port()), 0.2)
