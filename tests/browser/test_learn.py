"""The lessons and the tour, as a person takes them."""

import pytest

from tests.drawings import THREE

pytestmark = pytest.mark.browser


def heading(visitor, name):
    return visitor.page.get_by_role("heading", name=name, exact=True)


def lesson_in_address(visitor):
    return visitor.page.evaluate("new URL(location.href).searchParams.get('lesson')")


class TestLessons:
    def test_a_lesson_goes_on_when_its_task_is_done(self, visit, url):
        visitor = visit(f"{url}/?page=learn")
        heading(visitor, "What is machine learning?").wait_for()
        text = visitor.page.get_by_text("That is supervised learning.")
        assert text.count() == 0
        visitor.draw(THREE)
        text.wait_for()
        visitor.page.get_by_text("✓ Done.").wait_for()
        visitor.page.locator("math").first.wait_for()  # KaTeX has drawn the formula

    def test_or_when_the_visitor_says_so_and_the_next_keeps_the_drawing(self, visit, url):
        visitor = visit(f"{url}/?page=learn&lesson=pooling")
        heading(visitor, "Pooling").wait_for()
        visitor.draw(THREE)
        ink = visitor.ink()
        visitor.button("Show me now").click()
        visitor.page.get_by_text("pooling has no weights").wait_for()
        visitor.page.get_by_role("link", name="Next: Dense layers, and the answer →").click()
        heading(visitor, "Dense layers, and the answer").wait_for()
        assert lesson_in_address(visitor) == "dense"
        assert visitor.ink() == pytest.approx(ink, rel=0.05)  # the pad may be a little narrower
        visitor.page.go_back()
        heading(visitor, "Pooling").wait_for()

    def test_explain_this_opens_the_lesson(self, visit):
        visitor = visit()
        visitor.draw(THREE)
        visitor.reads(3)
        cards = visitor.page.locator("section").filter(has=visitor.page.get_by_role("heading"))
        first = cards.filter(has_text="First layer")
        first.get_by_role("link", name="Explain this").click()
        heading(visitor, "Filters and feature maps").wait_for()
        assert lesson_in_address(visitor) == "filters"

    def test_nothing_is_fetched_from_elsewhere(self, visit, url):
        visitor = visit(f"{url}/?page=learn&lesson=convolution")
        visitor.button("Show me now").click()
        visitor.page.locator("math").first.wait_for()
        assert all(request.startswith((url, "data:", "blob:")) for request in visitor.requests)

    def test_a_phone_shows_all_of_it(self, visit, url):
        visitor = visit(
            f"{url}/?page=learn&lesson=vae", viewport={"width": 360, "height": 740}, is_mobile=True
        )
        visitor.button("Show me now").click()
        visitor.page.locator("math").first.wait_for()
        assert visitor.page.evaluate("document.documentElement.scrollWidth") == 360


class TestTour:
    @pytest.fixture
    def guest(self, visit):
        visitor = visit()
        visitor.button("New here? Take the tour, two minutes").click()
        return visitor

    def test_it_waits_until_something_is_drawn(self, guest):
        guest.page.get_by_text("Take your time: the tour waits.").wait_for()
        guest.draw(THREE)
        guest.page.get_by_text("✓ Well done.").wait_for()

    def test_it_waits_until_something_is_pointed_at(self, guest):
        for stop in range(3):
            guest.page.get_by_text(f"Tour, {stop + 1} of").wait_for()
            guest.page.get_by_role("button", name="Next").or_(guest.button("Skip")).click()
        picture = guest.page.get_by_role("application", name="conv1")
        picture.wait_for()
        guest.page.locator(".trace .computation").first.wait_for()  # of the likeliest class
        guest.page.get_by_text("Take your time: the tour waits.").wait_for()
        picture.locator("canvas").first.hover()
        guest.page.get_by_text("✓ Well done.").wait_for()

    def test_it_leads_through_every_page_to_its_end(self, guest):
        seen = []
        for stop in range(9):
            guest.page.get_by_text(f"Tour, {stop + 1} of 9").wait_for()
            seen.append(guest.page.evaluate("document.documentElement.dataset.page"))
            guest.page.locator("[data-toured]").wait_for()
            guest.page.get_by_role("button", name="Next").or_(guest.button("Skip")).or_(
                guest.button("Finish")
            ).click()
        assert seen == ["draw"] * 3 + ["network"] * 2 + ["latent"] * 2 + ["train", "learn"]
        guest.page.get_by_role("region", name="Tour").wait_for(state="hidden")
        assert guest.page.locator("[data-toured]").count() == 0

    def test_escape_leaves_it(self, guest):
        guest.page.get_by_text("Tour, 1 of 9").wait_for()
        guest.page.keyboard.press("Escape")
        guest.page.get_by_role("region", name="Tour").wait_for(state="hidden")

    def test_who_knows_it_is_not_asked_again(self, guest, url):
        guest.page.goto(url)
        start = guest.button("Tour, two minutes")
        start.wait_for()
        assert start.text_content() == "Tour"
