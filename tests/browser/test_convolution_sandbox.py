"""The sliding window: played, pointed at, edited, and held against the library's own sums."""

import re

import numpy as np
import pytest

import mnist_visual as mv
from tests.drawings import THREE
from tests.waiting import becomes, until

pytestmark = pytest.mark.browser


def number(text):
    return float(text.replace("−", "-"))


class Student:
    """A person who meets a convolution for the first time."""

    def __init__(self, visitor):
        self.visitor, self.page = visitor, visitor.page
        self.page.locator(".words").filter(has_text="become").wait_for()

    def presses(self, name):
        self.visitor.button(name).click()

    def chooses(self, group, name):
        found = self.page.get_by_role("group", name=re.compile(group))
        found.get_by_role("button", name=name, exact=True).click()

    def is_at(self, row, column):
        where = re.compile(f"^Row {row}, column {column}$")
        self.page.locator(".lead b").filter(has_text=where).wait_for()

    def clicks(self, picture, row, column, of):
        box = self.page.get_by_role("application", name=picture).bounding_box()
        x = box["x"] + (column + 0.5) / of * box["width"]
        y = box["y"] + (row + 0.5) / of * box["height"]
        self.page.mouse.click(x, y)

    def nine(self, kind):
        cells = self.page.locator(f".{kind} .nine > *")
        if kind == "kernel":
            return np.array([number(cells.nth(i).input_value()) for i in range(9)])
        return np.array([number(text) for text in cells.all_inner_texts()])

    def products_agree(self):
        products = self.nine("patch") * self.nine("kernel")
        return np.allclose(self.nine("products"), products, rtol=1e-6)

    def sum(self):
        return number(self.page.locator(".result").first.inner_text())

    def opacity(self, picture, rows):
        """How strongly each pixel of a picture is coloured, from 0 to 1."""
        canvas = self.page.get_by_role("application", name=picture).locator("canvas")
        values = canvas.evaluate(
            """(canvas, rows) => Array.from(canvas.getContext("2d")
               .getImageData(0, 0, rows, rows).data.filter((_, i) => i % 4 === 3))""",
            rows,
        )
        return np.array(values).reshape(rows, rows) / 255


@pytest.fixture
def student(visit, gallery):
    def meet(**context):
        visitor = visit(
            f"{gallery}/sandbox?page=", **{"viewport": {"width": 1280, "height": 1000}, **context}
        )
        student = Student(visitor)
        visitor.draw(THREE)
        until(lambda: student.opacity("Your picture", 28).any())
        return student

    return meet


class TestNumbers:
    def test_a_calculator_agrees_at_every_place(self, student):
        student = student()
        student.chooses("learned", "Learned filter 3")
        for row, column in [(4, 11), (12, 13), (20, 14)]:
            student.clicks("The new picture", row, column, of=26)
            student.is_at(row + 1, column + 1)
            until(student.products_agree)  # once the filter that was chosen is there
            assert student.sum() == pytest.approx(student.nine("products").sum(), abs=1e-9)

    def test_the_map_is_the_librarys_own(self, student):
        student = student()
        picture = student.opacity("Your picture", 28)
        shown = student.opacity("The new picture", 26)
        sums = np.abs(mv.apply_kernel(picture, student.nine("kernel").reshape(3, 3)))
        assert shown == pytest.approx(sums / sums.max(), abs=0.02)
        assert picture.max() == 1

    def test_a_typed_number_counts_at_once_and_what_cannot_be_stays_as_typed(self, student):
        student = student()
        cell = student.page.get_by_label("Kernel, row 2, column 2")
        cell.fill("1000")
        student.page.locator(".reason").filter(has_text="Received: 1000 in row 2").wait_for()
        assert cell.input_value() == "1000"
        cell.fill("2.5")
        student.page.locator(".reason:empty").wait_for(state="attached")
        assert student.page.locator(".what").inner_text().startswith("Nine numbers of your own")
        assert student.nine("products")[4] == pytest.approx(2.5 * student.nine("patch")[4])

    def test_what_does_not_go_together_is_refused_with_the_reason(self, student):
        student = student()
        student.chooses("stride", "2")
        student.page.locator(".words").filter(has_text=re.compile("become 13.×.13")).wait_for()
        student.chooses("dilation", "2")
        student.page.locator(".reason").filter(has_text="Set one of them to 1").wait_for()
        pressed = student.page.locator("[aria-label*=dilation] [aria-pressed=true]")
        assert pressed.inner_text() == "1"


class TestWindow:
    def test_it_fills_the_new_picture_row_by_row_and_then_rests(self, student):
        student = student()
        student.clicks("The new picture", 11, 22, of=26)
        speed = student.page.get_by_label("Speed")
        speed.fill("35")
        student.presses("Play")
        student.page.locator(".lead b").filter(has_text="Row 13,").wait_for()
        shown = student.opacity("The new picture", 26)
        assert shown[:12].any()
        assert not shown[14:].any()
        speed.fill("100")
        student.visitor.button("Play").wait_for()
        student.is_at(26, 26)
        assert student.opacity("The new picture", 26)[14:].any()

    def test_it_can_be_stepped_and_walked_with_keys_alone(self, student):
        student = student()
        student.page.get_by_role("application", name="Your picture").focus()
        for key in ["Home", "ArrowDown", "ArrowRight", "ArrowRight"]:
            student.page.keyboard.press(key)
        student.is_at(2, 3)
        student.presses("Step")
        student.is_at(2, 4)

    def test_it_pauses_when_it_goes_out_of_sight(self, student):
        student = student()
        student.presses("Play")
        student.visitor.button("Pause").wait_for()
        card = student.page.locator(".card").filter(has=student.page.locator(".sandbox"))
        card.evaluate("each => each.style.marginTop = '3000px'")
        student.page.evaluate("scrollTo(0, 0)")
        student.visitor.button("Play").wait_for()

    def test_the_map_moves_along_with_the_picture(self, student):
        student = student()
        before = student.opacity("The new picture", 26)
        for word in ["right", "right", "down"]:
            student.presses(f"Move the picture {word}")
        expected = pytest.approx(before[:-1, :-2])
        becomes(lambda: student.opacity("The new picture", 26)[1:, 2:], expected)


class TestLook:
    @pytest.mark.parametrize("width", [360, 768, 1440])
    def test_nothing_sticks_out_or_jumps(self, student, width):
        student = student(viewport={"width": width, "height": 800})
        height = "document.documentElement.scrollHeight"
        before = student.page.evaluate(height)
        student.chooses("learned", "Learned filter 2")
        student.chooses("padding", "same size")
        student.page.locator(".words").filter(has_text=re.compile("become 28.×.28")).wait_for()
        assert student.page.evaluate(height) == before
        assert student.page.evaluate("document.documentElement.scrollWidth") <= width
