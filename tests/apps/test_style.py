"""Lesson 7's app: it does what StyleTransfer does, stops in time, saves what it shows, and refuses in words."""

import asyncio
import io
import re
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from course_utils.apps import style
from course_utils.apps.style import YOURS, StyleController, style_app
from course_utils.pictures import open_picture, sample_pictures
from course_utils.style import FeatureNetwork, StyleTransfer, load_features
from course_utils.style.networks import NETWORKS, random_filters


@pytest.fixture(scope="module")
def network():
    """A handful of random filters in each layer: what the app does with them is no matter of their number."""
    spec = replace(NETWORKS["random"], content_layers=("scale1",))
    return FeatureNetwork(spec, random_filters(channels=(8, 8, 8)), "random: a few filters")


@pytest.fixture
def make(network, tmp_path):
    def make(content="china", style="mosaic", **settings):
        app = style_app(content, style, features=network, folder=tmp_path, **settings)
        app.set(size="128")
        return app

    return make


def shown(app):
    """The large picture, (h, w, 3) in [0, 1], to half a grey level."""
    return app.figure.axes[0].get_images()[0].get_array()[..., :3] / 255


def same(one, other):
    return np.allclose(one, other, rtol=0, atol=1 / 509)


def run(coroutine):
    return asyncio.run(coroutine)


def upload(app, name, content):
    app.widgets[name].take(content)


def png(picture) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, format="png")
    return buffer.getvalue()


def reference(network, **settings):
    pictures = sample_pictures()
    settings = {"size": 128, "beta": 10**1.3, "content_layers": ["scale1"]} | settings
    return StyleTransfer(pictures["china"](), pictures["mosaic"](), features=network, **settings)


def test_it_makes_what_the_transfer_makes_and_stops_where_planned(make, network):
    async def play():
        app = make()
        app.set(planned=10)
        app.press("play")
        await app.player.wait()
        return app

    app = run(play())
    assert app.controller.done == app.player.steps_taken == 10
    expected = reference(network).run(10, progress=False).image
    assert np.allclose(app.controller.transfer.image, expected, atol=1e-5)
    assert same(shown(app), expected)
    assert "Step 10 of 10" in app.status.value
    assert "done" in app.status.value


def test_single_steps_say_how_long_the_rest_will_take(make):
    app = make()
    assert "Press Play" in app.status.value
    app.widgets["one_step"].click()
    app.widgets["one_step"].click()
    assert app.controller.done == 2
    assert "Step 2 of 100" in app.status.value
    assert "Play takes about" in app.status.value


def test_the_balance_acts_on_the_way(make, network):
    app = make()
    app.press("one_step")
    transfer = app.controller.transfer
    app.set(balance=3.0)
    app.press("one_step")
    assert app.controller.transfer is transfer
    expected = reference(network).run(1, progress=False)
    expected.beta = 1000.0
    expected.run(1, progress=False)
    assert np.allclose(transfer.image, expected.image, atol=1e-5)


@pytest.mark.parametrize(
    ("setting", "direct"),
    [
        ({"start": "noise"}, {"start": "noise"}),
        ({"optimizer": "adam"}, {"optimizer": "adam"}),
        ({"content_layer": "scale2"}, {"content_layers": ["scale2"]}),
        ({"style_layers": "scale2"}, {"style_layers": ["scale1", "scale2"]}),
        ({"size": "192"}, {"size": 192}),
        ({"style_size": "256"}, {"style_size": 256}),
        ({"variation": "100"}, {"total_variation": 100}),
        ({"keep_colours": True}, {"keep_colours": True}),
        ({"pyramid": "2"}, {"pyramid": 2}),
        ({"size": "1024", "pyramid": "3"}, {"size": 1024, "pyramid": 3}),
    ],
)
def test_other_settings_begin_a_new_picture(make, network, setting, direct):
    app = make()
    app.press("one_step")
    app.set(**setting)
    assert app.controller.done == 0
    app.press("one_step")
    expected = reference(network, **direct).run(1, progress=False)
    assert np.allclose(app.controller.transfer.image, expected.image, atol=1e-5)
    assert app.controller.transfer.history["total"] == pytest.approx(expected.history["total"], rel=1e-4)


def test_two_styles_are_blended_and_the_blend_acts_on_the_way(make, network):
    pictures = sample_pictures()

    def blended(weights):
        styles = [pictures["mosaic"](), pictures["waves"]()]
        return StyleTransfer(pictures["china"](), styles, style_weights=weights, features=network, size=128,
                             beta=10**1.3, content_layers=["scale1"])  # fmt: skip

    app = make()
    app.set(blend=0.25)  # nothing to blend yet
    app.set(second="waves")
    app.press("one_step")
    transfer = app.controller.transfer
    expected = blended((0.75, 0.25)).run(1, progress=False)
    assert np.allclose(transfer.image, expected.image, atol=1e-5)
    assert len(app.figure.axes) == 5  # the result, the content, two styles, the curves
    app.set(blend=1.0)
    assert app.controller.transfer is transfer
    app.press("one_step")
    expected.style_weights = (0, 1)
    assert np.allclose(transfer.image, expected.run(1, progress=False).image, atol=1e-5)
    app.set(second="none")
    app.press("one_step")
    assert np.allclose(
        app.controller.transfer.image, reference(network).run(1, progress=False).image, atol=1e-5
    )


def test_a_pyramid_ends_at_full_size_whatever_is_planned(make):
    async def play():
        app = make()
        app.set(size="192", pyramid="3", planned=30)
        app.set(planned=15)
        app.press("one_step")
        small = app.controller.transfer.image
        assert max(small.shape) == 48
        assert shown(app).shape[1] == 192  # enlarged
        assert same(shown(app)[::4, ::4][:5, :5], small[:5, :5])
        # 4 more steps as this one, 5 that take four times as long, 5 that take sixteen times as long
        assert app.controller._remaining() == 4 + 4 * 5 + 16 * 5
        app.press("play")
        await app.player.wait()
        return app

    app = run(play())
    assert app.controller.done == 15
    assert app.controller.transfer.image.shape[1] == 192


def test_pause_keeps_stop_begins_again(make, until):
    async def play():
        app = make()
        app.press("play")
        await until(lambda: app.player.steps_taken >= 3)
        paused = app.controller.done
        app.press("pause")
        await app.player.wait()
        assert app.controller.done == paused
        first = app.controller.transfer
        app.press("play")
        await until(lambda: app.controller.done > paused)
        assert app.controller.transfer is first  # goes on
        stopped = app.controller.done
        app.press("stop")
        await app.player.wait()
        assert app.controller.done == stopped
        app.press("play")
        await until(lambda: app.controller.transfer is not first)  # a new one
        app.press("stop")
        await app.player.wait()

    run(play())


def test_a_saved_picture_is_the_one_that_is_shown_and_replaces_none(make, tmp_path):
    app = make()
    app.press("one_step")
    app.press("save")
    app.press("save")
    files = sorted(tmp_path.glob("*.png"))
    assert [file.name for file in files] == ["style_transfer_001.png", "style_transfer_002.png"]
    assert np.abs(open_picture(files[0]) - app.controller.transfer.image).max() <= 0.51 / 255
    assert "style_transfer_002.png" in app.status.value


def test_the_wipe_shows_the_content_on_the_left(make):
    app = make()
    app.press("one_step")
    app.set(wipe=1.0)
    assert same(shown(app), open_picture(sample_pictures()["china"](), 128))


def test_the_line_can_be_dragged(make):
    app = make()
    app.press("one_step")
    app.drag("wipe", (-0.5, 40), (31, 70), (63.5, 300))  # let go far below the picture
    assert app.controller.values["wipe"] == app.widgets["wipe"].value == 0.5
    content, after = open_picture(sample_pictures()["china"](), 128), app.controller.transfer.image
    assert same(shown(app)[:, :64], content[:, :64])
    assert same(shown(app)[:, 64:], after[:, 64:])
    app.drag("wipe", (63.5, 40), (500, 40))
    assert app.controller.values["wipe"] == 1.0
    assert app.controller.handles()["wipe"].x == 127.5


def test_a_control_without_effect_says_why(make):
    app = make()
    assert app.widgets["blend"].disabled
    assert "second style" in app.widgets["blend"].tooltip
    app.set(second="waves")
    assert not app.widgets["blend"].disabled


def test_after_stop_nothing_is_to_go(make, until):
    async def play():
        app = make()
        app.press("play")
        await until(lambda: app.player.steps_taken >= 2)
        app.press("stop")
        await app.player.wait()
        app.redraw()
        return app

    app = run(play())
    assert "to go" not in app.status.value
    assert "stopped" in app.status.value
    app.press("one_step")  # goes on with the picture that is there
    assert "Play takes about" in app.status.value


def test_the_status_shows_no_folder_of_this_machine(make, tmp_path):
    app = make()
    said = app.status.value
    app.press("one_step")
    app.press("save")
    for text in (said, app.status.value):
        seen = re.sub(r"<[^>]*>", "", text)  # without tooltips
        assert str(tmp_path) not in seen
        assert "/" not in seen.replace("β/α", "")
    assert f'title="in {tmp_path}"' in app.status.value


def test_uploads_become_content_and_style(make):
    app = make()
    red = np.zeros((90, 70, 3), np.uint8)
    red[..., 0] = 255
    upload(app, "content_file", png(red))
    assert app.controller.values["content"] == app.widgets["content"].value == YOURS
    assert app.controller.transfer.image.shape == (128, 100, 3)
    assert np.allclose(app.controller.transfer.image, [1, 0, 0])
    upload(app, "style_file", png(red[:80]))
    app.press("one_step")
    assert app.controller.values["style"] == YOURS
    app.set(second=YOURS)
    assert app.controller.values["second"] == "none"
    assert "no second style of yours yet" in app.status.value
    upload(app, "second_file", png(red[:70]))
    assert app.controller.values["second"] == YOURS
    app.set(content="flower")
    app.set(content=YOURS)  # it is still there
    assert np.allclose(app.controller.transfer.image, [1, 0, 0])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"not a picture", "no picture that can be read"),
        (b"", "empty"),
        (png(np.zeros((2, 400), np.uint8)), "needs 32 of both"),
    ],
)
def test_a_bad_upload_is_refused_in_words_and_changes_nothing(make, content, message):
    app = make()
    app.press("one_step")
    before = app.controller.transfer, dict(app.controller.values)
    with pytest.raises(ValueError, match=message):
        upload(app, "content_file", content)
    assert message in app.status.value
    assert (app.controller.transfer, app.controller.values) == before
    app.set(content=YOURS)  # nothing there yet
    assert app.controller.values["content"] == app.widgets["content"].value == "china"
    assert "choose a file" in app.status.value


def test_own_pictures_can_be_given_from_the_start(make):
    app = make(content=np.ones((60, 80, 3)), style=np.zeros((50, 50)))
    assert app.controller.values["content"] == app.controller.values["style"] == YOURS
    assert np.allclose(app.controller.transfer.image, 1)


def test_a_run_that_diverges_says_so(make, network):
    async def play():
        app = make()
        app.press("play")
        with pytest.raises(FloatingPointError):
            await app.player.wait()
        return app.status.value

    def spoil(module, inputs, features):
        return {name: float("nan") * values for name, values in features.items()}

    hook = network.register_forward_hook(spoil)
    try:
        assert "diverged" in run(play())
    finally:
        hook.remove()


def test_prepared_steps_are_those_that_one_would_press(tmp_path, network):
    pressed, prepared = (
        style_app("china", "mosaic", features=network, folder=tmp_path, **how)
        for how in ({}, {"prepared": 2, "wipe": 0.35})
    )
    pressed.press("one_step")
    pressed.press("one_step")
    pressed.set(wipe=0.35)
    assert prepared.picture.value == pressed.picture.value


def test_the_stored_steps_are_those_that_would_be_taken(tmp_path):
    """To a few grey levels: other processors add up in other orders. Else run data/make/style_prepared.py again."""
    opened, taken = (StyleController("flower", "stained_glass", "embedded", tmp_path) for _ in range(2))
    opened.prepare(8)
    for _ in range(8):
        taken.one_step()
    assert opened.done == 8
    assert "Step 8 of 100, Play goes on. Relative losses: content" in opened.status()
    assert np.abs(opened.transfer.image - taken.transfer.image).max() < 0.02
    for name, values in taken.transfer.history.items():
        assert opened.transfer.history[name] == pytest.approx(values, rel=1e-2, abs=1e-6)
    opened.one_step()
    taken.one_step()  # which looks at the same picture
    assert opened.transfer.history["total"][8] == pytest.approx(taken.transfer.history["total"][8], rel=0.01)
    assert "Play takes about" in opened.status()


def test_only_the_very_same_run_is_opened(tmp_path, monkeypatch):
    monkeypatch.setattr(style, "PREPARED", tmp_path / "prepared.safetensors")

    def make(features="embedded", **values):
        controller = StyleController("china", "mosaic", features, tmp_path)
        controller.set(**{"size": "128"} | values)
        return controller

    first = make()
    first.one_step()
    first.store_prepared(style.PREPARED)
    runs = [({}, 1), ({}, 2), ({"size": "192"}, 1), ({"balance": 2.0}, 1), ({"variation": "0"}, 1)]
    for values, steps in [*runs, ({"features": load_features("embedded", untrained=0)}, 1)]:
        controller = make(**values)
        controller.prepare(steps)
        assert controller.done == steps
        assert ("Play goes on" in controller.status()) == ((values, steps) == ({}, 1))


def test_every_control_over_its_whole_range(make, sweep):
    async def drive():
        app = make()
        app.set(size="192")  # three levels of a pyramid need it
        drawn = sweep(app)
        await app.player.wait()
        return drawn

    assert run(drive()) > 40


def test_scaled_for_a_projector(make):
    assert make(scale=1.4).figure.dpi == pytest.approx(140)
