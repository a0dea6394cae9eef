import pytest
from hydra import compose, initialize_config_dir

from vsr.overrides import quoted

TEXTS = ["runs/pixel", "null", "5", "", " a ", "it's", "a (2)", "[x]", "größe", "a,b", "adv=0.1", "~/x", 'say "hi"']
TEXTS += ["a\\b", "a\\", "a\\'b", "${x}", "a\\${x}", "a\\\\${x}/"]


@pytest.mark.parametrize("text", TEXTS)
def test_hydra_reads_the_very_text_alone_and_in_a_list(tmp_path, text):
    (tmp_path / "config.yaml").write_text("alone: ''\nlisted: []\n")
    with initialize_config_dir(str(tmp_path), version_base="1.3"):
        found = compose("config", [f"alone={quoted(text)}", f"listed=[{quoted(text)},b]"])
    assert (found.alone, list(found.listed)) == (text, [text, "b"])


def test_a_plain_path_is_not_quoted():
    assert quoted("/data/runs/pixel-1.2") == "/data/runs/pixel-1.2"
