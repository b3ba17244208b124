"""The page in a real browser: offline, from disk, by pointer and by keyboard, read by axe-core."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import pytest

from renderkit.gates.language import parse_gate
from renderkit.gates.verdicts import judge
from renderkit.report.html.compare_page import write_comparison
from renderkit.report.html.html_file import WRITER
from renderkit.results.compare import NamedRun, comparable_metrics, compare_metrics
from renderkit.results.report import Report

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

MakeReport: TypeAlias = Callable[..., Report]
WriteRun: TypeAlias = Callable[[Report, Path], Path]
RMS = "reprojection_rms_px"
ERRORS = {f"{index:02}": 1.0 + 0.05 * index for index in range(11)} | {"bad": 12.0}
HOSTILE = ("<script>window.hacked=1</script>", "\"><img src=x onerror='window.hacked=1'>", "</script>'\"", "<b>x</b>")
# What a browser says about its own speed; not about the page.
HARMLESS = ("willReadFrequently", "GPU stall", "software WebGL", "WebGL-")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    found = (shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))
    executable = next((path for path in found if path), None)
    if executable is None:
        pytest.skip("no chromium here (Debian: apt-get install chromium)")
    with playwright.sync_playwright() as running:
        arguments = ["--no-sandbox", "--enable-unsafe-swiftshader"]
        started: Browser = running.chromium.launch(executable_path=executable, args=arguments)
        yield started
        started.close()


@pytest.fixture(scope="module")
def run_page(make_report: MakeReport, write_run: WriteRun, tmp_path_factory: pytest.TempPathFactory) -> Path:
    report = make_report(
        ERRORS, overlaps={name: 0.99 for name in ERRORS if name != "03"}, frames=("0", "1"), failed={"dead": "no JPEG"}
    )
    report = replace(report, gates=judge(report, [parse_gate(f"{RMS} <= 5 px")]))
    folder = write_run(report, tmp_path_factory.mktemp("run"))
    return WRITER.write(replace(report, baseline=make_report({"00": 1.2, "01": 2.0})), folder)


class Opened:
    """A page, and everything that its browser complained about."""

    def __init__(self, context: BrowserContext, path: Path) -> None:
        self.complaints: list[str] = []
        self.page: Page = context.new_page()
        self.page.on("console", lambda message: self._note(message.type, message.text))
        self.page.on("pageerror", lambda error: self._note("error", str(error)))
        self.page.on("request", lambda request: self._request(request.url))
        self.page.goto(path.as_uri())
        # A selector, not wait_for_function: the page forbids the evaluation of strings.
        self.page.wait_for_selector("html[data-charts]", state="attached", timeout=60_000)

    def _note(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"} and not any(words in text for words in HARMLESS):
            self.complaints.append(f"{kind}: {text}")

    def _request(self, url: str) -> None:
        if not url.startswith(("file:", "data:", "blob:")):
            self.complaints.append(f"request: {url}")


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Opened]]:
    contexts: list[BrowserContext] = []

    def open_it(path: Path, *, width: int = 1280, scheme: str = "light") -> Opened:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,  # type: ignore[arg-type]
            offline=True,
        )
        # A loaded machine is slow, not wrong.
        context.set_default_timeout(120_000)
        contexts.append(context)
        return Opened(context, path)

    yield open_it
    for context in contexts:
        context.close()


def _cameras(page: Page) -> list[str]:
    return page.locator("#table tbody tr:visible th").all_inner_texts()


def test_it_opens_offline_without_a_complaint_and_draws(run_page: Path, open_page: Callable[..., Opened]) -> None:
    opened = open_page(run_page)
    page = opened.page
    assert page.evaluate("document.documentElement.dataset.charts") == "ready"
    assert page.locator("#rig canvas").count() > 0
    # Eleven bars of the run and the baseline's behind them.
    assert page.locator("#histogram .bars").count() == 2
    assert page.locator("#timeline .scatterlayer .trace").count() == 2
    assert "12 cameras" in (page.locator("#histogram").get_attribute("aria-label") or "")
    page.locator("#metric").select_option(label="mask overlap (IoU)")
    assert "Histogram of mask overlap (IoU) over 11 cameras" in (
        page.locator("#histogram").get_attribute("aria-label") or ""
    )
    assert opened.complaints == []


def test_sorting_and_filtering(run_page: Path, open_page: Callable[..., Opened]) -> None:
    page = open_page(run_page).page
    # The worst first: failed views, gates, then by deviation.
    assert _cameras(page)[:2] == ["dead", "bad"]
    page.get_by_role("button", name="landmark error, RMS (px)").click()
    assert page.locator("th[aria-sort='descending'] button").inner_text() == "landmark error, RMS (px)"
    # What has no number stays last, whichever way.
    assert _cameras(page)[:2] == ["bad", "10"]
    assert _cameras(page)[-1] == "dead"
    page.get_by_role("button", name="landmark error, RMS (px)").press("Enter")
    assert (_cameras(page)[0], _cameras(page)[-1]) == ("00", "dead")
    page.get_by_role("button", name="mask overlap (IoU)").click()
    assert set(_cameras(page)[-2:]) == {"03", "dead"}
    page.get_by_role("button", name="camera", exact=True).click()
    assert _cameras(page)[:2] == ["00", "01"]
    page.get_by_label("Name contains").fill("0")
    assert len(_cameras(page)) == 11
    assert page.locator("#count").inner_text() == "11 of 13 shown"
    page.get_by_label("Name contains").fill("")
    for state, expected in (("gate", ["bad"]), ("failed", ["dead"]), ("missing", ["03", "dead"])):
        page.locator("#state").select_option(state)
        assert sorted(_cameras(page)) == expected


def test_the_slider_goes_from_photo_to_rendering_to_difference(
    run_page: Path, open_page: Callable[..., Opened]
) -> None:
    page = open_page(run_page).page
    page.locator("#table a", has_text="bad").click()
    details = page.locator("details[open]")
    assert details.locator("h3").inner_text() == "bad"
    slider = details.get_by_role("slider")
    stack = details.locator(".stack")
    details.locator("select.vectors").select_option("none")
    pictures = [stack.screenshot()]
    for presses in (20, 20):
        for _ in range(presses):
            slider.press("ArrowRight")
        pictures.append(stack.screenshot())
    assert "difference" in (slider.get_attribute("aria-valuetext") or "")
    assert len(set(pictures)) == 3
    details.locator("select.vectors").select_option("errors")
    assert stack.screenshot() != pictures[2]
    assert details.locator(".offset .bars").count() == 1
    # The time line has the opened camera as its third line.
    assert page.locator("#timeline .scatterlayer .trace").count() == 3


# Where each camera's marker is on the screen, by the matrices that the scene is drawn with.
HOVERED = """() => document.getElementById("rig").on("plotly_hover", () => {
  document.documentElement.dataset.hovered = "yes";
})"""
MARKERS = """() => {
  const rig = document.getElementById("rig");
  const scene = rig._fullLayout.scene._scene;
  const apply = (m, v) => [0, 1, 2, 3].map((r) => m[r] * v[0] + m[4 + r] * v[1] + m[8 + r] * v[2] + m[12 + r] * v[3]);
  const box = rig.querySelector("canvas").getBoundingClientRect();
  const markers = rig.data.find((trace) => trace.mode === "markers");
  return markers.customdata.map((camera, i) => {
    const point = [markers.x[i], markers.y[i], markers.z[i]].map((value, axis) => value * scene.dataScale[axis]);
    const { model, view, projection } = scene.glplot.cameraParams;
    const [x, y, , w] = apply(projection, apply(view, apply(model, [...point, 1])));
    return [camera, box.x + box.width * (x / w + 1) / 2, box.y + box.height * (1 - y / w) / 2];
  });
}"""


def test_a_click_on_a_camera_in_3d_opens_it(run_page: Path, open_page: Callable[..., Opened]) -> None:
    page = open_page(run_page).page
    page.locator("#rig").scroll_into_view_if_needed()
    markers = page.evaluate(MARKERS)
    assert len(markers) == len(ERRORS)
    # The lowest on the screen is the nearest: nothing hides it.
    camera, x, y = max(markers, key=lambda marker: marker[2])
    page.evaluate(HOVERED)
    page.mouse.move(x + 40, y)
    page.mouse.move(x, y)
    page.wait_for_selector("html[data-hovered]", state="attached", timeout=20_000)
    page.mouse.down()
    # A click is noticed when the scene draws its next picture.
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    page.mouse.up()
    page.wait_for_selector("details.camera[open]", timeout=20_000)
    assert page.locator("details.camera[open]").get_attribute("data-index") == str(camera)


def test_everything_is_reached_by_keyboard(run_page: Path, open_page: Callable[..., Opened]) -> None:
    page = open_page(run_page).page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    # From the skip link: filter, state, the table's region, its headers, its first camera.
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('#table a')"):
            break
    assert page.evaluate("document.activeElement.textContent") == "dead"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.locator("details.camera[open] h3").inner_text() == "bad"
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "enlarge"
    page.keyboard.press("Enter")
    page.wait_for_selector("#viewer[open]")
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.type") == "range"
    page.keyboard.press("End")
    assert page.evaluate("document.activeElement.value") == "200"


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_axe_finds_no_serious_violation(
    run_page: Path, open_page: Callable[..., Opened], width: int, scheme: str
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
    page = open_page(run_page, width=width, scheme=scheme).page
    page.locator("#table a", has_text="bad").click()
    violations = axe.Axe().run(page).response["violations"]
    assert [(v["id"], v["impact"], v["nodes"][0]["html"][:200]) for v in violations if v["impact"] != "minor"] == []
    # Nothing sticks out of a phone.
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_sixty_cameras_print_on_at_most_four_pages(
    make_report: MakeReport, write_run: WriteRun, tmp_path: Path, open_page: Callable[..., Opened]
) -> None:
    errors = {f"{index:02}": 1.0 + 0.001 * index for index in range(60)} | {"30": 9.0, "31": 8.0}
    report = make_report(errors, overlaps=dict.fromkeys(errors, 0.97))
    report = replace(report, gates=judge(report, [parse_gate(f"{RMS} <= 5 px")]))
    path = WRITER.write(report, write_run(report, tmp_path))
    assert path.stat().st_size < 25_000_000
    page = open_page(path).page
    assert page.locator("#table tbody tr").count() == 60
    printed = page.pdf(format="A4")
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) in {2, 3, 4}
    page.emulate_media(media="print")
    # No chart and no folded camera is left empty on paper.
    for selector in ("#rig", "#histogram", "#details", "details.camera", ".controls", "#viewer"):
        assert page.locator(f"{selector}:visible").count() == 0
    for selector in ("h1", ".compare", ".map", ".groups", "#table"):
        assert page.locator(selector).is_visible()


def test_the_picture_opens_large_and_is_zoomed_and_moved(run_page: Path, open_page: Callable[..., Opened]) -> None:
    opened = open_page(run_page)
    page = opened.page
    page.locator("#table a", has_text="bad").click()
    page.locator("details.camera[open] .stack").click()
    page.wait_for_selector("#viewer-image[style*='transform']")
    before = page.locator("#viewer-image").bounding_box()
    page.get_by_role("button", name="Larger").click()
    larger = page.locator("#viewer-image").bounding_box()
    assert before is not None
    assert larger is not None
    assert larger["width"] == pytest.approx(1.25 * before["width"], rel=1e-3)
    page.locator("#viewer-stage").focus()
    page.keyboard.press("ArrowLeft")
    moved = page.locator("#viewer-image").bounding_box()
    assert moved is not None
    assert moved["x"] == pytest.approx(larger["x"] + 60.0, abs=0.5)
    page.get_by_role("button", name="Close").click()
    assert opened.complaints == []


def test_hostile_names_run_nothing(
    make_report: MakeReport, write_run: WriteRun, tmp_path: Path, open_page: Callable[..., Opened]
) -> None:
    report = make_report(dict.fromkeys(HOSTILE, 9.0), frames=HOSTILE[:2], failed={"z": HOSTILE[1]})
    report = replace(report, gates=judge(report, [parse_gate(f"{RMS} <= 1")]))
    opened = open_page(WRITER.write(replace(report, baseline=report), write_run(report, tmp_path)))
    for link in opened.page.locator("#table a").all():
        link.click()
    assert opened.page.evaluate("window.hacked") is None
    assert opened.complaints == []
    assert set(HOSTILE) <= set(_cameras(opened.page))


def test_the_comparison_page_draws_a_line_per_run(
    make_report: MakeReport, tmp_path: Path, open_page: Callable[..., Opened]
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
    runs = [
        NamedRun("one", make_report({"a": 1.0, "<b>": 2.0})),
        NamedRun(HOSTILE[0], make_report({"a": 3.0, "c": 1.0})),
    ]
    write_comparison(runs, compare_metrics(runs, comparable_metrics(runs)), tmp_path / "compare.html")
    opened = open_page(tmp_path / "compare.html", width=390)
    chart = opened.page.locator(".chart").first
    assert chart.locator(".scatterlayer .trace").count() == 2
    assert opened.page.evaluate("window.hacked") is None
    violations = axe.Axe().run(opened.page).response["violations"]
    assert [(v["id"], v["nodes"][0]["html"][:200]) for v in violations if v["impact"] != "minor"] == []
    assert opened.complaints == []
