"""Network files of every kind: what is none, damaged, of another kind or of another network is told in plain words."""

import json
from types import SimpleNamespace

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from course_utils import attacks, gan, runtime, vae
from course_utils.training import CheckpointError

SHIPPED = {
    "generator": "checkpoints/dcgan_generator.safetensors",
    "vae": "checkpoints/vae-2.safetensors",
    "digits": "checkpoints/digits_linear.safetensors",
}


def made(name, images):
    """What is saved, how, and how it is read."""
    if name == "generator":
        sizes = {"latent_dim": 8, "generator_widths": (16,), "discriminator_widths": (16,), "ema": 0.0}
        trainer = gan.AdversarialTrainer(images, "mlp", device="cpu", batch_size=8, **sizes)
        return trainer, trainer.generator, gan.save_generator, gan.load_generator
    if name == "vae":
        trainer = vae.VAETrainer(images, latent_dim=2, widths=(8,), device="cpu")
        return trainer, trainer.model, vae.save_vae, vae.load_vae
    network = attacks.DigitNetwork("linear")
    return network, network, attacks.save_digit_network, attacks.load_digit_network


@pytest.fixture(params=[*SHIPPED])
def kind(request, images, tmp_path):
    """A file of that kind: ``path``, ``load(path)``, and ``write(**header)`` to write it anew with another header."""
    subject, network, save, load = made(request.param, images)
    path = save(subject, tmp_path / "mine.safetensors")
    weights, header = load_file(path), safe_open(path, "pt").metadata()

    def write(tensors=weights, **changes):
        save_file(tensors, path, {k: v for k, v in (header | changes).items() if v is not None})

    return SimpleNamespace(
        name=request.param,
        path=path,
        load=lambda file=path: load(file, "cpu"),
        save=lambda: save(subject, path),
        write=write,
        network=network,
        weights=weights,
        header=header,
        writer=save.__name__,
        about="architecture" if request.param == "digits" else "network",
    )


def refused(kind, said, error=CheckpointError):
    with pytest.raises(error, match=said):
        kind.load()


def test_what_was_saved_is_loaded(kind):
    before = torch.get_rng_state()
    loaded = kind.load().state_dict()
    assert torch.equal(torch.get_rng_state(), before)  # a student's own draws stay what they are
    assert all(torch.allclose(loaded[name].float(), value.float()) for name, value in kind.weights.items())


def test_a_missing_file_and_a_name_that_does_not_ship(kind):
    kind.path.unlink()
    refused(
        kind,
        rf"there is no file .*mine.safetensors; {kind.writer}\(\w+, path\) writes one",
        FileNotFoundError,
    )
    with pytest.raises(FileNotFoundError, match="'checkpoints/.*unheard-of.*' should ship with the course"):
        kind.load("unheard-of")


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.999])
def test_a_file_that_is_cut_short_is_called_damaged(kind, share):
    content = kind.path.read_bytes()
    kind.path.write_bytes(content[: int(share * len(content))])
    refused(kind, "mine.safetensors is damaged, or no safetensors file")


def test_tensors_of_somebody_else_and_of_the_other_kinds(kind):
    save_file({"w": torch.zeros(3)}, kind.path)
    refused(kind, rf"{kind.writer}\(\w+, path\) did not write it\.$")
    for name in set(SHIPPED) - {kind.name}:
        with pytest.raises(CheckpointError, match=f"did not write it .*format 'course_utils.{name}'"):
            kind.load(runtime.shipped(SHIPPED[name]))


def test_a_newer_version(kind):
    kind.write(version="9")
    refused(kind, "is of version 9, and this course_utils reads version 1")


def test_headers_that_name_no_network_or_another_one(kind):
    kind.write(**{kind.about: None})
    refused(kind, f"does not say which network it holds: there is no '{kind.about}' in its header")
    if kind.name == "digits":
        wrong = ["mlp", "transformer", ""]
    else:
        settings = json.loads(kind.header["network"])
        wrong = [json.dumps(settings | {"latent_dim": n}) for n in (5, 0, "many", None)]
        wrong += ["{", "[1]", "", json.dumps(settings | {"colour": 1})]
    for header in wrong:
        kind.write(**{kind.about: header})
        refused(kind, "does not hold the network that its header names")


def test_other_weights_under_the_right_header(kind):
    name = next(name for name in kind.weights if name.endswith("weight"))
    kind.write({**kind.weights, name: torch.zeros(7)})
    refused(kind, rf"(?s)does not hold the network that its header names.*{name}")
    kind.write({other: value for other, value in kind.weights.items() if other != name})
    refused(kind, rf"(?s)does not hold the network that its header names.*{name}")


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_weights_that_are_not_finite_are_named(kind, value):
    name = next(name for name in kind.weights if name.endswith("weight"))
    kind.weights[name].view(-1)[0] = value
    kind.write()
    refused(
        kind,
        f"mine.safetensors: 1 of the .* numbers of {name} are NaN or infinite; it was saved from a training",
    )


def test_a_weight_too_large_for_half_precision_is_not_saved_as_infinite(kind):
    before = kind.path.read_bytes()
    with torch.no_grad():
        next(kind.network.parameters()).view(-1)[0] = 1e6
    with pytest.raises(ValueError, match=r"in float16: 1 of the .* NaN or infinite"):
        kind.save()
    assert kind.path.read_bytes() == before


def test_a_full_disk_leaves_the_old_file(kind, full_disk):
    before = kind.path.read_bytes()
    with full_disk(len(before) // 2), pytest.raises(OSError, match=r"cannot be written .* is as it was"):
        kind.save()
    assert kind.path.read_bytes() == before
    assert list(kind.path.parent.iterdir()) == [kind.path]
