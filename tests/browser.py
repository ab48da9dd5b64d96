"""A headless Chromium for tests of pages."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BROWSER = next((found for name in BROWSERS if (found := shutil.which(name))), None)
OPTIONS = (
    "--no-sandbox",
    "--use-angle=swiftshader",  # draws WebGL without a graphics card
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
)


MARKS = (
    pytest.mark.browser,
    pytest.mark.skipif(BROWSER is None, reason=f"needs one of {', '.join(BROWSERS)}"),
)
"""What a test of a page is marked with."""


def needs_browser(test: Callable) -> Callable:
    for mark in MARKS:
        test = mark(test)
    return test


@contextmanager
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=BROWSER, args=list(OPTIONS))
        yield browser
        browser.close()
