"""The variational autoencoder (L2): a decoder that makes data from latents, an encoder that guesses the latents back.

    log p(x) = ELBO(x) + KL(q(z|x) || p(z|x)),     ELBO(x) = E_q[log p(x|z)] - KL(q(z|x) || p(z))

What lives where:

    model         ``VAE``: encoder, decoder, and the two likelihoods
    bounds        ``elbo``, ``gaussian_kl``, ``importance_weighted_bound``; for two latents, ``log_evidence_on_grid``
                  and ``kl_to_posterior``
    trainer       ``VAERecipe``, ``RECIPES``, ``VAETrainer``: on the one loop of :mod:`course_utils.training`
    adversarial   ``AAETrainer``: a discriminator of latents in the place of the KL term
    pretrained    ``load_vae``: trained ones that ship
"""

from course_utils.vae.adversarial import AAE_RECIPES, PRIORS, AAERecipe, AAETrainer
from course_utils.vae.bounds import (
    Evidence,
    elbo,
    gaussian_kl,
    importance_weighted_bound,
    kl_to_posterior,
    log_evidence_on_grid,
)
from course_utils.vae.model import LIKELIHOODS, VAE, Posterior
from course_utils.vae.pretrained import load_vae, save_vae
from course_utils.vae.trainer import RECIPES, VAERecipe, VAETrainer, binarise

__all__ = [
    "AAE_RECIPES",
    "LIKELIHOODS",
    "PRIORS",
    "RECIPES",
    "VAE",
    "AAERecipe",
    "AAETrainer",
    "Evidence",
    "Posterior",
    "VAERecipe",
    "VAETrainer",
    "binarise",
    "elbo",
    "gaussian_kl",
    "importance_weighted_bound",
    "kl_to_posterior",
    "load_vae",
    "log_evidence_on_grid",
    "save_vae",
]
