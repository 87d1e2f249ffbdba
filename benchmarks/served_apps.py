"""Every page of `make apps`, as a class opens them: seconds to the first picture, memory of its kernel, and its end.

`python benchmarks/served_apps.py [--apps jsd gan] [--store]`, with voila and playwright installed. One Voila serves all
pages to one Chromium, which can reach nothing else: what a page asks of another host is counted. For every page: the
seconds until its picture stands (the first page is opened twice, and the first time told apart: Python reads its
libraries from the disk then); the memory that belongs to its kernel alone (Linux: USS) at its first picture and after
all its named states; the seconds until its kernel is gone once the page is closed. The claim: 20 s, nothing asked, and
every kernel gone within 10 s. Prints one table and one JSON line; --store writes it to data/measured/served_apps.json.
"""

import argparse
import json
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from course_utils.runtime import REPOSITORY, describe_machine, store_results

HANGS = 180  # seconds
SECONDS, END = 20, 10
COLUMNS = ("first picture", "MB at first", "MB after all states", "kernel gone")
CHROMIUMS = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")


def wait(until, rest=time.sleep) -> float:
    """Seconds until it is so; ``rest(seconds)`` in between."""
    start = time.perf_counter()
    while not until():
        if time.perf_counter() - start > HANGS:
            raise TimeoutError(f"still not so after {HANGS} s")
        rest(0.05)
    return time.perf_counter() - start


def answers(address: str) -> bool:
    try:
        return urllib.request.urlopen(address, timeout=5).status == 200
    except OSError:
        return False


def megabytes(process) -> float:
    return process.memory_full_info().uss / 1e6


def view(context, address: str, server) -> dict[str, float]:
    """Open a page, go through the app's states, and close it."""
    before = {child.pid for child in server.children()}
    start = time.perf_counter()
    page = context.new_page()
    page.set_default_timeout(1000 * HANGS)
    page.goto(address)
    page.wait_for_function("() => document.querySelector('.course-app img')?.naturalWidth > 300")
    row = [time.perf_counter() - start]
    (kernel,) = [child for child in server.children() if child.pid not in before]
    row.append(megabytes(kernel))
    choice, picture = page.locator(".course-states select"), page.locator(".course-app img").first
    for name in choice.locator("option").all_inner_texts()[1:]:  # the first is "show me"
        shown = picture.get_attribute("alt")
        choice.select_option(name.replace("\xa0", " "))
        wait(lambda shown=shown: picture.get_attribute("alt") != shown)
    row.append(megabytes(kernel))
    page.close(run_before_unload=True)
    other = context.pages[0]  # while it rests, Playwright passes on what the closing page still says
    gone = wait(
        lambda: kernel.pid not in [child.pid for child in server.children()],
        lambda seconds: other.wait_for_timeout(1000 * seconds),
    )
    row.append(gone)
    return dict(zip(COLUMNS, row, strict=True))


def main() -> None:
    import psutil
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--apps", nargs="+", default=["app"], help="only pages with one of these in their names"
    )
    parser.add_argument("--store", action="store_true", help="write data/measured/served_apps.json")
    options = parser.parse_args()
    sys.path.insert(0, str(REPOSITORY / "tools"))
    import served_apps

    rows, asked = {}, []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright, socket.socket() as probe:
        pages = served_apps.write(Path(folder), sorted((REPOSITORY / "notebooks").glob("*.ipynb")))
        pages = [page for page in pages if any(word in page.name for word in options.apps)]
        probe.bind(("127.0.0.1", 0))
        here = f"http://127.0.0.1:{probe.getsockname()[1]}"
        probe.close()
        words, environment = served_apps.command(
            Path(folder), f"--port={here.rpartition(':')[2]}", "--no-browser"
        )
        voila = subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait(lambda: answers(here))
            server = psutil.Process(voila.pid)
            found = [
                path for path in (playwright.chromium.executable_path, *CHROMIUMS) if Path(path).exists()
            ]
            browser = playwright.chromium.launch(executable_path=found[0], args=["--no-sandbox"])
            context = browser.new_context(viewport={"width": 1280, "height": 720})
            context.new_page().goto(here)
            inside = (here, "data:", "blob:")
            context.route("**/*", lambda route: route.continue_() if route.request.url.startswith(inside)
                          else (asked.append(route.request.url), route.abort()))  # fmt: skip
            print(f"{'page':34}" + "".join(f"{name:>22}" for name in COLUMNS))
            for name, page in [("the very first", pages[0]), *((page.name, page) for page in pages)]:
                rows[name] = view(context, f"{here}/voila/render/{page.name}.ipynb", server)
                print(f"{name:34}" + "".join(f"{value:22.1f}" for value in rows[name].values()), flush=True)
            server_mb = megabytes(server)
            print(f"Voila itself: {server_mb:.0f} MB; asked of other hosts: {len(asked)}")
            browser.close()
        finally:
            voila.terminate()
            voila.wait(timeout=30)
    claims = {
        name: {
            "value": (value := max(row[name] for row in rows.values())),
            "limit": limit,
            "holds": value <= limit,
        }
        for name, limit in (("first picture", SECONDS), ("kernel gone", END))
    }
    claims["asked of other hosts"] = {"value": len(asked), "limit": 0, "holds": not asked}
    result = {"benchmark": "served_apps", "machine": describe_machine(), "pages": rows, "server_mb": server_mb,
              "claims": claims}  # fmt: skip
    print(json.dumps(result))
    if options.store:
        store_results("served_apps", result)


if __name__ == "__main__":
    main()
