"""FLUX pictures with styles and LoRAs: a registry of styles, one picture or many, saved by style."""

from coach.flux.asking import Options
from coach.flux.generate import Flux
from coach.flux.history import history
from coach.flux.made import Failure, Outcome, Picture
from coach.flux.styles import Style, Styles

__all__ = ["Failure", "Flux", "Options", "Outcome", "Picture", "Style", "Styles", "history"]
