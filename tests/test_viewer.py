"""The web page of a tape in a real browser: Debian's Chromium, driven by Playwright.

Skipped where one of them is missing, unless MINIGRAD_REQUIRE_BROWSER=1: then that is a failure.
"""

import os
import re
import shutil

import numpy as np
import pytest

import minigrad
from minigrad import inspect, nn
from minigrad.nn import functional as F

REQUIRED = os.environ.get("MINIGRAD_REQUIRE_BROWSER") == "1"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
if REQUIRED:
    from playwright import sync_api
else:
    sync_api = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("chromium is not installed", allow_module_level=True)


expect = sync_api.expect  # what the browser draws with its next frame is waited for

# Playwright works on an event loop of its own, and leaves sockets to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


@pytest.fixture(scope="module")
def browser():
    assert CHROMIUM is not None, "chromium is not installed"
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def visit(browser):
    """A function that opens a page; the test fails if anything is logged or asked of a network."""
    contexts, complaints = [], []

    def open_page(path, width=1280, height=800, **options):
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        url = path.as_uri()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: request.url == url or complaints.append(request.url))
        page.goto(url)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The folder of the pages that several tests look at."""
    return tmp_path_factory.mktemp("pages")


@pytest.fixture(scope="module")
def small(pages):
    a = minigrad.tensor(0.5, requires_grad=True)
    b = minigrad.tensor([1.0, 2.0, -3.0], requires_grad=True)
    path = pages / "small.html"
    inspect.show(lambda: ((a * b).tanh() + a).sum(), path, model={"a": a, "b": b}, title="Small")
    return path


@pytest.fixture(scope="module")
def cnn(pages):
    """A small CNN with batch norm, checked by finite differences."""
    minigrad.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.Flatten(), nn.Linear(48, 2)
    )
    x, y = minigrad.randn(4, 1, 6, 6), minigrad.arange(4) % 2
    path = pages / "cnn.html"
    inspect.show(lambda: F.cross_entropy(net(x), y), path, model=net, check=True, title="CNN")
    return path


@pytest.fixture(scope="module")
def trouble(pages):
    """A wrong gradient, and one that explodes."""

    class Wrong(minigrad.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * x

        @staticmethod
        def backward(ctx, grad):
            return grad * 3

    x = minigrad.tensor([1.0, 2.0], requires_grad=True)
    path = pages / "trouble.html"
    inspect.show(lambda: (Wrong.apply(x.exp()) * 2000).sum(), path, check=True)
    return path


@pytest.fixture(scope="module")
def long(pages):
    """A tape of 5,000 steps."""
    w = minigrad.randn(8, requires_grad=True)

    def deep():
        h = w
        for _ in range(2499):
            h = (h * 1.01).tanh()
        return (h + w).sum()

    path = pages / "long.html"
    inspect.show(deep, path, model={"w": w})
    return path


def current(page):
    """The heading of the current step, without torch's name of its node."""
    return page.locator("#step h2").evaluate("h => h.firstChild.textContent + h.childNodes[1].data")


def text(page, selector="#step"):
    return re.sub(r"\s+", " ", page.locator(selector).inner_text()).replace("\u2212", "-")


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)


def colours(page, path):
    """Take a screenshot; return how many colours are in it."""
    page.screenshot(path=path)
    return page.evaluate(
        """async (bytes) => {
          const image = await createImageBitmap(new Blob([new Uint8Array(bytes)]));
          const canvas = new OffscreenCanvas(image.width, image.height);
          const draw = canvas.getContext("2d");
          draw.drawImage(image, 0, 0);
          const pixels = draw.getImageData(0, 0, image.width, image.height).data;
          return new Set(new Uint32Array(pixels.buffer)).size;
        }""",
        list(path.read_bytes()),
    )


# ---------------------------------------------------------------- steps


def test_the_page_says_what_it_shows(visit, small, tmp_path):
    page = visit(small)
    assert page.title() == "Small"
    assert text(page, "#facts").startswith("4 operations · 2 leaves · ")
    assert current(page) == "Forward ↓1 Mul "
    expect(page.locator(".row.step")).to_have_count(4)
    assert colours(page, tmp_path / "small.png") > 50


def test_keys_step_forward_and_back_over_the_turn(visit, small):
    page = visit(small)
    press(page, "ArrowRight")
    assert current(page) == "Forward ↓2 Tanh "
    press(page, "ArrowRight", "ArrowRight", "ArrowRight")
    assert current(page) == "Backward ↑4 Sum "
    press(page, "End")
    assert current(page) == "Backward ↑1 Mul "
    press(page, "ArrowRight")  # there is no more
    assert current(page) == "Backward ↑1 Mul "
    press(page, "ArrowLeft")
    assert current(page) == "Backward ↑2 Tanh "
    press(page, "b")
    assert current(page) == "Forward ↓2 Tanh "
    press(page, "Home")
    assert current(page) == "Forward ↓1 Mul "


def test_buttons_and_the_slider(visit, small):
    page = visit(small)
    assert page.get_by_role("button", name="Previous step").is_disabled()
    page.get_by_role("button", name="Next step").click()
    assert current(page) == "Forward ↓2 Tanh "
    page.get_by_role("button", name="Last step").click()
    assert current(page) == "Backward ↑1 Mul "
    assert page.get_by_role("button", name="Next step").is_disabled()
    page.get_by_role("button", name="Previous step").click()
    page.get_by_role("button", name="There and back").click()
    assert current(page) == "Forward ↓2 Tanh "
    page.get_by_role("button", name="First step").click()
    slider = page.get_by_role("slider")
    slider.focus()
    press(page, "ArrowRight", "ArrowRight")
    assert current(page) == "Forward ↓3 Add "
    assert slider.get_attribute("aria-valuetext") == "Forward, step 3 of 4, Add"


def test_playing_and_pausing(visit, small):
    page = visit(small)
    page.get_by_label("Speed").select_option("60")
    page.locator("#moment").click()  # away from the list of speeds, which has its own use of space
    press(page, " ")
    page.get_by_role("button", name="Pause").wait_for()
    page.get_by_role("button", name="Play").wait_for()  # at the end it stops
    assert current(page) == "Backward ↑1 Mul "
    page.get_by_label("Speed").select_option("1")
    page.get_by_role("button", name="Play").click()  # from the beginning again
    page.get_by_role("button", name="Pause").click()
    assert current(page) == "Forward ↓1 Mul "


# ---------------------------------------------------------------- what a step shows


def test_forward_shows_values_and_backward_the_rule_with_its_numbers(visit, small):
    page = visit(small)
    assert "a a scalar float32 0.5" in text(page) and "Saves" in text(page)
    press(page, "End")
    shown = text(page)
    assert "dL/da += dL/dy * b" in shown and "dL/db += dL/dy * a" in shown
    # dL/dy = 1 - tanh(0.5 * 1)^2
    assert "dL/da += 0.78645 * 1 = 0.7864 (one of 3 that are added up" in shown
    assert "dL/db += 0.78645 * 0.5 = 0.3932" in shown
    assert "a.grad so far, 2 of 2 added up" in shown and "From 2 Tanh." in shown
    assert "but the vjp gave" not in shown


def test_hovering_and_keys_choose_the_element(visit, small):
    page = visit(small)
    press(page, "End")
    canvas = page.locator('#step canvas[aria-label^="dL/dy"]')
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + box["height"] / 2)
    assert page.get_by_role("tooltip").inner_text().startswith("[2]: ")
    assert "* (-3) =" in text(page, "#rule")
    page.get_by_role("button", name="Element after").click()  # from the last to the first
    assert "* 1 =" in text(page, "#rule")
    canvas.focus()
    press(page, "ArrowRight", "ArrowRight")  # the first shows where we are
    assert "* 2 =" in text(page, "#rule")
    assert page.locator("#live").inner_text().startswith("[1]: ")
    assert current(page) == "Backward ↑1 Mul "  # the arrows were for the picture


def test_large_tensors_have_a_few_elements_to_choose_from(visit, tmp_path):
    minigrad.manual_seed(0)
    a = minigrad.randn(60, 50, requires_grad=True)
    inspect.show(lambda: (a * 2).sum(), tmp_path / "large.html")
    page = visit(tmp_path / "large.html")
    press(page, "End")
    assert "Numbers of element [3, 37]" in text(page, "#rule")  # 187 of 3,000
    assert "dL/da += 1 * 2 = 2" in text(page, "#rule")
    page.get_by_role("button", name="Element after").click()
    assert "Numbers of element [11, 12]" in text(page, "#rule")
    page.locator('#step canvas[aria-label^="a,"]').hover(position={"x": 3, "y": 3})
    rows = page.get_by_role("tooltip").inner_text()
    assert re.fullmatch(r"mean of rows 0–\d, columns 0–\d: .*", rows)


def test_rules_of_matrices_are_worked_out(visit, tmp_path):
    x = minigrad.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    linear = nn.Linear(2, 2, bias=True)
    with minigrad.no_grad():
        linear.weight.copy_(minigrad.tensor([[1.0, 0.5], [-2.0, 3.0]]))
        linear.bias.zero_()
    inspect.show(lambda: (linear(x) @ x).mean(), tmp_path / "rules.html")
    page = visit(tmp_path / "rules.html")
    press(page, "b", "ArrowLeft", "ArrowLeft")
    assert current(page) == "Backward ↑3 Mean "
    assert "dL/da[0, 0] += 1 / 4 = 0.25" in text(page, "#rule")
    press(page, "ArrowRight")
    assert "dL/da[0, 0] += 0.25 * 1 + 0.25 * 2 = 0.75" in text(page, "#rule")
    assert "dL/db[0, 0] += 2 * 0.25 + 5 * 0.25 = 1.75" in text(page, "#rule")
    press(page, "ArrowRight")  # the linear layer
    assert "dL/da[0] += 0.75 + 0.75 = 1.5" in text(page, "#rule")
    assert "dL/db[0, 0] += 0.75 * 1 + 1.75 * (-2) = -2.75" in text(page, "#rule")
    assert "dL/dc[0, 0] += 0.75 * 1 + 0.75 * 3 = 3" in text(page, "#rule")


def test_gradients_accumulate_in_the_leaves(visit, small):
    page = visit(small)
    row = page.locator("#leaves tr", has_text="a").first
    cells = page.locator('#leaves tr[data-leaf]:has(td:text-is("a")) td')
    assert cells.nth(2).inner_text() == "0 of 2" and row
    press(page, "End")
    assert cells.nth(2).inner_text() == "2 of 2"
    norm = float(cells.nth(3).inner_text())
    expected = 3 + sum((1 - np.tanh(0.5 * b) ** 2) * b for b in (1.0, 2.0, -3.0))
    assert norm == pytest.approx(expected, rel=1e-3)


def test_the_curves_tell_memory_and_time_and_can_be_clicked(visit, cnn):
    page = visit(cnn)
    memory = page.locator('[data-curve="memory"]')
    label = page.locator("#timeline p").first
    assert re.fullmatch(r"Held: .* of at most .*", label.inner_text())
    box = memory.bounding_box()
    page.mouse.click(box["x"] + box["width"] - 3, box["y"] + 10)
    assert current(page).startswith("Backward ↑1 ")
    assert label.inner_text().startswith("Held: 0 B")
    time = page.locator('[data-curve="time"] svg').get_attribute("aria-label")
    assert re.fullmatch(r"Time: .*s, slowest .*s, along the tape", time)


def test_where_a_step_was_made(visit, cnn):
    page = visit(cnn)
    assert re.search(r"Sequential › 0 · test_viewer\.py:\d+ .*cross_entropy", text(page))


# ---------------------------------------------------------------- the list


def test_clicking_rows_and_walking_them_by_keys(visit, small):
    page = visit(small)
    page.locator(".row.step").nth(2).click()
    assert current(page) == "Forward ↓3 Add "
    page.locator("#tape").focus()
    press(page, "ArrowUp")
    assert current(page) == "Forward ↓2 Tanh "
    expect(page.locator("#tape")).to_have_attribute("aria-activedescendant", "row1")
    press(page, "b", "ArrowDown")
    assert current(page) == "Backward ↑3 Add "


def test_arcs_lead_to_the_inputs(visit, small):
    page = visit(small)
    expect(page.locator("#arcs path:not(.tip)")).to_have_count(3)
    page.locator(".row.step").nth(1).click()
    expect(page.locator("#arcs path.into")).to_have_count(1)
    expect(page.locator("#arcs path.out")).to_have_count(1)


def test_modules_fold(visit, cnn):
    page = visit(cnn)
    steps = page.locator(".row.step")
    everything = steps.count()
    page.get_by_role("treeitem", name="Sequential").click()
    assert 0 < steps.count() < everything
    assert page.get_by_role("treeitem", name="Sequential").get_attribute("aria-expanded") == "false"
    page.locator("#tape").focus()
    press(page, "ArrowRight")  # on the folded group
    expect(steps).to_have_count(everything)
    page.get_by_role("button", name="Fold all").click()
    expect(page.locator(".row.group")).to_have_count(1)
    press(page, "End")
    page.get_by_role("button", name="Unfold all").click()
    expect(steps).to_have_count(everything)


def test_searching_by_op_and_by_parameter(visit, cnn):
    page = visit(cnn)
    page.get_by_role("button", name="Fold all").click()
    box = page.get_by_role("searchbox")
    box.fill("relu")
    assert "1 match" in page.locator("#found").inner_text()
    box.press("Enter")
    assert current(page) == "Forward ↓3 Relu "
    expect(page.locator(".row.current.hit .op")).to_have_text("Relu")  # it was unfolded
    box.fill("1.weight")
    box.press("Enter")
    assert current(page) == "Forward ↓2 NativeBatchNorm "
    box.fill("cross_entropy(net(x), y)")  # lines of the program
    assert page.locator("#found").inner_text() == "2 of 6 matches"
    box.fill("no such thing")
    assert page.locator("#found").inner_text() == "0 matches"
    box.fill("")
    expect(page.locator(".row.hit")).to_have_count(0)


# ---------------------------------------------------------------- what goes wrong


def test_nan_and_inf_are_marked_where_they_begin(visit, tmp_path):
    x = minigrad.tensor([0.0, 1.0], requires_grad=True)
    inspect.show(lambda: ((x.sqrt() * 2) / x).sum(), tmp_path / "nan.html")
    page = visit(tmp_path / "nan.html")
    marks = page.locator("#marks button").all_inner_texts()
    assert marks[0].endswith("First NaN: output of 3 Div")
    assert any(
        "First NaN gradient: leaves 3 Div" in mark or "Inf gradient" in mark for mark in marks
    )
    page.locator("#marks button").first.click()
    assert current(page) == "Forward ↓3 Div "
    assert "1 NaN" in text(page)
    expect(page.locator(".row.current")).to_contain_text("first NaN ↓")


@pytest.mark.parametrize(("factor", "kind"), [(0.01, "vanishing"), (100.0, "exploding")])
def test_vanishing_and_exploding_gradients_are_marked(visit, tmp_path, factor, kind):
    x = minigrad.tensor([1.0, 2.0], requires_grad=True)

    def chain():
        y = x
        for _ in range(8):
            y = y * factor
        return y.sum()

    inspect.show(chain, tmp_path / "chain.html")
    page = visit(tmp_path / "chain.html")
    (mark,) = page.locator("#marks button").all_inner_texts()
    where = 7 if kind == "exploding" else 5  # 100^2 is the first above 1000, 0.01^4 below 1e-7
    assert f"First {kind} gradient: leaves {where} Mul for a" in mark
    page.locator("#marks button").click()
    assert current(page) == f"Backward ↑{where} Mul "


# ---------------------------------------------------------------- finite differences


def test_right_gradients_are_said_to_be_right(visit, cnn):
    page = visit(cnn)
    assert "gradients checked by finite differences: " in text(page, "#facts")
    assert text(page, "#facts").endswith("none wrong")
    press(page, "End")
    assert re.search(r"✓ right: .* changes by -?[\d.e-]+; .* measure -?[\d.e-]+", text(page))
    expect(page.locator("#leaves .badge.bad")).to_have_count(0)


def test_a_wrong_gradient_is_found(visit, trouble):
    page = visit(trouble)
    assert "First wrong gradient: made by 2 Wrong" in text(page, "#marks")
    page.locator("#marks button").last.click()
    assert current(page) == "Backward ↑2 Wrong "
    assert "First suspect" in text(page) and "✓ right" in text(page)
    press(page, "ArrowRight")
    assert "✗ wrong" in text(page)


# ---------------------------------------------------------------- batch norm


def test_batch_norm_opens_into_its_parts(visit, cnn, tmp_path):
    page = visit(cnn)
    page.locator(".row.step", has_text="NativeBatchNorm").locator("[data-toggle]").click()
    parts = page.locator(".row.part").all_inner_texts()
    names = (
        "mean var normalise scale shift direct through.the.mean through.the.variance sum".split()
    )
    assert len(parts) == len(names)
    assert all(re.search(name, part) for name, part in zip(names, parts, strict=True))
    page.locator(".row.part", has_text="through the variance").click()
    assert current(page) == "Backward ↑2 NativeBatchNorm "
    assert page.locator("#parts").get_attribute("open") is not None
    assert "through the variance" in text(page, ".part.shown")
    found = re.search(
        r"At \[0, 0, 0, 0\]: (.*) = (\S+); the kernel gave (\S+)\.", text(page, "#parts")
    )
    terms = [float(x.strip("()")) for x in found[1].split(" + ")]
    assert len(terms) == 3
    assert sum(terms) == pytest.approx(float(found[2]), abs=2e-6)
    assert float(found[2]) == pytest.approx(float(found[3]), rel=1e-2, abs=1e-6)
    assert float(text(page, "#gap")) < 1e-6
    expect(page.locator("#parts tbody tr")).to_have_count(3)  # the channels
    assert colours(page, tmp_path / "batch_norm.png") > 100
    page.locator("#parts summary").click()
    expect(page.locator(".row.part")).to_have_count(0)


# ---------------------------------------------------------------- how it looks


def test_dark_and_light(visit, small, tmp_path):
    ground = "() => getComputedStyle(document.body).backgroundColor"
    page = visit(small, color_scheme="dark")
    dark = page.evaluate(ground)
    page.get_by_role("button", name="Light theme").click()
    light = page.evaluate(ground)
    assert (
        sum(map(int, re.findall(r"\d+", dark)))
        < 150
        < 600
        < sum(map(int, re.findall(r"\d+", light)))
    )
    assert visit(small).evaluate(ground) == light
    page.emulate_media(color_scheme="light")
    page.evaluate(  # the page hears of a change when it is next drawn, of two at once not at all
        "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )
    page.emulate_media(color_scheme="dark")
    expect(page.locator("body")).to_have_css("background-color", dark)
    assert colours(page, tmp_path / "dark.png") > 50


def luminance(rgb):
    parts = [c / 255 for c in rgb]
    parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return np.dot(parts, (0.2126, 0.7152, 0.0722))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("key", ["Home", "End"])
@pytest.mark.parametrize("which", ["cnn", "trouble"])
def test_every_text_has_enough_contrast(visit, request, scheme, key, which):
    page = visit(request.getfixturevalue(which), color_scheme=scheme)
    page.get_by_role("searchbox").fill("1")
    expect(page.locator(".row.hit").first).to_be_visible()
    page.locator("#moment").click()
    press(page, key)
    found = page.evaluate(
        """() => {
          const rgb = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
          const groundOf = (element) => {
            for (let e = element; e; e = e.parentElement) {
              const colour = rgb(getComputedStyle(e).backgroundColor);
              if (colour.length === 3 || colour[3] === 1) return colour.slice(0, 3);
            }
          };
          const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = [];
          while (walker.nextNode()) {
            const element = walker.currentNode.parentElement;
            if (!walker.currentNode.data.trim() || !element.checkVisibility()) continue;
            if (element.closest("script, :disabled")) continue;
            const style = getComputedStyle(element);
            const ink = rgb(style.color).slice(0, 3);
            found.push([walker.currentNode.data.trim(), ink, groundOf(element)]);
          }
          return found;
        }"""
    )
    assert len(found) > 40
    for words, ink, ground in found:
        high, low = sorted((luminance(ink), luminance(ground)), reverse=True)
        assert (high + 0.05) / (low + 0.05) >= 4.5, (words, ink, ground)


@pytest.mark.parametrize("width", [360, 600, 860, 1920])
def test_no_screen_is_scrolled_sideways(visit, cnn, tmp_path, width):
    page = visit(cnn, width, 740)
    for key in ("Home", "End"):
        press(page, key)
        assert page.evaluate("() => document.scrollingElement.scrollWidth") <= width
    assert colours(page, tmp_path / "page.png") > 50


# ---------------------------------------------------------------- without eyes or mouse


def test_roles_and_names(visit, cnn):
    page = visit(cnn)
    expect(page.get_by_role("tree", name="Operations, oldest first")).to_have_count(1)
    row = page.get_by_role("treeitem", name="3 Relu 2 gradient is right")
    assert row.get_attribute("aria-level") == "3"
    page.get_by_role("slider", name="Moment").wait_for()
    page.get_by_role("searchbox", name="Search the tape").wait_for()
    page.get_by_role("article", name="Current step").wait_for()
    page.get_by_role("region", name="Gradients of the leaves").wait_for()
    press(page, "ArrowRight", "ArrowRight")
    assert text(page, "#live").startswith("Forward, step 3 of")
    assert "Relu. Output 4×3×4×4, mean" in text(page, "#live")
    images = page.get_by_role("img").all()
    assert images and all(image.get_attribute("aria-label") for image in images)
    for button in page.get_by_role("button").all():
        assert button.get_attribute("aria-label") or button.inner_text().strip()


def test_everything_is_reached_by_tab_and_its_focus_is_seen(visit, cnn):
    page = visit(cnn)
    reached = set()
    for _ in range(40):
        press(page, "Tab")
        reached.add(
            page.evaluate("() => document.activeElement.id || document.activeElement.tagName")
        )
        assert page.evaluate(
            """() => {
              const style = getComputedStyle(document.activeElement);
              return document.activeElement === document.body || style.outlineStyle !== "none";
            }"""
        )
    wanted = {"theme", "next", "play", "speed", "slider", "search", "fold", "tape", "CANVAS"}
    assert wanted <= reached


# ---------------------------------------------------------------- long tapes


def test_a_long_tape_is_fluid(visit, long):
    """Generous bounds: the machines that run this have other things to do, too."""
    assert long.stat().st_size < 8_000_000
    page = visit(long)
    assert page.locator(".row.step").count() < 60  # of 5,000
    scrolling, stepping = page.evaluate(
        """async () => {
          const frame = () => new Promise(requestAnimationFrame);
          const times = async (act) => {
            const found = [];
            for (let i = 0; i < 60; i++) {
              const before = performance.now();
              act(i);
              await frame();
              found.push(performance.now() - before);
            }
            return found.sort((a, b) => a - b)[30];
          };
          const list = document.getElementById("tape");
          return [
            await times((i) => { list.scrollTop = i * 2000; }),
            await times((i) => { document.getElementById("next").click(); }),
          ];
        }"""
    )
    print(f"{scrolling:.1f} ms a frame scrolling, {stepping:.1f} ms stepping")
    assert scrolling < 100 and stepping < 100
    press(page, "End")
    assert current(page) == "Backward ↑1 Mul "
    page.get_by_role("searchbox").fill("4999")
    page.get_by_role("searchbox").press("Enter")
    assert current(page) == "Backward ↑4999 Add "
    expect(page.locator(".row.current")).to_contain_text("4999")
