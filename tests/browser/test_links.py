"""What a page shows is in its address, and comes back by it."""

import re

import pytest

from tests.drawings import SEVEN

pytestmark = pytest.mark.browser


def plane(visitor):
    return visitor.page.get_by_role("application", name="Latent plane")


def test_a_link_leads_to_a_point_of_the_plane_as_it_was_looked_at(visit, url):
    visitor = visit(f"{url}?page=latent&point=0.5,-1.25&sight=0.5,-1,0.5&pictures=1&regions=0")
    visitor.page.get_by_text("at 0.500, −1.250").wait_for()
    assert visitor.button("Pictures").get_attribute("aria-pressed") == "true"
    assert visitor.button("Regions").get_attribute("aria-pressed") == "false"
    visitor.button("Show all").click()
    visitor.page.wait_for_url(lambda address: "sight" not in address)
    assert "point=0.5" in visitor.page.url


def test_the_address_follows_once_one_rests_and_without_a_step_back(visit, url):
    visitor = visit(f"{url}?page=latent&point=nonsense")
    plane(visitor).wait_for()
    steps = visitor.page.evaluate("history.length")
    box = plane(visitor).bounding_box()
    for share in (0.3, 0.4, 0.5, 0.6):
        visitor.page.mouse.move(box["x"] + share * box["width"], box["y"] + 0.4 * box["height"])
    visitor.button("Real digits").click()
    visitor.page.wait_for_url(re.compile(r"point=-?[\d.]+,-?[\d.]+.*dots=0"))
    assert visitor.page.evaluate("history.length") == steps


def test_back_and_forward_lead_to_what_was_chosen_there(visit, url):
    visitor = visit(f"{url}?page=network&view=convolution")
    visitor.draw(SEVEN)
    stride = visitor.page.get_by_role("group", name="Stride").get_by_role("button", name="2")
    stride.click()
    visitor.page.wait_for_url(re.compile("stride=2"))
    link = f"{url}?page=network&view=convolution&stride=3"
    visitor.page.evaluate(
        """link => {
          history.pushState(null, "", link)
          dispatchEvent(new PopStateEvent("popstate"))
        }""",
        link,
    )
    is_pressed = "button => button.getAttribute('aria-pressed') === 'true'"
    three = visitor.page.get_by_role("group", name="Stride").get_by_role("button", name="3")
    visitor.until(is_pressed, three.element_handle())
    visitor.page.go_back()
    visitor.until(is_pressed, stride.element_handle())
    visitor.page.go_forward()
    visitor.until(is_pressed, three.element_handle())


def test_a_link_leads_to_the_numbers_behind_a_value(visit, url):
    visitor = visit(f"{url}?page=network&unit=conv1,12,12,3")
    visitor.draw(SEVEN)
    visitor.page.get_by_text("conv1, map 4, row 13, column 13").wait_for()
    visitor.page.mouse.move(5, 5)
    visitor.page.wait_for_timeout(1000)  # longer than one has to rest, for what must not come
    assert visitor.page.url.endswith("unit=conv1,12,12,3")
