"""How soon a slider's change is on the screen, and how soon a run of 2,000 images is open.

In a real browser on this machine, from a warm start. A change counts as shown with the frame after
the page has changed; a run as open when the first image's keypoints are drawn. Needs chromium.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from urllib.error import URLError
from urllib.request import urlopen

from playwright.sync_api import Page, sync_playwright

import gnomon
from gnomon.runs import RunInfo, write_run
from measure import record

SAMPLES = Path(__file__).resolve().parents[1] / "samples"
IMAGES, CHANGES, OPENINGS = 2_000, 30, 5
SLIDERS = ("weight of coarse", "smoothing of coarse", "smoothing of fine")
SHOWN = """async () => {
    window.shown = new Promise(done => new MutationObserver((_, seen) => {
        seen.disconnect();
        requestAnimationFrame(() => setTimeout(() => done(performance.now() - window.began)));
    }).observe(document.querySelector('.side .shown'),
        {subtree: true, childList: true, attributes: true}));
    document.activeElement.addEventListener('input', () => window.began = performance.now(),
        {once: true});
}"""


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = write_large_run(Path(place))
        port = free_port()
        address = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "gnomon", "serve", str(folder), "--no-show"]
        begin = time.perf_counter()
        server = subprocess.Popen([*command, "--port", str(port), "--device", "cpu"])
        try:
            wait_for(address)
            started = time.perf_counter() - begin
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=os.environ.get("CHROMIUM") or shutil.which("chromium"),
                    args=["--no-sandbox", "--disable-gpu"],
                )
                page = browser.new_page(viewport={"width": 1400, "height": 1000})
                openings = [opening(page, f"{address}/run") for _ in range(OPENINGS)]
                changes = slider_changes(page, address)
                browser.close()
        finally:
            server.terminate()
            server.wait()
    record(
        "page_speed",
        {
            "slider_to_screen_ms": spread(changes),
            "goal_slider_ms": 200,
            "open_run_of_2000_images_s": spread(openings),
            "goal_open_s": 3,
            "server_start_s": started,
        },
        ("nicegui",),
    )


def write_large_run(place: Path) -> Path:
    """Write a run of 2,000 images, links to the samples, with the samples' own detections."""
    detector = gnomon.Detector(size=96, device="cpu")
    samples = sorted(SAMPLES.glob("*.jpg"))
    found = {sample: detector(sample) for sample in samples}
    links = {}
    for number in range(IMAGES):
        sample = samples[number % len(samples)]
        link = place / f"{number:04}_{sample.name}"
        link.symlink_to(sample)
        links[str(link)] = found[sample]
    classifier = detector.classifier
    info = RunInfo(
        classifier=classifier.name,
        weights_sha256=classifier.weights_sha256,
        preprocessing=gnomon.Preprocessing(
            **(classifier.preprocessing.to_dict() | {"size": (224, 224)})
        ),
        preset="default",
        settings=detector.settings,
        device="cpu",
    )
    write_run(place / "run", info, links)
    return place / "run"


def opening(page: Page, address: str) -> float:
    """Seconds until the first image's keypoints are drawn."""
    page.goto("about:blank")
    begin = time.perf_counter()
    page.goto(address)
    page.locator(".point").first.wait_for()
    return time.perf_counter() - begin


def slider_changes(page: Page, address: str) -> list[float]:
    """Milliseconds from a slider's input to the frame that shows it, at 224x224."""
    page.goto(address)
    page.get_by_role("button", name="macaw").click()
    page.locator(".point").first.wait_for(timeout=120_000)
    took = []
    for number in range(CHANGES):
        slider = page.get_by_label(SLIDERS[number % 3])
        slider.focus()
        page.evaluate(SHOWN)
        page.keyboard.press("ArrowRight")
        took.append(float(page.evaluate("window.shown")))
        page.wait_for_timeout(100)
    return took


def spread(values: list[float]) -> dict[str, float]:
    """Sum measurements up."""
    return {"median": median(values), "lowest": min(values), "highest": max(values)}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(address: str) -> None:
    for _ in range(3000):
        try:
            urlopen(address, timeout=5).close()
            return
        except (URLError, OSError):
            time.sleep(0.1)
    raise TimeoutError(address)


if __name__ == "__main__":
    main()
