"""What a FLUX workflow must be, node by node, written down from the rules alone.

Source: seed 004 (order of the LoRAs, multipliers, ten slots, FILM-V3-FLUX, 1360x768, 20 steps, seed -1), the
V4 workflow it speaks of (its nodes, their numbers and how they are wired), and the node definitions of
ComfyUI, ComfyUI-Easy-Use and ComfyUI-TeaCache. It takes nothing from ``coach.studio.comfy``.
"""

from fractions import Fraction
from typing import Any

FILM = "FILM-V3-FLUX"
KONTEXT = "flux-kontext"


def exact(number: float) -> Fraction:
    return Fraction(repr(number))


def stacked(wanted: dict[str, Any]) -> list[tuple[str, float]]:
    """Style, then characters, then film; what is asked for times the multiplier."""
    found: list[tuple[str, float]] = []
    characters = wanted["characters"]
    if wanted["style"]:
        found.append(wanted["style"])
    if len(characters) == 1:
        by, film_by = Fraction("0.85"), Fraction("0.95")
    elif len(characters) == 2:
        by, film_by = Fraction("0.75"), Fraction("0.85")
    elif len(characters) >= 3:
        by, film_by = Fraction("0.65"), Fraction("0.75")
    else:
        by, film_by = Fraction(1), Fraction(1)
    found += [(name, float(exact(strength) * by)) for name, strength in characters]
    if wanted["film"] is not None:
        found.append((FILM, float(exact(wanted["film"]) * film_by)))
    return [(name if name.endswith(".safetensors") else name + ".safetensors", at) for name, at in found]


def tea(version: str, template: str) -> tuple[str, dict[str, Any]] | None:
    """What a version's node is called, and is given beside the model."""
    kontext = template == "flux_reference"
    if version == "off":
        return None
    if version in ("1.2.0", "1.3.1"):
        return None if kontext else ("TeaCacheForImgGen", {"model_type": "flux", "rel_l1_thresh": 0.2})
    given: dict[str, Any] = {"model_type": KONTEXT if kontext else "flux", "rel_l1_thresh": 0.2}
    if version in ("1.4.0", "1.5.1"):
        given |= {"max_skip_steps": 1}
    if version in ("1.6", "1.7.0", "1.9", "1.9.0"):
        given |= {"start_percent": 0.0, "end_percent": 1.0}
    if version in ("1.7.0", "1.9", "1.9.0"):
        given |= {"cache_device": "cuda"}
    if kontext and not version.startswith("1.9"):
        return None
    return "TeaCache", given


def expected(wanted: dict[str, Any]) -> dict[str, tuple[str, dict[str, Any]]]:
    """By node: its class and its inputs."""
    template, width, height = wanted["template"], wanted["width"], wanted["height"]
    loras, cache = stacked(wanted), tea(wanted["teacache"], template)
    model, clip = (["40", 0], ["40", 1]) if loras else (["1", 0], ["3", 0])
    nodes: dict[str, tuple[str, dict[str, Any]]] = {
        "1": ("UNETLoader", {"unet_name": wanted["unet"], "weight_dtype": "fp8_e4m3fn"}),
        "2": ("VAELoader", {"vae_name": "flux-dev-vae.safetensors"}),
        "3": (
            "DualCLIPLoader",
            {
                "clip_name1": "clip_l.safetensors",
                "clip_name2": "t5xxl_fp8.safetensors",
                "type": "flux",
                "device": "default",
            },
        ),
        "6": ("CLIPTextEncode", {"text": wanted["prompt"], "clip": clip}),
        "8": ("VAEDecode", {"samples": ["13", 0], "vae": ["2", 0]}),
        "16": ("KSamplerSelect", {"sampler_name": "euler"}),
        "22": ("BasicGuider", {"model": ["30", 0], "conditioning": ["26", 0]}),
        "25": ("RandomNoise", {"noise_seed": wanted["seed"]}),
        "38": ("SaveImage", {"filename_prefix": "output", "images": ["8", 0]}),
    }
    if loras:
        inputs: dict[str, Any] = {"toggle": True, "mode": "simple", "num_loras": len(loras)}
        for slot in range(1, 11):
            name, strength = loras[slot - 1] if slot <= len(loras) else ("None", 1)
            inputs[f"lora_{slot}_name"] = name
            inputs[f"lora_{slot}_strength"] = strength
            inputs[f"lora_{slot}_model_strength"] = strength
            inputs[f"lora_{slot}_clip_strength"] = strength
        nodes["43"] = ("easy loraStack", inputs)
        apply = {"lora_stack": ["43", 0], "model": ["1", 0], "optional_clip": ["3", 0]}
        nodes["40"] = ("easy loraStackApply", apply)
    if cache:
        nodes["41"] = (cache[0], {"model": model, **cache[1]})
        model = ["41", 0]
    shift = {"max_shift": 1.15, "base_shift": 0.5, "width": width, "height": height, "model": model}
    nodes["30"] = ("ModelSamplingFlux", shift)
    denoise = wanted["denoise"] if template == "flux_image" else 1
    schedule = {"scheduler": "simple", "steps": wanted["steps"], "denoise": denoise, "model": ["30", 0]}
    nodes["17"] = ("BasicScheduler", schedule)
    latent, conditioning = pictures(wanted, nodes)
    nodes["26"] = ("FluxGuidance", {"conditioning": conditioning, "guidance": wanted["guidance"]})
    sampled = {"noise": ["25", 0], "guider": ["22", 0], "sampler": ["16", 0], "sigmas": ["17", 0]}
    nodes["13"] = ("SamplerCustomAdvanced", {**sampled, "latent_image": latent})
    return nodes


def pictures(wanted: dict[str, Any], nodes: dict[str, Any]) -> tuple[list[Any], list[Any]]:
    """What the sampler begins with and what guides it; the nodes of what goes along are added."""
    width, height, count = wanted["width"], wanted["height"], wanted["count"]
    if wanted["template"] == "flux_image":
        nodes["50"] = ("LoadImage", {"image": wanted["images"][0]})
        scaled = {"upscale_method": "lanczos", "width": width, "height": height, "crop": "center"}
        nodes["51"] = ("ImageScale", {"image": ["50", 0], **scaled})
        nodes["52"] = ("VAEEncode", {"pixels": ["51", 0], "vae": ["2", 0]})
        nodes["53"] = ("RepeatLatentBatch", {"samples": ["52", 0], "amount": count})
        return ["53", 0], ["6", 0]
    nodes["27"] = ("EmptySD3LatentImage", {"width": width, "height": height, "batch_size": count})
    before = ["6", 0]
    for position, name in enumerate(wanted["images"]):
        load, scale, encode, refer = (str(base + 10 * position) for base in (50, 51, 52, 53))
        nodes[load] = ("LoadImage", {"image": name})
        nodes[scale] = ("FluxKontextImageScale", {"image": [load, 0]})
        nodes[encode] = ("VAEEncode", {"pixels": [scale, 0], "vae": ["2", 0]})
        nodes[refer] = ("ReferenceLatent", {"conditioning": before, "latent": [encode, 0]})
        before = [refer, 0]
    return ["27", 0], before
