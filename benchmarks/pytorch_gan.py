"""The peer of our benchmarks: PyTorch-GAN's gan.py, dcgan.py, wgan.py and wgan_gp.py, rebuilt line by line.

github.com/eriklindernoren/PyTorch-GAN (MIT), the most copied GAN code for MNIST. What one of its steps does is here as
it does it: where it detaches and where it forgets to, its order of the players, its losses from probabilities, its
random numbers from NumPy, its ``.item()`` at every report. Its data come through torchvision's chain of Pillow
pictures, which is rebuilt here as well, because torchvision is no part of this project.

Each peer's ``step`` can be given its minibatch, so that another implementation can be compared with it.
"""

import itertools

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

BATCH, LATENT, PIXELS = 64, 100, 784


class Digits(torch.utils.data.Dataset):
    """torchvision.datasets.MNIST with Compose([Resize(28), ToTensor(), Normalize([0.5], [0.5])])."""

    def __init__(self, pixels: np.ndarray, labels: np.ndarray):
        self.data, self.targets = torch.tensor(pixels), torch.tensor(labels)

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        picture, target = Image.fromarray(self.data[index].numpy()), int(self.targets[index])
        # Resize leaves a picture of the right size alone. ToTensor:
        image = torch.from_numpy(np.array(picture, np.uint8, copy=True))
        image = image.view(picture.size[1], picture.size[0], 1).permute((2, 0, 1)).contiguous()
        image = image.to(dtype=torch.get_default_dtype()).div(255)
        # Normalize:
        image = image.clone()
        mean, std = (torch.as_tensor([0.5], dtype=image.dtype) for _ in range(2))
        if (std == 0).any():
            raise ValueError("standard deviation of zero")
        return image.sub_(mean.view(-1, 1, 1)).div_(std.view(-1, 1, 1)), target


class Generator(nn.Module):
    def __init__(self):
        super().__init__()

        def block(n_in, n_out, normalize=True):
            layers = [nn.Linear(n_in, n_out)]
            if normalize:
                layers.append(nn.BatchNorm1d(n_out, 0.8))
            return [*layers, nn.LeakyReLU(0.2, inplace=True)]

        self.model = nn.Sequential(
            *block(LATENT, 128, normalize=False),
            *block(128, 256),
            *block(256, 512),
            *block(512, 1024),
            nn.Linear(1024, PIXELS),
            nn.Tanh(),
        )

    def forward(self, z: Tensor) -> Tensor:
        return self.model(z).view(-1, 1, 28, 28)


class Discriminator(nn.Module):
    def __init__(self, *, sigmoid: bool):
        super().__init__()
        self.model = nn.Sequential(
            nn.Linear(PIXELS, 512),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Linear(512, 256),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Linear(256, 1),
            *([nn.Sigmoid()] if sigmoid else []),
        )

    def forward(self, images: Tensor) -> Tensor:
        return self.model(images.view(images.size(0), -1))


class Peer:
    """What the three scripts share: networks, data, latents. ``cycle`` is how many steps make one turn of the game."""

    sigmoid, cycle = False, 5

    def __init__(self, pixels: np.ndarray, labels: np.ndarray, seed: int = 0):
        torch.manual_seed(seed)
        np.random.seed(seed)  # noqa: NPY002 - as the scripts draw
        self.generator, self.discriminator = self.make_networks()
        self.optimizer_G, self.optimizer_D = (
            self.optimizer(network.parameters()) for network in (self.generator, self.discriminator)
        )
        loader = torch.utils.data.DataLoader(Digits(pixels, labels), batch_size=BATCH, shuffle=True)
        self.batches = itertools.chain.from_iterable(itertools.repeat(loader))
        self.count = 0

    def make_networks(self) -> tuple[nn.Module, nn.Module]:
        return Generator(), Discriminator(sigmoid=self.sigmoid)

    def optimizer(self, parameters):
        return torch.optim.Adam(parameters, lr=0.0002, betas=(0.5, 0.999))

    @torch.no_grad()
    def sample(self, n: int, seed: int) -> Tensor:
        """Pictures as the scripts save them: by the generator as it is, in training mode."""
        return self.generator(torch.randn(n, LATENT, generator=torch.Generator().manual_seed(seed)))

    def latents(self, n: int = BATCH) -> Tensor:
        numbers = np.random.normal(0, 1, (n, LATENT))  # noqa: NPY002
        return torch.as_tensor(numbers, dtype=torch.get_default_dtype())

    def step(self, images: Tensor | None = None, z: Tensor | None = None, **given: Tensor) -> str:
        """One pass of the inner loop, on the next minibatch or on a given one; returns the line that it would print."""
        self.count += 1
        real = next(self.batches)[0] if images is None else images  # the last of an epoch may be smaller
        return self.train(real, self.latents(len(real)) if z is None else z, **given)

    def train(self, real: Tensor, z: Tensor) -> str:
        raise NotImplementedError


class Gan(Peer):
    """gan.py: both players move from the same position, on one minibatch of generated pictures."""

    sigmoid, cycle = True, 1
    adversarial_loss = nn.BCELoss()

    def train(self, real: Tensor, z: Tensor) -> str:
        valid, fake = torch.ones(len(real), 1, dtype=real.dtype), torch.zeros(len(real), 1, dtype=real.dtype)
        self.optimizer_G.zero_grad()
        made = self.generator(z)
        g_loss = self.adversarial_loss(self.discriminator(made), valid)
        g_loss.backward()
        self.optimizer_G.step()

        self.optimizer_D.zero_grad()
        real_loss = self.adversarial_loss(self.discriminator(real), valid)
        fake_loss = self.adversarial_loss(self.discriminator(made.detach()), fake)
        d_loss = (real_loss + fake_loss) / 2
        d_loss.backward()
        self.optimizer_D.step()
        return f"[D loss: {d_loss.item():f}] [G loss: {g_loss.item():f}]"


class Dcgan(Gan):
    """dcgan.py at 28 x 28: its 32 x 32 ends in maps of 2 x 2, and so does this."""

    def make_networks(self):
        def generator_block(n_in, n_out):
            convolution = nn.Conv2d(n_in, n_out, 3, stride=1, padding=1)
            return [nn.Upsample(scale_factor=2), convolution, nn.BatchNorm2d(n_out, 0.8), nn.LeakyReLU(0.2)]

        def discriminator_block(n_in, n_out, normalize=True):
            layers = [nn.Conv2d(n_in, n_out, 3, 2, 1), nn.LeakyReLU(0.2), nn.Dropout2d(0.25)]
            return [*layers, *([nn.BatchNorm2d(n_out, 0.8)] if normalize else [])]

        generator = nn.Sequential(
            nn.Linear(LATENT, 128 * 7**2),
            nn.Unflatten(1, (128, 7, 7)),
            nn.BatchNorm2d(128),
            *generator_block(128, 128),
            *generator_block(128, 64),
            nn.Conv2d(64, 1, 3, stride=1, padding=1),
            nn.Tanh(),
        )
        discriminator = nn.Sequential(
            *discriminator_block(1, 16, normalize=False),
            *discriminator_block(16, 32),
            *discriminator_block(32, 64),
            *discriminator_block(64, 128),
            nn.Flatten(),
            nn.Linear(128 * 2**2, 1),
            nn.Sigmoid(),
        )
        for module in [*generator.modules(), *discriminator.modules()]:
            if isinstance(module, nn.Conv2d):
                nn.init.normal_(module.weight, 0.0, 0.02)
            elif isinstance(module, nn.BatchNorm2d):
                nn.init.normal_(module.weight, 1.0, 0.02)
        return generator, discriminator


class Wgan(Peer):
    """wgan.py: the critic at every step, the generator at every fifth."""

    def optimizer(self, parameters):
        return torch.optim.RMSprop(parameters, lr=0.00005)

    def train(self, real: Tensor, z: Tensor) -> str:
        self.optimizer_D.zero_grad()
        made = self.generator(z).detach()
        d_loss = -torch.mean(self.discriminator(real)) + torch.mean(self.discriminator(made))
        d_loss.backward()
        self.optimizer_D.step()
        for parameter in self.discriminator.parameters():
            parameter.data.clamp_(-0.01, 0.01)
        return self.move_generator(z, d_loss) if self.count % self.cycle == 0 else ""

    def move_generator(self, z: Tensor, d_loss: Tensor) -> str:
        self.optimizer_G.zero_grad()
        g_loss = -torch.mean(self.discriminator(self.generator(z)))
        g_loss.backward()
        self.optimizer_G.step()
        return f"[D loss: {d_loss.item():f}] [G loss: {g_loss.item():f}]"


class WganGp(Wgan):
    """wgan_gp.py: as wgan.py, with a gradient penalty. (Its critic's steps pass gradients on to the generator.)"""

    optimizer = Peer.optimizer

    def train(self, real: Tensor, z: Tensor, alpha: Tensor | None = None) -> str:
        self.optimizer_D.zero_grad()
        made = self.generator(z)
        penalty = self.gradient_penalty(real.data, made.data, alpha)
        d_loss = -torch.mean(self.discriminator(real)) + torch.mean(self.discriminator(made)) + 10 * penalty
        d_loss.backward()
        self.optimizer_D.step()
        return self.move_generator(z, d_loss) if self.count % self.cycle == 0 else ""

    def gradient_penalty(self, real: Tensor, made: Tensor, alpha: Tensor | None) -> Tensor:
        if alpha is None:
            alpha = torch.as_tensor(np.random.random((len(real), 1, 1, 1)), dtype=real.dtype)  # noqa: NPY002
        between = (alpha * real + (1 - alpha) * made).requires_grad_(True)
        scores = self.discriminator(between)
        (gradients,) = torch.autograd.grad(
            outputs=scores,
            inputs=between,
            grad_outputs=torch.ones_like(scores),
            create_graph=True,
            retain_graph=True,
        )
        return ((gradients.view(len(real), -1).norm(2, dim=1) - 1) ** 2).mean()
