"""Signing in at a provider of another site, in real Chromium: its cookies' rules are what decides whether somebody is in afterwards."""

from pathlib import Path

from streams.console.access import COOKIE
from streams.settings import load
from tests.support.browsing import chromium, tab, violations
from tests.support.builders import pileon, scored
from tests.support.console import NOBODY_LISTENS, Console
from tests.support.console_served import free_port, served
from tests.support.provider import CLIENT, SECRET, provider

TOKEN = "a secret that is long enough"


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
            assert page.url == f"{at}/login?to=/pileons/case-1" and await violations(page) == []
            await page.get_by_role("link", name="Sign in at localhost").focus()
            await page.keyboard.press("Enter")
            await page.wait_for_selector(".why")
            assert page.url == f"{at}/pileons/case-1", "the page that was wanted"
            assert "kim (moderator)" in await page.inner_text("header") and await page.locator("button.main").count() > 0
            await page.goto(at)
            await page.wait_for_load_state()
            await page.keyboard.press("/")
            await page.keyboard.type("case-1")
            await page.keyboard.press("Enter")
            await page.wait_for_selector(".why")
            assert [cookie["name"] for cookie in await page.context.cookies() if cookie["name"].endswith("login")] == []
            await page.get_by_role("button", name="Sign out").click()
            await page.wait_for_selector("text=Who are you?")
            await page.goto(f"{at}/pileons/case-1")
            assert page.url == f"{at}/login?to=/pileons/case-1", "out is out"
        console.close()


async def test_a_link_in_an_alert_on_another_site_leads_to_the_case_before_and_after_one_signed_in(tmp_path: Path) -> None:
    listening, port = free_port()
    at = f"http://127.0.0.1:{port}"
    console = Console(tmp_path, load({"THREADWATCH_KAFKA": NOBODY_LISTENS, "THREADWATCH_DATA": str(tmp_path),
                                      "THREADWATCH_CONSOLE__TOKENS__KIM__SECRET": TOKEN}))  # fmt: skip
    console.take(pileons=[pileon()], scored=[scored()])
    async with served(console.app, listening), chromium() as browser, tab(browser) as page:
        alert = f'<!doctype html><link rel="icon" href="data:,"><a href="{at}/pileons/case-1">alert</a>'
        await page.route("http://alerts.example/**", lambda route: route.fulfill(body=alert, content_type="text/html"))
        await page.goto("http://alerts.example/")
        await page.click("text=alert")
        await page.get_by_label("Token").fill(TOKEN)
        await page.keyboard.press("Enter")
        await page.wait_for_selector(".why")
        (before,) = [cookie["value"] for cookie in await page.context.cookies(at) if cookie["name"] == COOKIE]
        await page.goto("http://alerts.example/")
        await page.click("text=alert")
        await page.wait_for_selector(".why")
        (after,) = [cookie["value"] for cookie in await page.context.cookies(at) if cookie["name"] == COOKIE]
        assert page.url == f"{at}/pileons/case-1" and before == after, "the session is the one that there was"
        other = await page.context.new_page()  # its own: a refusal is a complaint of the browser's
        await other.set_content(f'<form method="post" action="{at}/logout"><button>press me</button></form>')
        async with other.expect_response(f"{at}/logout") as answered:
            await other.click("text=press me")
        assert (await answered.value).status == 403
        await page.goto(f"{at}/pileons/case-1")
        assert "kim (reader)" in await page.inner_text("header"), "nobody else's page signs anybody out"
    console.close()
