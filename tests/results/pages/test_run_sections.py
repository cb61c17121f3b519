"""Numbers of a run have names for people."""

from results.pages.run_sections import label


def test_numbers_have_names_for_people() -> None:
    assert label("val_loss") == "validation loss" and label("gradient_norm") == "gradient norm"
    assert label("best_val_wer/unipen-texts") == "best validation word error rate, unipen-texts"
