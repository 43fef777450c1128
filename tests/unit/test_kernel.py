"""The fast lane's kernel: torch's arithmetic, the same in any company, refused where it is wrong, never needed."""

import hashlib
import re
import shutil
import subprocess
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.cli.main import main
from streams.scorers import Config, ScorerUnavailable
from streams.scorers.detoxify import open_detoxify
from streams.scorers.transformer import flat
from streams.scorers.transformer.affine import int8
from streams.scorers.transformer.kernel import building
from streams.scorers.transformer.kernel.layers import Kernel
from streams.scorers.transformer.parts import parts_of
from tests.support.checkpoints import WORDS, detoxify_of, model_of, tokenizer_of
from tests.support.compiler import needed_compiler, needed_processor

MODELS = ["original", "unbiased", "multilingual", "original-small"]
TEXTS = ["you are a stupid liar", "thank you", "goal", "you " * 10, " ".join(WORDS[:9]), "ZZZ 12! " * 5, "é ü 漢字 🙂"]
LENGTHS = [1, 2, 3, 11, 12, 13, 15, 16, 17, 24, 31, 32, 33, 48, 63, 64, 65, 100]

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the kernel in it, built by the command."""
    needed_compiler()
    needed_processor()
    folder = tmp_path_factory.mktemp("models")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("THREADWATCH_SCORING__MODELS", str(folder))
        assert main(["models", "build"]) == 0
    return folder


@pytest.fixture(scope="module")
def kernel(models: Path) -> str:
    return building.built(models)


@pytest.fixture(scope="module", params=["none", "tanh"])
def layers(kernel: str, made: Any, request: pytest.FixtureRequest) -> tuple[flat.Layers, flat.Layers]:
    """Return a wide layer with each GELU by torch and by the kernel: heads of 64, a width that fills no panel, norms of its own."""
    import torch

    model = model_of("bert", tokenizer_of("bert"), 6, hidden_size=192 + 16 * 12, num_hidden_layers=1, num_attention_heads=3,
                     intermediate_size=784, initializer_range=0.2)  # fmt: skip
    for name, values in model.named_parameters():
        if "LayerNorm" in name or "bias" in name:
            values.data.add_(torch.randn(values.shape) * 0.3)
    parts = parts_of(model)._replace(gelu=request.param)
    return flat.in_torch(int8)(parts), Kernel(kernel).layers(parts)


def rows_of(lengths: list[int]) -> tuple[Any, list[tuple[int, int]]]:
    """Return tokens as they come to a layer, some far louder than others, and where each text begins and ends."""
    import torch

    torch.manual_seed(sum(lengths))
    hidden = torch.randn(sum(lengths), 384) * torch.logspace(-3, 3, sum(lengths))[torch.randperm(sum(lengths))][:, None]
    return hidden, list(pairwise((0, *accumulate(lengths))))


@pytest.mark.parametrize("which", ["whole", "first"])
def test_a_layer_is_torch_s_at_every_length(which: str, layers: Any) -> None:
    """The sums of bytes are the same to the last bit; what comes between is fp32, and may turn single bytes by one."""
    import torch

    for lengths in (LENGTHS, [512], [1], [1] * 13):
        hidden, spans = rows_of(lengths)
        with torch.inference_mode():
            torchs, ours = (getattr(layer, which)(hidden, spans) for layer in layers)
        apart = (torchs - ours).abs()
        assert torchs.shape == ours.shape
        assert apart.median() < 1e-5
        assert apart.max() < 0.05


@settings(max_examples=15)
@given(lengths=st.lists(st.sampled_from(LENGTHS), min_size=2, max_size=8))
def test_a_layer_gives_each_text_the_same_bits_in_any_company(lengths: list[int], layers: Any) -> None:
    import torch

    hidden, spans = rows_of(lengths)
    with torch.inference_mode():
        together = layers[1].whole(hidden, spans)
        firsts = layers[1].first(hidden, spans)
        for number, (start, end) in enumerate(spans):
            alone, span = hidden[start:end], [(0, end - start)]
            assert torch.equal(together[start:end], layers[1].whole(alone, span))
            assert torch.equal(firsts[number : number + 1], layers[1].first(alone, span))


@pytest.mark.parametrize("model", MODELS)
def test_each_model_scores_in_it_as_in_torch(model: str, kernel: str, made: Any) -> None:
    ours, torchs = (open_detoxify(f"{model}:fast", local=made(model), device="cpu", kernel=each) for each in (kernel, ""))
    assert f".int8-vnni-{building.digest()}.cpu" in ours.name
    assert torchs.name.endswith(".int8.cpu")
    pairs = [(one.labels, other.labels) for one, other in zip(ours.score(TEXTS), torchs.score(TEXTS), strict=True)]
    apart = [abs(one[label] - other[label]) for one, other in pairs for label in one]
    assert max(apart) < 0.01
    assert ours.score(TEXTS) == [ours.score([text])[0] for text in TEXTS]


def test_processes_compute_in_it_what_one_does(models: Path, kernel: str, made: Any) -> None:
    """``scoring.models`` is where a worker finds it."""
    several = open_detoxify("original:fast", Config(processes=2, remember=0, models=str(models)), made("original"), "cpu")
    here = open_detoxify("original:fast", local=made("original"), device="cpu", kernel=kernel)
    assert (several.name, several.score(TEXTS)) == (here.name, here.score(TEXTS))
    several.close()


def noted(library: Path) -> None:
    """Note what it is, as building does."""
    library.chmod(0o755)
    library.with_suffix(".sha256").write_text(hashlib.sha256(library.read_bytes()).hexdigest())


@pytest.mark.parametrize("which", ["cut off", "changed", "of others", "in a folder of others", "never built"])
def test_a_library_that_is_not_as_it_was_built_is_not_loaded(models: Path, tmp_path: Path, which: str) -> None:
    shutil.copytree(models / "kernel", tmp_path / "kernel")
    library = building.place(tmp_path)
    building.check(library)
    bits = library.read_bytes()
    if which == "never built":
        library.with_suffix(".sha256").unlink()
    elif which in ("cut off", "changed"):
        library.write_bytes(bits[: len(bits) // 2] if which == "cut off" else bits + b"\0")
    else:
        (library if which == "of others" else library.parent).chmod(0o777)
    with pytest.raises(ScorerUnavailable, match=r"not as it was built: threadwatch models|could be written by others than this user"):
        Kernel(str(library))


def test_a_kernel_that_is_wrong_is_refused_with_its_figures_and_torch_computes(
    made: Any, models: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "wrong.c").write_text("""
long room(void *layer, int tokens, int longest) { return 64; }
void run(void *layers, int count, float *hidden, int *ends, int texts, int first, void *space, float *out) { *out = 0.0f / 0.0f; }
""")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", str(tmp_path / "wrong.so"), str(tmp_path / "wrong.c")], check=True)
    noted(tmp_path / "wrong.so")
    scorer = open_detoxify("original:fast", local=made("original"), device="cpu", kernel=str(tmp_path / "wrong.so"))
    assert scorer.name == open_detoxify("original:fast", local=made("original"), device="cpu").name
    (line,) = caplog.messages
    assert line.startswith("refused for :fast, our kernel: int8 moves scores by up to ")
    monkeypatch.setattr("streams.scorers.transformer.affine._LEVELS", 3)
    with pytest.raises(ScorerUnavailable, match=r"our kernel: int8 moves scores .* torch: int8 moves scores .* leave :fast away"):
        open_detoxify("original:fast", local=made("original"), device="cpu", kernel=str(tmp_path / "wrong.so"))


def test_a_file_that_is_no_kernel_is_refused(made: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "no.so").write_bytes(b"no library")
    noted(tmp_path / "no.so")
    assert open_detoxify("original:fast", local=made("original"), device="cpu", kernel=str(tmp_path / "no.so")).name.endswith(".int8.cpu")
    assert "no.so is no kernel (OSError); threadwatch models build makes it again" in caplog.text


@pytest.mark.parametrize(
    ("compiler", "said"),
    [
        ("no-such-compiler", "there is no C compiler 'no-such-compiler': install gcc or clang"),
        ("false", "false cannot build the kernel: exit code 1"),
        ("cc -include no-such-header.h", "cannot build the kernel: .*no-such-header.h"),
    ],
)
def test_what_cannot_be_built_is_one_line(
    compiler: str, said: str, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setenv("CC", compiler)
    monkeypatch.setenv("THREADWATCH_SCORING__MODELS", str(tmp_path))
    assert main(["models", "build"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert re.search(said, line)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_processor_without_the_instructions_is_told(tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text("processor : 0\nflags\t\t: fpu avx2 avx512f fma\n")
    assert building.lacking(tmp_path / "cpuinfo") == "avx512bw, avx512dq, avx512vl, avx512_vnni"
    assert building.lacking(tmp_path / "nowhere") == "Linux on x86-64"


def test_for_an_image_it_is_built_where_it_cannot_run_and_is_not_taken_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    needed_compiler()
    monkeypatch.setenv("THREADWATCH_SCORING__MODELS", str(tmp_path))
    monkeypatch.setattr(building, "lacking", lambda: "avx512_vnni")
    assert main(["models", "build"]) == 2
    assert "not for this machine (avx512_vnni is missing)" in capsys.readouterr().err
    assert main(["models", "build", "--anywhere"]) == 0
    building.check(building.place(tmp_path))
    assert building.built(tmp_path) == ""


def test_a_kernel_of_another_source_is_not_taken(models: Path, tmp_path: Path) -> None:
    (tmp_path / "kernel").mkdir()
    shutil.copy(building.place(models), tmp_path / "kernel" / "0badc0de.so")
    assert building.built(tmp_path) == ""
    assert Path(building.built(models)).samefile(building.place(models))


def test_a_model_with_odd_heads_is_left_to_torch(kernel: str, made: Any) -> None:
    model = detoxify_of(made("original")).model
    parts = parts_of(model)._replace(heads=4)
    with pytest.raises(ScorerUnavailable, match="heads of multiples of 16, the model has 4 heads in 32"):
        Kernel(kernel).layers(parts)
