"""Signing in at a provider of another site, in real Chromium: its cookies' rules are what decides whether somebody is in afterwards."""

from pathlib import Path

from streams.settings import load
from tests.support.browsing import chromium, tab, violations
from tests.support.builders import pileon, scored
from tests.support.console import NOBODY_LISTENS, Console
from tests.support.console_served import free_port, served
from tests.support.provider import CLIENT, SECRET, provider


async def test_who_signs_in_at_another_site_is_in_at_once_and_stays(tmp_path: Path) -> None:
    listening, port = free_port()
    at = f"http://127.0.0.1:{port}"
    with provider(f"{at}/login/back") as there:
        (tmp_path / "threadwatch.toml").write_text(
            f'[console.oidc]\nissuer = "{there.issuer}"\nclient_id = "{CLIENT}"\nclient_secret = "{SECRET}"\n'
            f'url = "{at}"\nroles.kim = "moderator"\n'
        )
        console = Console(tmp_path, load({"THREADWATCH_KAFKA": NOBODY_LISTENS, "THREADWATCH_DATA": str(tmp_path),
                                          "THREADWATCH_CONFIG": str(tmp_path / "threadwatch.toml")}))  # fmt: skip
        console.take(pileons=[pileon()], scored=[scored()])
        async with served(console.app, listening), chromium() as browser, tab(browser) as page:
            await page.goto(f"{at}/pileons/case-1")
            assert page.url == f"{at}/login" and await violations(page) == []
            await page.get_by_role("link", name="Sign in at localhost").focus()
            await page.keyboard.press("Enter")
            await page.wait_for_selector("#open-count")
            assert page.url == f"{at}/"
            await page.goto(f"{at}/pileons/case-1")
            assert "kim (moderator)" in await page.inner_text("header") and await page.locator("button.main").count() > 0
            await page.goto(at)
            await page.wait_for_load_state()
            await page.keyboard.press("/")
            await page.keyboard.type("case-1")
            await page.keyboard.press("Enter")
            await page.wait_for_selector(".why")
            assert [cookie["name"] for cookie in await page.context.cookies() if cookie["name"].endswith("login")] == []
        console.close()
